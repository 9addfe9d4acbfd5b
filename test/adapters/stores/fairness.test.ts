/**
 * A process that writes rarely is not starved by a process that writes without a pause to the same streams of one file.
 */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createSqliteStore } from 'decidable/sqlite';
import { verifyChain } from 'decidable/storage';
import { COUNTERS } from './fairness/counter.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-fairness-'));
after(() => rmSync(folder, { recursive: true }));

const COMMANDS = 30;

function start(program: string, ...args: readonly string[]): ChildProcessByStdio<Writable, Readable, null> {
  const path = fileURLToPath(new URL(`fairness/${program}.ts`, import.meta.url));
  const flags = ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'];
  return spawn(process.execPath, [...flags, path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

test('no command of a rare writer fails within its deadline while another process writes without a pause', async () => {
  const file = join(folder, 'counters.db');
  const busy = start('busy-writer', file);
  const ended = once(busy, 'close');
  try {
    await once(busy.stdout, 'data');
    const rare = start('rare-writer', file, String(COMMANDS));
    assert.deepEqual(JSON.parse(await text(rare.stdout)), { accepted: COMMANDS });
  } finally {
    busy.stdin.end();
  }
  const sent = Number((await text(busy.stdout)).trim());
  assert.deepEqual(await ended, [0, null], 'no command of the busy writer failed either');
  assert.ok(sent > 10 * COMMANDS, `the busy writer was busy: it sent ${sent} commands`);

  await using store = createSqliteStore({ file });
  const commits = sent + COMMANDS;
  assert.deepEqual(await verifyChain(store), { intact: true, streams: COUNTERS.length, commits });
});
