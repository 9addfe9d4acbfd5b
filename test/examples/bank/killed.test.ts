/** The bank is killed in the middle, or interrupted, and started again: it ends as if nothing had happened. */
import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { readLedger } from '../../../examples/bank/balances.ts';
import { createSqliteStore } from '../../../src/adapters/stores/sqlite/index.ts';
import { eventsOf } from '../../../src/core/index.ts';
import { COMMANDS, ended, runBank, startBank, temporaryFolder } from './run-bank.ts';

const ROUNDS = 4;
const SIZE = statSync(COMMANDS).size;

interface Stored {
  readonly ledger: Awaited<ReturnType<typeof readLedger>>;
  /** Event ids by stream: each command's events are there once, in one order. */
  readonly ids: ReadonlyMap<string, readonly string[]>;
}

async function stored(file: string): Promise<Stored> {
  const store = createSqliteStore({ file });
  try {
    const ids = new Map<string, string[]>();
    for await (const { context } of eventsOf(store)) {
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
 * Gives the bank the first `size` bytes of the commands, and then the signal. The pipe between holds some of them, so that
 * the bank is somewhere in the middle, having asked for all but the last few.
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

test('killed at random points and started again, it finishes with the same balances and the same events', async (t) => {
  const file = temporaryFolder(t)('bank.db');
  const seen: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const child = startBank('--file', '-', '--db', file);
    const end = ended(child);
    // Each time further on than the last time.
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

test('interrupted, it finishes what it has begun, says where it stopped, and goes on when it is started again', async (t) => {
  const file = temporaryFolder(t)('bank.db');
  const child = startBank('--file', '-', '--db', file);
  const end = ended(child);
  await pump(child, SIZE / 2);
  child.kill('SIGINT');
  const { code, stderr, stdout } = await end;
  assert.equal(code, 130);
  assert.match(stderr, /Stopped at line \d+\. What was decided is stored; start again to go on\./);
  assert.equal(stdout, '');

  assert.equal((await runBank(['--db', file])).code, 0);
  assert.deepEqual(await stored(file), uninterrupted);
});

test('started twice at once over one database, both finish, and each command is decided once', async (t) => {
  const file = temporaryFolder(t)('bank.db');
  const runs = await Promise.all([runBank(['--db', file]), runBank(['--db', file])]);
  for (const { code, stderr } of runs) assert.equal(code, 0, stderr);
  assert.deepEqual(await stored(file), uninterrupted);
});
