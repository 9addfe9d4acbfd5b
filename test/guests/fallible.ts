/** A guest whose folds can fail. The state that it received is then lost. */

import { defineDecider } from 'decidable';
import { z } from 'zod';

export const counter = defineDecider({
  name: 'counter',
  version: '1.0.0',
  state: z.object({ count: z.int() }),
  commands: { Count: z.object({}) },
  events: { Counted: z.object({}), Broken: z.object({}) },
  category: 'counter',
  streamId: () => '1',
  initialState: { count: 0 },
  evolve: {
    Counted: (state) => {
      state.count++;
    },
    Broken: () => {
      throw new Error('broken');
    },
  },
  decide: { Count: () => [{ type: 'Counted', data: {} }] },
});
