/**
 * The disk becomes full while the bank runs, and the bank is started again after space was freed. It ends like an
 * uninterrupted run.
 */

import assert from 'node:assert/strict';
import { createReadStream, statSync } from 'node:fs';
import { test } from 'node:test';
import { isCommandFailure, ProcessorStopped } from 'decidable';
import { createSqliteStore, type SqliteStore } from 'decidable/sqlite';
import { account } from '../../../../examples/bank/account.ts';
import { checkBooks, type Ledger, readLedger } from '../../../../examples/bank/cli/ledger.ts';
import { openBank } from '../../../../examples/bank/cli/open-bank.ts';
import { parseLine } from '../../../../examples/bank/cli/parse-line.ts';
import { readLines } from '../../../../examples/bank/cli/read-lines.ts';
import { type ParsedLine, runCommands } from '../../../../examples/bank/cli/run-commands.ts';
import { newTally } from '../../../../examples/bank/cli/tally.ts';
import { COMMANDS, temporaryFolder } from './run-bank.ts';

/** The transfers are at the end of the file. */
const [FIRST, LAST] = [2_000, 12_584];

/** SQLite's default, in bytes. */
const PAGE_SIZE = 4_096;

async function* commands(): AsyncGenerator<ParsedLine> {
  for await (const { number, text } of readLines(createReadStream(COMMANDS))) {
    if (number > FIRST && number <= LAST) continue;
    const parsed = parseLine(text ?? '');
    if ('command' in parsed) yield { line: number, command: parsed.command };
  }
}

async function runBank(store: SqliteStore, receipts: string): Promise<Ledger> {
  await using bank = await openBank({ store, accounts: account, receipts });
  await runCommands(commands(), bank, newTally(), new AbortController());
  await bank.running.settled();
  const ledger = await readLedger(bank.running);
  await checkBooks(ledger, bank.running);
  return ledger;
}

function isFull(error: unknown): boolean {
  if (error instanceof ProcessorStopped) return error.reason.code === 'full';
  return isCommandFailure(error, 'store') && error.payload.val.code === 'full';
}

test('a full disk changes no balance', async (t) => {
  const path = temporaryFolder(t);
  const run = async (name: string, maxPages?: number): Promise<Ledger> => {
    await using store = createSqliteStore({ file: path(name), durability: 'normal', ...(maxPages && { maxPages }) });
    return await runBank(store, path(`${name}.receipts`));
  };
  const expected = await run('expected.db');
  const pages = statSync(path('expected.db')).size / PAGE_SIZE;
  for (const share of [0.3, 0.5, 0.7]) await assert.rejects(run('bank.db', Math.floor(share * pages)), isFull);
  assert.deepEqual(await run('bank.db'), expected);
});
