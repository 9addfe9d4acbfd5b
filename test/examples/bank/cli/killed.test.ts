/** The bank is killed or interrupted while it runs, and started again. It ends like an uninterrupted run. */

import assert from 'node:assert/strict';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { subscribe } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { foldHistory, type History, readBooks, receiptsOf } from '../books.ts';
import { COMMANDS, ended, receiptsFolderOf, runBank, startBank, temporaryFolder } from './run-bank.ts';

const ROUNDS = 4;
const FIRST_LINE_OF_TRANSFERS = 12_584;
const SIZE = statSync(COMMANDS).size;

async function historyOf(file: string): Promise<History> {
  await using store = createSqliteStore({ file });
  return await foldHistory(store);
}

/** Returns the history without the times, which differ between two runs. */
function timeless({ lines, ...others }: History) {
  return { ...others, lines: lines.map((line) => ({ ...line, recorded_at: 0 })) };
}

/**
 * Asserts that a finished bank ended like an uninterrupted one, and that its read models and its receipts are complete.
 */
async function assertFinished(file: string): Promise<void> {
  const history = await historyOf(file);
  assert.deepEqual(timeless(history), timeless(uninterrupted));
  await using store = createSqliteStore({ file });
  const { accounts, lines, transfers } = history;
  assert.deepEqual(await readBooks(store), { accounts: sorted(accounts), lines, transfers });
  assert.deepEqual(receiptsOf(receiptsFolderOf(file)), history.receipts);
}

/** Sorts by key, like the lists of read models. */
const sorted = <Value>(map: ReadonlyMap<string, Value>) => new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));

/**
 * Writes the first `size` bytes of the commands to the bank, and then sends the signal. The pipe still contains some of
 * the bytes, so the bank has not yet processed all of them.
 */
async function pump(child: ChildProcessWithoutNullStreams, size: number): Promise<void> {
  child.stdin.on('error', () => {});
  for await (const chunk of createReadStream(COMMANDS, { end: Math.floor(size), highWaterMark: 8_192 })) {
    if (!child.stdin.write(chunk)) await Promise.race([once(child.stdin, 'drain'), once(child, 'close')]);
  }
}

const anyOf = (low: number, high: number) => Math.floor(low + Math.random() * (high - low));

let uninterrupted: History;

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-bank-'));
  const file = join(folder, 'bank.db');
  assert.equal((await runBank(['--store', file])).code, 0);
  uninterrupted = await historyOf(file);
  rmSync(folder, { recursive: true });
});

test('a bank that is killed at random points ends with the same events, balances, statements and receipts', async (t) => {
  const file = temporaryFolder(t)('bank.db');
  const seen: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const child = startBank('--file', '-', '--store', file);
    const end = ended(child);
    // Each round kills it at a later point.
    const bytes = anyOf((SIZE * (round + 1)) / (ROUNDS + 1), (SIZE * (round + 2)) / (ROUNDS + 1));
    await pump(child, bytes);
    child.kill('SIGKILL');
    assert.equal((await end).signal, 'SIGKILL');
    seen.push((await historyOf(file)).lines.length);
    t.diagnostic(`killed after ${bytes} bytes, with ${seen.at(-1)} events of accounts stored`);
  }
  const { code, stdout } = await runBank(['--store', file]);
  assert.equal(code, 0);
  await assertFinished(file);
  assert.ok(
    seen.some((events) => events > 0 && events < uninterrupted.lines.length),
    `it was killed in the middle: ${seen}`,
  );
  assert.match(stdout, /duplicates/);
});

/** Kills the bank when the store has this number of transfer events. */
async function killAfter(count: number, file: string, child: ChildProcessWithoutNullStreams): Promise<void> {
  const closed = new AbortController();
  child.once('close', () => closed.abort());
  await using store = createSqliteStore({ file });
  let seen = 0;
  for await (const { events } of subscribe(store, { categories: ['transfer'], signal: closed.signal })) {
    seen += events.length;
    if (seen >= count) break;
  }
  child.kill('SIGKILL');
}

test('a bank that is killed during transfers completes or compensates each of them', async (t) => {
  const path = temporaryFolder(t);
  const [lines, file] = [path('transfers.ndjson'), path('bank.db')];
  writeFileSync(lines, readFileSync(COMMANDS, 'utf8').split('\n').slice(FIRST_LINE_OF_TRANSFERS).join('\n'));
  for (let round = 0; round < ROUNDS; round++) {
    const child = startBank('--file', lines, '--store', file);
    const end = ended(child);
    await killAfter(anyOf(round * 120 + 10, round * 120 + 120), file, child);
    assert.equal((await end).signal, 'SIGKILL');
  }
  const { code, stderr } = await runBank(['--file', lines, '--store', file]);
  assert.equal(code, 0, stderr);

  const { transfers, receipts } = await historyOf(file);
  assert.deepEqual(transfers, uninterrupted.transfers);
  assert.deepEqual(receipts, uninterrupted.receipts);
  assert.deepEqual(receiptsOf(receiptsFolderOf(file)), receipts);
});

test('an interrupted bank finishes the commands in flight, and continues when it is started again', async (t) => {
  const file = temporaryFolder(t)('bank.db');
  const child = startBank('--file', '-', '--store', file);
  const end = ended(child);
  await pump(child, SIZE / 2);
  child.kill('SIGINT');
  const { code, stderr, stdout } = await end;
  assert.equal(code, 130);
  assert.match(stderr, /Stopped at line \d+\. The decisions so far are stored; start again to continue\./);
  assert.equal(stdout, '');

  assert.equal((await runBank(['--store', file])).code, 0);
  await assertFinished(file);
});

test('two banks that run concurrently over one database decide each command once', async (t) => {
  const file = temporaryFolder(t)('bank.db');
  const runs = await Promise.all([runBank(['--store', file]), runBank(['--store', file])]);
  for (const { code, stderr } of runs) assert.equal(code, 0, stderr);
  await assertFinished(file);
});
