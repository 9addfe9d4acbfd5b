/**
 * Tests that effects happen exactly once. Processes that run the bank on one SQLite file are killed at random and
 * started again. At the end no acknowledged command is missing, each document and each table equals a fold of the whole
 * history, every transfer has ended and has its receipt, and money is conserved.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { commandUuid } from 'decidable';
import { createSqliteStore, type SqliteStore } from 'decidable/sqlite';
import { account, type Deposit } from '../../../../examples/bank/account.ts';
import { checkBooks, readLedger } from '../../../../examples/bank/cli/ledger.ts';
import { bankWith } from '../../../../examples/bank/system.ts';
import { foldHistory, readBooks, receiptsOf } from '../../../examples/bank/books.ts';
import { ACCOUNTS, CLOSED } from './accounts.ts';

/** The parameters of the test. */
export interface Fire {
  readonly file: string;
  readonly processes: number;
  /** The total number of processes that are killed. */
  readonly kills: number;
  /** The number of transfers that each process requests after each start. */
  readonly commands: number;
}

const STARTING_BALANCE = 500;

/** @returns the number of acknowledged commands. */
export async function underFire({ file, processes, kills, commands }: Fire): Promise<number> {
  const receipts = `${file}.receipts`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  rmSync(receipts, { force: true, recursive: true });
  await openAccounts(file, receipts);
  const acknowledged = new Set<string>();
  const children = new Set<ChildProcess>();
  let left = kills;
  let lives = 0;
  let isOver = false;
  const live = async (): Promise<void> => {
    while (!isOver) {
      const child = start([file, receipts, String(++lives), String(commands)]);
      children.add(child);
      const ended = once(child, 'close');
      child.once('close', () => children.delete(child));
      const done = watch(child, acknowledged, () => {
        // The number of acknowledgements triggers the kill, and not the time, so that slow and fast machines have the
        // same number of kills.
        if (left <= 0 || Math.random() > 0.04) return;
        left--;
        child.kill('SIGKILL');
      });
      if (await Promise.race([done, ended.then(() => false)])) {
        // If it was killed after its last acknowledgement, the message does not reach it.
        child.send('stop', () => undefined);
        const [code, signal] = await ended;
        if (signal === 'SIGKILL') continue;
        assert.equal(code, 0);
        if (left <= 0) return;
      }
    }
  };
  try {
    await Promise.all(Array.from({ length: processes }, live));
  } finally {
    isOver = true;
    // If one of them failed, the others must not outlive the test.
    for (const child of children) child.kill('SIGKILL');
  }
  await check(file, receipts, acknowledged);
  return acknowledged.size;
}

function start(args: readonly string[]): ChildProcess {
  return fork(new URL('member.ts', import.meta.url), args, {
    execArgv: ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

/** Resolves with true when the process has sent all of its commands. */
function watch(child: ChildProcess, acknowledged: Set<string>, onAcknowledged: () => void): Promise<boolean> {
  return new Promise((resolve) => {
    child.on('message', (message) => {
      if (message === 'done') return resolve(true);
      acknowledged.add(String(message));
      onAcknowledged();
    });
  });
}

async function openAccounts(file: string, receipts: string): Promise<void> {
  await using store = createSqliteStore({ file });
  await using running = await bankWith(account, receipts).start({ store, process: false });
  const { OpenAccount, Deposit, CloseAccount } = account.commands;
  for (const accountId of ACCOUNTS) {
    await running.dispatch(OpenAccount({ accountId, owner: 'Ada' }));
    if (accountId === CLOSED) await running.dispatch(CloseAccount({ accountId }));
    else await running.dispatch(Deposit({ accountId, amount: STARTING_BALANCE }));
  }
}

async function check(file: string, receipts: string, acknowledged: ReadonlySet<string>): Promise<void> {
  await using store = createSqliteStore({ file, busyTimeout: 60_000 });
  await using running = await bankWith(account, receipts).start({ store, lease: 600 });
  await running.settled();

  for (const id of acknowledged)
    assert.ok(await store.findDecision(commandUuid(id)), `${id} was acknowledged and is lost`);

  const history = await foldHistory(store);
  const books = await readBooks(store);
  assert.deepEqual(books.accounts, new Map([...history.accounts].sort(([a], [b]) => (a < b ? -1 : 1))));
  assert.deepEqual(books.lines, history.lines);
  assert.deepEqual(books.transfers, history.transfers);
  assert.deepEqual(receiptsOf(receipts), history.receipts);
  for (const { transfer_id, status } of books.transfers.values()) {
    assert.ok(['completed', 'compensated', 'refused'].includes(status), `transfer ${transfer_id} is ${status}`);
  }

  await checkBooks(await readLedger(running), running);
  const total = [...books.accounts.values()].reduce((sum, { balance }) => sum + balance, 0);
  assert.equal(total, await broughtIn(store));
  assert.deepEqual(await running.parked.list(), []);
  for (const status of await running.status()) assert.equal(status.stopped, undefined);
}

/** Only commands from outside bring money in. Those of a process have a cause. */
async function broughtIn(store: SqliteStore): Promise<number> {
  let total = 0;
  for (const accountId of ACCOUNTS) {
    for (const { decision: recorded } of await store.readCommits(`account-${accountId}`, { limit: 100_000 })) {
      const { command, causationId, outcome } = recorded.decision;
      if (command.type !== 'Deposit' || causationId !== undefined || outcome.tag !== 'accepted') continue;
      total += (account.types.command.fromEnvelope(command) as ReturnType<typeof Deposit>).data.amount;
    }
  }
  return total;
}
