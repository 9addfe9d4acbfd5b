/** Groups of real processes: one that is stopped longer than its lease, and rebuilds that are killed. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import type { Clock } from 'decidable';
import { createSqliteStore, type SqliteStore } from 'decidable/sqlite';
import { account } from '../transfers.ts';
import { PAUSED } from './member.ts';
import { sumsOf } from './sums.ts';

const MEMBER = fileURLToPath(new URL('member.ts', import.meta.url));
const LEASE = 400;
const HOUR = 3_600_000;
const SUMS = { name: 'sums', version: '1' };
const { Open, Deposit } = account.commands;

const folder = mkdtempSync(join(tmpdir(), 'decidable-group-'));
const members = new Set<Member>();
after(async () => {
  for (const { child } of members) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** A process, with the lines that it has reported. */
class Member {
  readonly child: ChildProcessByStdio<null, Readable, null>;
  readonly lines: string[] = [];
  readonly ended: Promise<unknown>;
  readonly #waiting = new Set<() => void>();

  constructor(file: string, role: 'run' | 'pause' | 'rebuild') {
    const args = ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning', MEMBER];
    this.child = spawn(process.execPath, [...args, file, String(LEASE), role], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.ended = once(this.child, 'close');
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.lines.push(line);
      for (const look of this.#waiting) look();
    });
    members.add(this);
  }

  /** Resolves when a line begins with this word. */
  reported(word: string): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!this.lines.some((line) => line.startsWith(word))) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  async end(): Promise<void> {
    this.child.kill('SIGTERM');
    assert.deepEqual(await this.ended, [0, null]);
    members.delete(this);
  }
}

function open(name: string): { file: string; store: SqliteStore } {
  const file = join(folder, name);
  return { file, store: createSqliteStore({ file, durability: 'normal', busyTimeout: 60_000 }) };
}

async function holdersOf({ processors }: SqliteStore): Promise<ReadonlySet<string | undefined>> {
  return new Set((await processors.listShares(SUMS)).map(({ holder }) => holder));
}

async function untilHolders(store: SqliteStore, isRight: (holders: ReadonlySet<string | undefined>) => boolean) {
  for (;;) {
    const changed = store.processors.awaitChange();
    const holders = await holdersOf(store);
    if (isRight(holders)) return holders;
    await changed;
  }
}

test('a process that was stopped longer than its lease commits nothing of its old page, and then works again', async () => {
  const { file, store } = open('stopped.db');
  await using _store = store;
  const { sums, system } = sumsOf();
  await using tool = await system.start({ store, process: false });
  await tool.dispatch(Open({ accountId: 'a' }));
  const stopped = new Member(file, 'pause');
  const [id] = await untilHolders(store, (holders) => holders.size === 1 && !holders.has(undefined));
  // It has folded this deposit, and has not committed it.
  await tool.dispatch(Deposit({ accountId: 'a', amount: PAUSED }));
  await stopped.reported('paused');
  stopped.child.kill('SIGSTOP');
  const others = [new Member(file, 'run'), new Member(file, 'run')];
  await tool.dispatch(Deposit({ accountId: 'a', amount: 5 }));
  const { position } = await tool.dispatch(Deposit({ accountId: 'a', amount: 7 }));
  await tool.caughtUp(position);
  await untilHolders(store, (holders) => holders.size === 2 && !holders.has(undefined) && !holders.has(id));
  const before = await store.processors.listShares(SUMS);
  stopped.child.kill('SIGCONT');
  // It has detected that its page was fenced off, and acquires a third of the shares again.
  await untilHolders(store, (holders) => holders.size === 3 && holders.has(id));
  assert.deepEqual(await tool.readModel(sums).get('a'), { sum: PAUSED + 12, deposits: 3 });
  for (const { share, checkpoint, token } of await store.processors.listShares(SUMS)) {
    assert.ok(checkpoint! >= before[share]!.checkpoint! && token >= before[share]!.token);
  }
  const pages = stopped.lines.filter((line) => line.startsWith('processed')).map((line) => line.split(' '));
  assert.ok(
    pages.every(([, events, checkpoint]) => events === '0' || BigInt(checkpoint!) > position!),
    JSON.stringify(pages),
  );
  const last = await tool.dispatch(Deposit({ accountId: 'a', amount: 1 }));
  await tool.caughtUp(last.position);
  assert.deepEqual(await tool.readModel(sums).get('a'), { sum: PAUSED + 13, deposits: 4 });
  await Promise.all([stopped, ...others].map((member) => member.end()));
});

test('a rebuild while four processes run has the correct rows, even after a rebuild that was killed', async () => {
  const { file, store } = open('rebuilt.db');
  await using _store = store;
  const { sums, system } = sumsOf();
  /** A clock for which the leases of a killed process have ended. */
  const clock: Clock = {
    now: () => Date.now() + HOUR,
    sleepUntil: (time, signal) => setTimeout(Math.max(0, time - HOUR - Date.now()), undefined, { signal }),
  };
  await using tool = await system.start({ store, process: false, clock });
  const accounts = Array.from({ length: 40 }, (_, index) => `a${index}`);
  await Promise.all(accounts.map((accountId) => tool.dispatch(Open({ accountId }))));
  let rounds = 0;
  const deposit = async (count: number): Promise<void> => {
    for (let round = 0; round < count; round++) {
      await Promise.all(accounts.map((accountId) => tool.dispatch(Deposit({ accountId, amount: 3 }))));
      rounds++;
    }
  };
  await deposit(80);
  const four = Array.from({ length: 4 }, () => new Member(file, 'run'));
  await untilHolders(store, (holders) => holders.size === 4 && !holders.has(undefined));
  await tool.caughtUp();
  const documentsAre = async (expected: number): Promise<void> => {
    const documents = await tool.readModel(sums).list();
    assert.deepEqual(
      documents.map(({ document }) => document),
      accounts.map(() => ({ sum: 3 * expected, deposits: expected })),
    );
  };
  const killed = new Member(file, 'rebuild');
  await killed.reported('progress');
  killed.child.kill('SIGKILL');
  await killed.ended;
  assert.ok(!killed.lines.includes('rebuilt'));
  await documentsAre(rounds);
  // The wrong rows, which a rebuild has to replace.
  const damaging = new Sqlite(file, { timeout: 60_000 });
  damaging.exec(`delete from documents where key in ('a1', 'a2')`);
  damaging.close();
  const progress: { readonly events: number; readonly position: bigint; readonly head: bigint }[] = [];
  const writing = deposit(10);
  await tool.rebuild(sums, { onProgress: (now) => progress.push(now) });
  await writing;
  await tool.caughtUp();
  await documentsAre(90);
  assert.ok(progress.length > 1);
  for (const [index, { events, position, head }] of progress.entries()) {
    const before = progress[index - 1];
    assert.ok(position <= head && (before === undefined || (position >= before.position && events >= before.events)));
  }
  assert.deepEqual(
    (await store.processors.listSubscriptions()).map(({ subscription }) => subscription),
    [SUMS],
  );
  await Promise.all(four.map((member) => member.end()));
});
