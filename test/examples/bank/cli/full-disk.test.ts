/** The disk becomes full in the middle, and the bank is started again after room was made. It ends as if it had run through. */
import assert from 'node:assert/strict';
import { createReadStream } from 'node:fs';
import { test } from 'node:test';
import { account } from '../../../../examples/bank/account.ts';
import { checkBalances, readLedger } from '../../../../examples/bank/balances.ts';
import { parseLine } from '../../../../examples/bank/cli/parse-line.ts';
import { readLines } from '../../../../examples/bank/cli/read-lines.ts';
import { type ParsedLine, runCommands } from '../../../../examples/bank/cli/run-commands.ts';
import { newTally } from '../../../../examples/bank/cli/tally.ts';
import { createMemoryStore } from '../../../../src/adapters/stores/memory/index.ts';
import { createSqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import { createEventSourcer, type EventStore, isCommandFailure } from '../../../../src/core/index.ts';
import { COMMANDS, temporaryFolder } from './run-bank.ts';

const LINES = 3_000;

async function* commands(): AsyncGenerator<ParsedLine> {
  for await (const { number, text } of readLines(createReadStream(COMMANDS))) {
    if (number > LINES) return;
    const parsed = parseLine(text ?? '');
    if ('command' in parsed) yield { line: number, command: parsed.command };
  }
}

async function runBank(store: EventStore) {
  const sourcer = createEventSourcer({ store, modules: [account] });
  try {
    await runCommands(commands(), sourcer, newTally(), new AbortController());
    const ledger = await readLedger(store);
    await checkBalances(ledger, sourcer);
    return ledger;
  } finally {
    await sourcer.close();
  }
}

test('a full disk changes no balance', async (t) => {
  const expected = await runBank(createMemoryStore());
  const file = temporaryFolder(t)('bank.db');
  // All commands together take about 170 pages.
  for (const maxPages of [50, 90, 130]) {
    await using store = createSqliteStore({ file, maxPages, durability: 'normal' });
    await assert.rejects(
      runBank(store),
      (error) => isCommandFailure(error, 'store') && error.payload.val.code === 'full',
    );
  }
  await using store = createSqliteStore({ file, durability: 'normal' });
  assert.deepEqual(await runBank(store), expected);
});
