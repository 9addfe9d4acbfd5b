/**
 * Tests that effects happen exactly once, on any store. Processes that write to the bank, and a group of processes that
 * runs its two process managers, its three read models of documents and its reactor, are killed at random and started
 * again. In the meantime the servers of the store have faults. A writer repeats an unanswered command with the same id.
 *
 * At the end no acknowledged command is missing, each document and each table equals a fold of the whole history, every
 * transfer has ended and has its receipt and its review, money is conserved, and the chains are intact.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { commandUuid, readEvents } from 'decidable';
import { verifyChain } from 'decidable/storage';
import { type OpenedStore, openStore } from 'decidable/stores';
import { account, type Deposit } from '../../../../examples/bank/account.ts';
import { balances } from '../../../../examples/bank/balances.ts';
import { foldHistory, type History, readBooks, receiptsOf } from '../../../examples/bank/books.ts';
import { ACCOUNTS, CLOSED } from './accounts.ts';
import type { Disturbance } from './disturbed-engines.ts';
import { untilItResponds } from './retries.ts';
import { activity, bankOfDocuments, bankOfTables, endings } from './system.ts';

/** The parameters of the test. */
export interface Fire {
  /** The address of a store that does not exist. */
  readonly address: string;
  /** A folder for the receipts that does not exist. */
  readonly receipts: string;
  /** The processes that run the processors. */
  readonly members: number;
  /** The writers, in two processes. */
  readonly writers: number;
  /** The total number of processes that are killed. */
  readonly kills: number;
  /** The least number of commands that are acknowledged. */
  readonly commands: number;
  /** The faults of the servers, one after another. @default none */
  readonly disturbances?: readonly Disturbance[];
}

const WRITER_PROCESSES = 2;
const STARTING_BALANCE = 500;
/** The number of commands that are acknowledged before the next fault of the servers. */
const COMMANDS_BEFORE_FAULT = 15;

/** @returns the number of acknowledged commands. */
export async function underFire(fire: Fire): Promise<number> {
  const { address, receipts, disturbances = [] } = fire;
  await openAccounts(address, receipts);
  const acknowledged = new Set<string>();
  const acknowledgement = new EventEmitter();
  const children = new Set<ChildProcess>();
  let left = fire.kills;
  let faultsLeft = disturbances.length;
  let lives = 0;
  let isOver = false;

  const start = (program: string, args: readonly string[]): ChildProcess => {
    const child = fork(new URL(program, import.meta.url), [address, receipts, ...args], {
      execArgv: ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    children.add(child);
    child.once('close', () => children.delete(child));
    return child;
  };
  /**
   * The number of acknowledgements triggers a kill, and not the time, so that all machines have the same number of
   * kills.
   */
  const killSome = (): void => {
    if (left <= 0 || Math.random() > 0.05) return;
    const victims = [...children];
    const victim = victims[Math.floor(Math.random() * victims.length)];
    if (victim?.kill('SIGKILL')) left--;
  };

  const isEnough = (): boolean => left <= 0 && faultsLeft === 0 && acknowledged.size >= fire.commands;
  const write = async (): Promise<void> => {
    while (!isOver && !isEnough()) {
      const child = start('writers.ts', [String(++lives), String(Math.ceil(fire.writers / WRITER_PROCESSES))]);
      child.on('message', (id) => {
        acknowledged.add(String(id));
        acknowledgement.emit('added');
        killSome();
        if (isEnough() && child.connected) child.send('stop', () => {});
      });
      const [code, signal] = await once(child, 'close');
      if (signal !== 'SIGKILL') assert.equal(code, 0);
    }
  };
  const disturb = async (): Promise<void> => {
    for (const disturbance of disturbances) {
      const enough = acknowledged.size + COMMANDS_BEFORE_FAULT;
      while (acknowledged.size < enough) await once(acknowledgement, 'added');
      await disturbance.run();
      faultsLeft--;
    }
  };
  const run = async (): Promise<void> => {
    for (;;) {
      const child = start('member.ts', []);
      const ended = once(child, 'close');
      members.add(child);
      const [code, signal] = await ended;
      members.delete(child);
      if (signal !== 'SIGKILL') {
        assert.equal(code, 0);
        return;
      }
      if (isOver) return;
    }
  };
  const members = new Set<ChildProcess>();
  try {
    const running = Promise.all(Array.from({ length: fire.members }, run));
    const writing = [...Array.from({ length: WRITER_PROCESSES }, write), disturb()];
    await Promise.race([Promise.all(writing), running]);
    isOver = true;
    for (const member of members) member.send('stop', () => {});
    await running;
  } finally {
    isOver = true;
    // If one of them failed, the others must not outlive the test.
    for (const child of children) child.kill('SIGKILL');
  }
  assert.equal(left <= 0, true);
  await check(address, receipts, acknowledged);
  return acknowledged.size;
}

async function openAccounts(address: string, receipts: string): Promise<void> {
  await using store = await untilItResponds(() => openStore(address));
  await using running = await bankOfDocuments(receipts).start({ store, process: false });
  const { OpenAccount, Deposit, CloseAccount } = account.commands;
  for (const accountId of ACCOUNTS) {
    await running.dispatch(OpenAccount({ accountId, owner: 'Ada' }));
    if (accountId === CLOSED) await running.dispatch(CloseAccount({ accountId }));
    else await running.dispatch(Deposit({ accountId, amount: STARTING_BALANCE }));
  }
}

async function check(address: string, receipts: string, acknowledged: ReadonlySet<string>): Promise<void> {
  await using store = await untilItResponds(() => openStore(address));
  const { tables } = store.processors.capabilities;
  const bank = tables ? bankOfTables(receipts) : bankOfDocuments(receipts);
  await using running = await bank.start({ store, lease: 600 });
  await running.settled();

  for (const id of acknowledged) {
    assert.ok(await store.findDecision(commandUuid(id)), `${id} was acknowledged and is lost`);
  }
  assert.deepEqual(await running.parked.list(), []);
  for (const { name, stopped } of await running.status()) assert.equal(stopped, undefined, name);

  const history = await foldHistory(store);
  for (const { transfer_id, status } of history.transfers.values()) {
    assert.ok(['completed', 'compensated', 'refused'].includes(status), `transfer ${transfer_id} is ${status}`);
  }
  await checkDocuments(store, history);
  if (tables) {
    const books = await readBooks(store);
    assert.deepEqual(books.lines, history.lines);
    assert.deepEqual(books.transfers, history.transfers);
  }
  assert.deepEqual(receiptsOf(receipts), history.receipts);
  await checkReviews(store, history);
  const total = [...history.accounts.values()].reduce((sum, { balance }) => sum + balance, 0);
  assert.equal(total, await broughtIn(store));
  assert.equal((await verifyChain(store)).intact, true);
}

async function checkDocuments(store: OpenedStore, history: History): Promise<void> {
  await using reading = await bankOfDocuments('no-receipts').start({ store, process: false });
  const byKey = <Document>(documents: readonly { readonly key: string; readonly document: Document }[]) =>
    new Map(documents.map(({ key, document }) => [key, document]));
  const all = { limit: 100_000 };
  assert.deepEqual(byKey(await reading.readModel(balances).list(all)), sorted(history.accounts));
  const statuses = [...history.transfers].map(([key, { status }]) => [key, { status }] as const);
  assert.deepEqual(byKey(await reading.readModel(endings).list(all)), sorted(new Map(statuses)));
  const events = new Map<string, { events: number }>();
  for (const { account_id } of history.lines)
    events.set(account_id, { events: (events.get(account_id)?.events ?? 0) + 1 });
  assert.deepEqual(byKey(await reading.readModel(activity).list(all)), sorted(events));
}

function sorted<Value>(map: ReadonlyMap<string, Value>): Map<string, Value> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Each transfer has one review, which was opened once and closed once. */
async function checkReviews(store: OpenedStore, history: History): Promise<void> {
  const reviews = new Map<string, string[]>();
  for await (const { context, event } of readEvents(store, { categories: ['review'] })) {
    const id = context.stream.slice('review-'.length);
    reviews.set(id, [...(reviews.get(id) ?? []), event.type].sort());
  }
  assert.deepEqual([...reviews.keys()].sort(), [...history.transfers.keys()].sort());
  for (const types of reviews.values()) assert.deepEqual(types, ['ReviewClosed', 'ReviewOpened']);
}

/** Only commands from outside bring money in. Those of a process have a cause. */
async function broughtIn(store: OpenedStore): Promise<number> {
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
