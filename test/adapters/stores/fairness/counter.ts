/** A decider that counts, and the seven streams to which the processes of the fairness test send commands. */
import { defineDecider } from 'decidable';
import { z } from 'zod';

export const counter = defineDecider({
  name: 'counter',
  version: '1.0.0',
  state: z.object({ value: z.int() }),
  commands: { Count: z.object({ stream: z.string() }) },
  events: { Counted: z.object({ value: z.int() }) },
  streamId: (command) => command.data.stream,
  initialState: { value: 0 },
  evolve: {
    Counted: (draft, { value }) => {
      draft.value = value;
    },
  },
  decide: { Count: (state) => [{ type: 'Counted', data: { value: state.value + 1 } }] },
});

export const STREAMS: readonly string[] = Array.from({ length: 7 }, (_, index) => `counter-${index}`);
