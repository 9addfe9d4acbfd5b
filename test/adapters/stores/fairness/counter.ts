/** A decider that counts, and the seven counters to which the processes of the fairness test send commands. */
import { defineDecider } from 'decidable';
import { z } from 'zod';

export const counter = defineDecider({
  name: 'counter',
  version: '1.0.0',
  state: z.object({ value: z.int() }),
  commands: { Count: z.object({ counter: z.string() }) },
  events: { Counted: z.object({ value: z.int() }) },
  category: 'counter',
  streamId: (command) => command.data.counter,
  initialState: { value: 0 },
  evolve: {
    Counted: (draft, { value }) => {
      draft.value = value;
    },
  },
  decide: { Count: (state) => [{ type: 'Counted', data: { value: state.value + 1 } }] },
});

export const COUNTERS: readonly string[] = ['0', '1', '2', '3', '4', '5', '6'];
