/** `decidable verify` with several threads: the order of its report, and its progress. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { createSqliteStore } from 'decidable/sqlite';
import { account } from '../../core/processors/transfers.ts';
import { bank } from './bank/system.ts';
import { BANK, decidable, ended, folder, PROGRAM, programEnvironment } from './program.ts';

/** More streams than four tasks have. */
const STREAMS = 450;
/** The number of commits of the first stream, which takes longer to verify than all other streams of the store. */
const LONG = 4_000;

interface Report {
  readonly isIntact: boolean;
  readonly streams: number;
  readonly commits: number;
  readonly difference?: { readonly reason: string; readonly message: string };
}

describe('decidable verify in several threads', () => {
  const file = join(folder, 'threads.db');
  before(async () => {
    await using store = createSqliteStore({ file, durability: 'normal' });
    await using running = await bank.start({ store, process: false });
    const { Open, Deposit } = account.commands;
    for (let index = 0; index < STREAMS; index++) await running.dispatch(Open({ accountId: String(index) }));
    const deposits = Array.from({ length: LONG }, (_, index) => Deposit({ accountId: '0', amount: index + 1 }));
    await Promise.all(deposits.map((deposit) => running.dispatch(deposit)));
  });

  /** Copies the file and changes one bit in the first event of each of these streams. */
  function flippedIn(name: string, ...accounts: readonly number[]): string {
    const copy = join(folder, name);
    copyFileSync(file, copy);
    const database = new Sqlite(copy);
    const select = database
      .prepare<[string], [position: number, payload: Buffer]>(
        'select position, payload from events join streams on streams.id = stream_id where name = ? and revision = 0',
      )
      .raw();
    for (const index of accounts) {
      const [position, payload] = select.get(`account-${index}`)!;
      payload[payload.length - 1]! ^= 1;
      database.prepare('update events set payload = ? where position = ?').run(payload, position);
    }
    database.close();
    return copy;
  }

  async function verify(store: string, ...args: readonly string[]): Promise<string> {
    const { stdout, stderr } = await decidable(['verify', '--store', store, '--json', ...args]);
    assert.equal(stderr, '');
    return stdout;
  }

  test('reports the first of two differences in the order of the store, for any number of threads', async () => {
    // The long stream is in the first task, so another thread finds the second difference before the first one is
    // reached.
    const damaged = flippedIn('two.db', 90, 440);
    const one = await verify(damaged, '--threads', '1');
    const { difference, streams, commits } = JSON.parse(one) as Report;
    assert.equal(difference?.reason, 'chain');
    assert.match(difference.message, /"account-90"/);
    assert.deepEqual([streams, commits], [90, 90 + LONG]);
    for (const threads of ['2', '2', '3', '4']) {
      assert.equal(await verify(damaged, '--threads', threads), one, `${threads} threads`);
    }
  });

  test('reports damage before any other difference, for any number of threads', async () => {
    const damaged = flippedIn('damage.db', 3);
    const database = new Sqlite(damaged);
    database.exec('update events set position = position + 1000 where position = (select max(position) from events)');
    database.close();
    const one = await verify(damaged, '--threads', '1');
    const { difference, streams } = JSON.parse(one) as Report;
    assert.match(difference!.message, /events\.position/);
    assert.equal(streams, 0);
    for (const threads of ['2', '3']) assert.equal(await verify(damaged, '--threads', threads), one);
  });

  test('continues with another number of threads after a difference', async () => {
    const resume = join(folder, 'threads.json');
    const damaged = flippedIn('resumed.db', 250);
    await verify(damaged, '--threads', '3', '--resume', resume);
    const { verification } = JSON.parse(readFileSync(resume, 'utf8'));
    assert.deepEqual([verification.extent.streams, verification.extent.last], [250, 'account-249']);
    // The intact file has the same streams.
    const rest = await verify(file, '--threads', '2', '--resume', resume);
    assert.equal(rest, await verify(file, '--threads', '1'));
    assert.ok(!existsSync(resume));
  });

  test('prints one JSON document, and no progress if standard error is not a terminal', async () => {
    const { status, stdout, stderr } = await decidable(['verify', '--store', file, '--json']);
    assert.deepEqual([status, stderr], [0, '']);
    const { isIntact, streams, commits } = JSON.parse(stdout) as Report;
    assert.deepEqual([isIntact, streams, commits], [true, STREAMS, STREAMS + LONG]);
  });

  test('shows its progress on a terminal, and keeps it out of the output', {
    skip: skipWithoutTerminal(),
  }, async () => {
    const output = join(folder, 'output.json');
    const program = [process.execPath, '--conditions=decidable-source', PROGRAM, 'verify', '--store', file, '--json'];
    const command = `${program.map((word) => `'${word}'`).join(' ')} > '${output}'`;
    const { CI: _ci, ...environment } = programEnvironment();
    const env = { ...environment, TERM: 'xterm' };
    const { stdout: shown, status } = await ended(
      spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd: BANK, env }),
    );
    assert.equal(status, 0, shown);
    assert.match(shown, /comparing tables with indexes/);
    const counts = [...shown.matchAll(/equal to the records so far: (\d+) streams/g)].map(([, streams]) =>
      Number(streams),
    );
    assert.ok(counts.length > 0, shown);
    assert.deepEqual(
      counts,
      counts.toSorted((one, other) => one - other),
    );
    assert.ok(counts.at(-1)! <= STREAMS);
    assert.equal((JSON.parse(readFileSync(output, 'utf8')) as Report).streams, STREAMS);
  });
});

/** A terminal is made by `script` of util-linux. The programs of the same name in other systems have other options. */
function skipWithoutTerminal(): string | false {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' });
  if (/util-linux/.test(String(stdout))) return false;
  if (process.env['CI'] === 'true') throw new Error('expected `script` of util-linux; install the package bsdutils');
  return 'needs `script`; install util-linux (on Debian, the package bsdutils)';
}
