/** Reads the books of the bank from its read models, and checks that they agree. */
import assert from 'node:assert/strict';
import { sql } from 'kysely';
import { account } from '../account.ts';
import { type Balance, balances } from '../balances.ts';
import { type Statements, statements } from '../statements.ts';
import type { RunningBank } from '../system.ts';
import { HALF } from '../transfer-process.ts';

export interface Ledger {
  /** The balances by account id. */
  readonly accounts: ReadonlyMap<string, Balance>;
  /** The number of lines in the statements of all accounts. */
  readonly lines: number;
  /** The amounts that clients deposited and withdrew. The halves of transfers do not count. */
  readonly deposits: number;
  readonly withdrawals: number;
  /** The number of transfers by status. */
  readonly transfers: Readonly<Partial<Record<Statements['transfers']['status'], number>>>;
  /** The amounts that transfers have withdrawn and not deposited yet. */
  readonly inFlight: number;
}

/** The largest number of balances that are read together. */
const PAGE = 1_000;

export async function readLedger(running: RunningBank): Promise<Ledger> {
  return { accounts: await readBalances(running), ...(await readStatements(running)) };
}

async function readBalances(running: RunningBank): Promise<ReadonlyMap<string, Balance>> {
  const reader = running.readModel(balances);
  const accounts = new Map<string, Balance>();
  let after: string | undefined;
  do {
    const page = await reader.list({ after, limit: PAGE });
    for (const { key, document } of page) accounts.set(key, document);
    after = page.at(-1)?.key;
  } while (after !== undefined);
  return accounts;
}

async function readStatements(running: RunningBank): Promise<Omit<Ledger, 'accounts'>> {
  await using reader = running.readModel(statements);
  const { db } = reader;
  const { count } = db.fn;
  const lines = await db.selectFrom('lines').select(count<number>('number').as('count')).executeTakeFirstOrThrow();
  const paid = await db
    .selectFrom('lines')
    .select(({ fn }) => ['text', fn.sum<number>('amount').as('amount')])
    .where((line) => line.or([line('reference', 'is', null), line('reference', 'not like', `${HALF}%`)]))
    .groupBy('text')
    .execute();
  const transfers = await db
    .selectFrom('transfers')
    .select(['status', count<number>('status').as('count')])
    .groupBy('status')
    .execute();
  const halves = (text: 'withdrawal' | 'deposit') =>
    db.selectFrom('lines').select('reference').where('text', '=', text).where('reference', 'like', `${HALF}%`);
  const half = sql<string>`${HALF} || transfer_id`;
  const inFlight = await db
    .selectFrom('transfers')
    .select(({ fn }) => fn.sum<number | null>('amount').as('amount'))
    .where(half, 'in', halves('withdrawal'))
    .where(half, 'not in', halves('deposit'))
    .executeTakeFirst();
  return {
    lines: lines.count,
    deposits: paid.find(({ text }) => text === 'deposit')?.amount ?? 0,
    withdrawals: paid.find(({ text }) => text === 'withdrawal')?.amount ?? 0,
    transfers: Object.fromEntries(transfers.map(({ status, count }) => [status, count])),
    inFlight: inFlight?.amount ?? 0,
  };
}

export function totalOf({ accounts }: Pick<Ledger, 'accounts'>): number {
  return [...accounts.values()].reduce((sum, { balance }) => sum + balance, 0);
}

/**
 * Checks the books. The balances are folded from all events, the states of the decider from each stream, and the sums
 * come from the lines of the statements. All of them must agree, and no money may have been created or lost.
 */
export async function checkBooks(ledger: Ledger, { sourcer }: Pick<RunningBank, 'sourcer'>): Promise<void> {
  for (const [id, { balance, open }] of ledger.accounts) {
    const folded = await sourcer.readState(`account-${id}`, { module: account.name });
    const state = account.types.state.fromBytes(folded.state);
    assert.deepEqual({ balance: state.balance, open: state.status === 'open' }, { balance, open }, `account ${id}`);
  }
  const { deposits, withdrawals, inFlight } = ledger;
  assert.equal(
    totalOf(ledger) + inFlight,
    deposits - withdrawals,
    'balances and money in flight = deposits - withdrawals',
  );
}
