/**
 * A process is killed repeatedly while it writes one file. Every acknowledged commit is in the file, and no commit is
 * partly in it. For a longer run: `node test/adapters/stores/soak/killing.ts --rounds 1000`.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createSqliteStore } from 'decidable/sqlite';
import { examine, killWriter } from './crash/killing.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-crash-'));
after(() => rmSync(folder, { recursive: true }));

for (const [durability, inFlight] of [
  ['full', 1],
  ['full', 20],
  ['normal', 20],
] as const) {
  test(`a killed writer loses no acknowledged commit: durability ${durability}, ${inFlight} in flight`, async () => {
    const file = join(folder, `${durability}-${inFlight}.db`);
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < 5; round++) {
      const known = await killWriter(file, durability, inFlight, Math.random() * 150);
      for (const [commandId, events] of known) acknowledged.set(commandId, events);
      await examine(file, acknowledged);
    }
    assert.ok(acknowledged.size >= 5);
  });
}

const windows = process.platform === 'win32' && 'Windows has no limit on the size of files';
test('a commit that fails because the log cannot grow leaves nothing in the file', { skip: windows }, async () => {
  const file = join(folder, 'limited.db');
  const program = fileURLToPath(new URL('crash/limited.ts', import.meta.url));
  // `ulimit -f` counts blocks of 512 bytes. This is 1 MB for the log and for the file.
  const { stdout, stderr } = spawnSync(
    'sh',
    ['-c', 'ulimit -f 2048; exec "$@"', 'sh', process.execPath, '--disable-warning=ExperimentalWarning', program, file],
    { encoding: 'utf8' },
  );
  assert.equal(stderr, '');
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  assert.equal(lines.length, 800);
  const outcomes = new Set(lines.map(([, , code]) => code));
  assert.ok(outcomes.delete('appended'));
  assert.deepEqual([...outcomes], ['io']);

  const acknowledged = lines.filter(([, , code]) => code === 'appended');
  await examine(file, new Map(acknowledged.map(([commandId = '', events]) => [commandId, Number(events)])));
  await using store = createSqliteStore({ file });
  for (const [commandId = '', , code] of lines) {
    if (code !== 'appended') assert.equal(await store.findDecision(commandId), undefined);
  }
});
