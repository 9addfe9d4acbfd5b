/** The bank is killed or interrupted in the middle, and started again. It ends as if it had run through. */
import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { readLedger } from '../../../../examples/bank/balances.ts';
import { createSqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import { readEvents } from '../../../../src/core/index.ts';
import { COMMANDS, ended, runBank, startBank, temporaryFolder } from './run-bank.ts';

const ROUNDS = 4;
const SIZE = statSync(COMMANDS).size;

interface Stored {
  readonly ledger: Awaited<ReturnType<typeof readLedger>>;
  /** Event ids by stream. They show that each command's events are stored once, in order. */
  readonly ids: ReadonlyMap<string, readonly string[]>;
}

async function stored(file: string): Promise<Stored> {
  const store = createSqliteStore({ file });
  try {
    const ids = new Map<string, string[]>();
    for await (const { context } of readEvents(store)) {
      const known = ids.get(context.stream);
      if (known === undefined) ids.set(context.stream, [context.id]);
      else known.push(context.id);
    }
    return { ledger: await readLedger(store), ids };
  } finally {
    await store.close();
  }
}

/**
 * Writes the first `size` bytes of the commands to the bank, and then sends the signal. The pipe holds some of the bytes, so
 * the bank is somewhere in the middle by then.
 */
async function pump(child: ChildProcessWithoutNullStreams, size: number): Promise<void> {
  child.stdin.on('error', () => {});
  for await (const chunk of createReadStream(COMMANDS, { end: Math.floor(size), highWaterMark: 8_192 })) {
    if (!child.stdin.write(chunk)) await Promise.race([once(child.stdin, 'drain'), once(child, 'close')]);
  }
}

const anyOf = (low: number, high: number) => Math.floor(low + Math.random() * (high - low));

let uninterrupted: Stored;

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-bank-'));
  const file = join(folder, 'bank.db');
  assert.equal((await runBank(['--db', file])).code, 0);
  uninterrupted = await stored(file);
  rmSync(folder, { recursive: true });
});

test('a bank that is killed at random points ends with the same balances and the same events', async (t) => {
  const file = temporaryFolder(t)('bank.db');
  const seen: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const child = startBank('--file', '-', '--db', file);
    const end = ended(child);
    // Each round kills it at a later point.
    const bytes = anyOf((SIZE * (round + 1)) / (ROUNDS + 1), (SIZE * (round + 2)) / (ROUNDS + 1));
    await pump(child, bytes);
    child.kill('SIGKILL');
    assert.equal((await end).signal, 'SIGKILL');
    seen.push((await stored(file)).ledger.events);
    t.diagnostic(`killed after ${bytes} bytes, with ${seen.at(-1)} events stored`);
  }
  const { code, stdout } = await runBank(['--db', file]);
  assert.equal(code, 0);
  assert.deepEqual(await stored(file), uninterrupted);
  assert.ok(
    seen.some((events) => events > 0 && events < uninterrupted.ledger.events),
    `it was killed in the middle: ${seen}`,
  );
  assert.match(stdout, /redelivered/);
});

test('an interrupted bank finishes the commands in flight, and continues when it is started again', async (t) => {
  const file = temporaryFolder(t)('bank.db');
  const child = startBank('--file', '-', '--db', file);
  const end = ended(child);
  await pump(child, SIZE / 2);
  child.kill('SIGINT');
  const { code, stderr, stdout } = await end;
  assert.equal(code, 130);
  assert.match(stderr, /Stopped at line \d+\. The decisions so far are stored; start again to continue\./);
  assert.equal(stdout, '');

  assert.equal((await runBank(['--db', file])).code, 0);
  assert.deepEqual(await stored(file), uninterrupted);
});

test('two banks that run concurrently over one database decide each command once', async (t) => {
  const file = temporaryFolder(t)('bank.db');
  const runs = await Promise.all([runBank(['--db', file]), runBank(['--db', file])]);
  for (const { code, stderr } of runs) assert.equal(code, 0, stderr);
  assert.deepEqual(await stored(file), uninterrupted);
});
