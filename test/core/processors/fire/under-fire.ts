/**
 * Exactly once, under fire: processes that run the bank on one SQLite file are killed at random and started again. At the end
 * nothing that was acknowledged is missing, every read model equals a fold of the whole history, every transfer has ended, and
 * money is conserved.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { commandUuid, readEvents } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { account, balances, bankOf } from '../transfers.ts';

/** How long and how hard. */
export interface Fire {
  readonly file: string;
  readonly processes: number;
  /** Processes that are killed in all. */
  readonly kills: number;
  /** Transfers that each process requests in each of its lives. */
  readonly commands: number;
}

const ACCOUNTS = 12;
const STARTING_BALANCE = 500;

/** @returns how many commands were acknowledged. */
export async function underFire({ file, processes, kills, commands }: Fire): Promise<number> {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  await openAccounts(file);
  const acknowledged = new Set<string>();
  let left = kills;
  let lives = 0;
  const live = async (): Promise<void> => {
    for (;;) {
      const child = start(file, lives++, commands);
      const ended = once(child, 'close');
      const done = watch(child, acknowledged, () => {
        // Killed by the number of acknowledgements, not by time: a slow machine is hit as often as a fast one.
        if (left <= 0 || Math.random() > 0.04) return;
        left--;
        child.kill('SIGKILL');
      });
      if (await Promise.race([done, ended.then(() => false)])) {
        child.send('stop');
        const [code] = await ended;
        assert.equal(code, 0);
        if (left <= 0) return;
      }
    }
  };
  await Promise.all(Array.from({ length: processes }, live));
  await check(file, acknowledged);
  return acknowledged.size;
}

function start(file: string, life: number, commands: number): ChildProcess {
  const program = new URL('member.ts', import.meta.url);
  return fork(program, [file, String(life + 1), String(commands)], {
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

async function openAccounts(file: string): Promise<void> {
  await using store = createSqliteStore({ file });
  await using running = await bankOf([]).start({ store, process: false });
  for (let index = 0; index < ACCOUNTS; index++) {
    const accountId = `a${index}`;
    await running.dispatch(account.commands.Open({ accountId }));
    await running.dispatch(account.commands.Deposit({ accountId, amount: STARTING_BALANCE }));
  }
  // One account refuses deposits, so that some transfers are compensated.
  await running.dispatch(account.commands.Close({ accountId: 'a0' }));
}

async function check(file: string, acknowledged: ReadonlySet<string>): Promise<void> {
  await using store = createSqliteStore({ file, busyTimeout: 60_000 });
  await using running = await bankOf([]).start({ store, lease: 600 });
  await running.settled();

  for (const id of acknowledged)
    assert.ok(await store.findDecision(commandUuid(id)), `${id} was acknowledged and is lost`);

  const expected = new Map<string, number>();
  const open = new Set<string>();
  const { types } = account;
  for await (const { context, event } of readEvents(store)) {
    if (context.stream.startsWith('account-')) {
      const { type, data } = types.event.fromEnvelope(event);
      if (type === 'Opened') expected.set(data.accountId, 0);
      if (type === 'Deposited') expected.set(data.accountId, expected.get(data.accountId)! + data.amount);
      if (type === 'Withdrawn') expected.set(data.accountId, expected.get(data.accountId)! - data.amount);
    }
    if (event.type === 'Requested') open.add(context.stream);
    if (event.type === 'Finished') open.delete(context.stream);
  }
  assert.deepEqual([...open], [], 'a transfer has not ended');
  const documents = await running.readModel(balances).list({ limit: 1_000 });
  assert.deepEqual(
    new Map(documents.map(({ key, document }) => [key, document.balance])),
    new Map([...expected].sort()),
  );

  // Only commands from outside bring money in: those of a process have a cause.
  let broughtIn = 0;
  for (const accountId of expected.keys()) {
    for (const { decision: recorded } of await store.readCommits(`account-${accountId}`, { limit: 100_000 })) {
      const { command, causationId, outcome } = recorded.decision;
      if (command.type !== 'Deposit' || causationId !== undefined || outcome.tag !== 'accepted') continue;
      broughtIn += (types.command.fromEnvelope(command) as ReturnType<typeof account.commands.Deposit>).data.amount;
    }
  }
  const total = [...expected.values()].reduce((sum, balance) => sum + balance, 0);
  assert.equal(total, broughtIn);
  assert.deepEqual(await running.parked.list(), []);
  for (const status of await running.status()) assert.equal(status.stopped, undefined);
}
