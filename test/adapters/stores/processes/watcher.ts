/**
 * Waits for events that another process appends: `watcher.ts file count`. It prints the position of each event as soon
 * as it reads it.
 */

import { createSqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import { subscribe } from '../../../../src/core/index.ts';

const [, , file = '', count] = process.argv;
await using store = createSqliteStore({ file });
process.stdout.write('ready\n');
let left = Number(count);
for await (const { events } of subscribe(store)) {
  for (const { context } of events) process.stdout.write(`${context.position}\n`);
  if ((left -= events.length) <= 0) break;
}
