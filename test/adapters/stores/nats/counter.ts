/** A decider that counts, for tests of commands that are sent over NATS. */
import { defineDecider } from 'decidable';
import { z } from 'zod';

export const counter = defineDecider({
  name: 'test.counter',
  version: '1.0.0',
  state: z.object({ value: z.int() }),
  commands: { Add: z.object({ id: z.string(), by: z.int() }) },
  events: { Added: z.object({ id: z.string(), by: z.int() }) },
  category: 'counter',
  streamId: ({ data }) => data.id,
  initialState: { value: 0 },
  evolve: {
    Added: (state, data) => {
      state.value += data.by;
    },
  },
  decide: { Add: (_state, data) => [{ type: 'Added', data }] },
});
