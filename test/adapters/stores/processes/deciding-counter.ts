/** Does the same as `counter.ts` with the event sourcer: `deciding-counter.ts file increments`. */
import { z } from 'zod';
import { createSqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import { createEventSourcer, defineCommand, defineDecider, defineEvent } from '../../../../src/core/index.ts';

const Count = defineCommand('Count', z.object({ counter: z.string() }));
const Counted = defineEvent('Counted', z.object({ value: z.number() }));
const counter = defineDecider({
  name: 'counter',
  version: '1.0.0',
  state: z.object({ value: z.number() }),
  commands: { Count },
  events: { Counted },
  category: 'counter',
  streamId: (command) => command.data.counter,
  initialState: { value: 0 },
  evolve: {
    Counted: (draft, { value }) => {
      draft.value = value;
    },
  },
  decide: { Count: (state) => [Counted({ value: state.value + 1 })] },
});

const [, , file = '', increments] = process.argv;
const store = createSqliteStore({ file, durability: 'normal', busyTimeout: 600_000 });
// The test causes conflicts on purpose, so no command may give up.
await using sourcer = createEventSourcer({ store, modules: [counter], maxAttempts: 10_000, closeStore: true });
for (let round = 0; round < Number(increments); round++) {
  const counters = ['1', '2', String(process.pid)];
  await Promise.all(counters.map((counter) => sourcer.dispatch(Count({ counter }))));
}
