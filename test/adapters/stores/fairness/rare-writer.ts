/**
 * `rare-writer.ts <file> <commands>`: sends a command every 50 ms to one of the seven streams, with a deadline of one
 * second. It prints as JSON the number of commands that ended with each outcome and each failure.
 */
import { setTimeout } from 'node:timers/promises';
import { createEventSourcer, isCommandFailure } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { COUNTERS, counter } from './counter.ts';

const [, , file = '', commands] = process.argv;
const store = createSqliteStore({ file });
await using sourcer = createEventSourcer({ store, modules: [counter], closeStore: true });

const ends: Record<string, number> = {};
for (let sent = 0; sent < Number(commands); sent++) {
  await setTimeout(50);
  const command = { type: 'Count', data: { counter: COUNTERS[sent % COUNTERS.length]! } } as const;
  const end = await sourcer.dispatch(command, { deadline: BigInt(Date.now() + 1_000) }).then(
    ({ outcome }) => outcome.tag,
    (error: unknown) => (isCommandFailure(error) ? error.code : String(error)),
  );
  ends[end] = (ends[end] ?? 0) + 1;
}
console.log(JSON.stringify(ends));
