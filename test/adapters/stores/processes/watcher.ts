/**
 * Waits for events that another process appends: `watcher.ts file count [reports|polls]`. It prints the position of
 * each event as soon as it reads it. With `reports`, the slow poll never fires. With `polls`, the file system reports
 * nothing.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const [, , file = '', count, way] = process.argv;
const { setInterval } = globalThis;
if (way === 'reports') {
  globalThis.setInterval = (() => setInterval(() => {}, 2 ** 30)) as unknown as typeof setInterval;
}
if (way === 'polls') {
  fs.watch = () => {
    throw new Error('this file system sends no notifications');
  };
  syncBuiltinESMExports();
}

// The store reads these functions when it is loaded.
const { createSqliteStore } = await import('../../../../src/adapters/stores/sqlite/index.ts');
const { subscribe } = await import('../../../../src/core/index.ts');

await using store = createSqliteStore({ file });
process.stdout.write('ready\n');
let left = Number(count);
for await (const { events } of subscribe(store)) {
  for (const { context } of events) process.stdout.write(`${context.position}\n`);
  if ((left -= events.length) <= 0) break;
}
