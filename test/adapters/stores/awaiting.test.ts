/** A process that waits for events receives the commits of another process. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createSqliteStore } from 'decidable/sqlite';
import { decision, envelope } from './commands.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-awaiting-'));
after(() => rmSync(folder, { recursive: true }));

/** Starts a process that waits in this way. Appends each event when the process has received the previous one. */
async function appendToWaiter(way: string, events: number): Promise<void> {
  const file = join(folder, `${way}.db`);
  await using store = createSqliteStore({ file });
  const program = fileURLToPath(new URL('processes/watcher.ts', import.meta.url));
  const args = ['--disable-warning=ExperimentalWarning', program, file, String(events), way];
  const watcher = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(watcher, 'close');
  const lines = createInterface({ input: watcher.stdout })[Symbol.asyncIterator]();
  assert.equal((await lines.next()).value, 'ready');
  for (let index = 0; index < events; index++) {
    const { firstPosition } = await store.append('s-1', [envelope('Happened')], { tag: 'any' }, decision());
    assert.equal((await lines.next()).value, String(firstPosition));
  }
  assert.deepEqual(await ended, [0, null]);
}

describe('a process that waits for events', () => {
  test('receives each commit before the next one through file system events, without the slow poll', () =>
    appendToWaiter('reports', 20));

  test('receives each commit before the next one through the slow poll, if the file system reports nothing', () =>
    appendToWaiter('polls', 3));
});
