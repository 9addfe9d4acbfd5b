/**
 * One of several processes that run the system of `sums.ts` on one SQLite file: `member.ts <file> <lease> <role>`.
 *
 * | role | |
 * |---|---|
 * | `run` | runs the processors, and reports each page |
 * | `pause` | the same; at the deposit `PAUSED` it reports `paused` and does nothing for a while |
 * | `rebuild` | rebuilds the read model, and reports its progress |
 */
import { writeSync } from 'node:fs';
import { createSqliteStore } from 'decidable/sqlite';
import { sumsOf } from './sums.ts';

export const PAUSED = 1_234;
const PAUSE = 3_000;

if (process.argv[1] === import.meta.filename) {
  const [, , file = '', lease = '', role = ''] = process.argv;
  const report = (...words: readonly (string | bigint)[]): void => void writeSync(1, `${words.join(' ')}\n`);
  const { sums, system } = sumsOf(({ amount }) => {
    if (amount !== PAUSED || role !== 'pause') return;
    report('paused');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
  });
  const store = createSqliteStore({ file, busyTimeout: 60_000, durability: 'normal' });
  const running = await system.start({
    store,
    lease: Number(lease),
    process: role !== 'rebuild',
    observer: { processed: (_processor, events, checkpoint) => report('processed', String(events), checkpoint) },
  });
  report('started');
  process.once('SIGTERM', async () => {
    await running.stop();
    await store.close();
  });
  if (role === 'rebuild') {
    await running.rebuild(sums, { onProgress: ({ position, head }) => report('progress', position, head) });
    report('rebuilt');
  }
}
