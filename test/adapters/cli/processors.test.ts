/** Commands that read and change the state of processors. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { createSqliteStore } from 'decidable/sqlite';
import { balances } from '../../core/processors/transfers.ts';
import { nextBank } from './bank/next.config.ts';
import { bank } from './bank/system.ts';
import { bankFile, decidable, newFile, parkedFile, recordsOf } from './program.ts';

const file = await parkedFile();
const before = readFileSync(file);

async function json(...args: readonly string[]) {
  const { status, stdout, stderr } = await decidable([...args, '--store', file, '--json']);
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout);
}

interface Subscription {
  readonly name: string;
  readonly state: string;
  readonly lag: string;
  readonly parked: number;
  readonly holders: readonly string[];
  readonly shares: readonly { readonly holder?: string }[];
}

describe('decidable subscriptions', () => {
  test('prints the lag and the parked events of each processor as JSON', async () => {
    const subscriptions: readonly Subscription[] = await json('subscriptions');
    assert.deepEqual(
      subscriptions.map(({ name, state, lag, parked }) => [name, state, lag, parked]),
      [
        ['balances', 'waiting', '0', 0],
        ['receipts', 'waiting', '0', 2],
        ['statements', 'waiting', '0', 0],
        ['transfers', 'waiting', '0', 0],
        ['transfers/commands', 'waiting', '0', 0],
      ],
    );
  });

  test('prints the holders of the shares while a process runs', async () => {
    const followed = await bankFile();
    await using store = createSqliteStore({ file: followed });
    await using _running = await bank.start({ store });
    const { stdout } = await decidable(['subscriptions', '--store', followed, '--json']);
    for (const { state, holders, shares } of JSON.parse(stdout) as readonly Subscription[]) {
      assert.deepEqual([state, holders.length], ['running', 1]);
      assert.ok(shares.every(({ holder }) => holder === holders[0]));
    }
  });

  test('lists the parts that have never run on the store', async () => {
    const empty = newFile();
    await createSqliteStore({ file: empty }).close();
    const { stdout } = await decidable(['subscriptions', '--store', empty, '--json']);
    assert.deepEqual(
      (JSON.parse(stdout) as readonly Subscription[]).map(({ name, state }) => [name, state]),
      ['transfers', 'transfers/commands', 'balances', 'statements', 'receipts'].map((name) => [name, 'new']),
    );
  });

  test('prints a table with each share for people', async () => {
    const { stdout } = await decidable(['subscriptions', '--store', file, '--shares']);
    assert.match(stdout, /^name +version +kind +state +position +lag +shares held +processes +parked$/m);
    assert.match(stdout, /^receipts +1 +reactor +waiting +\d+ +0 +0 of 8 +0 +2$/m);
    assert.match(stdout, /^receipts +1 +7 +\d+$/m);
  });

  test('prints the reason why a processor has stopped', async () => {
    const stopped = await bankFile(13);
    {
      await using store = createSqliteStore({ file: stopped });
      await using running = await bank.start({ store, failurePolicy: { retries: 0, finally: 'stop' } });
      await assert.rejects(running.settled(), { code: 'processor-stopped' });
    }
    const { stdout } = await decidable(['subscriptions', '--store', stopped]);
    assert.match(stdout, /receipts has stopped at position \d+ at .*no receipt for 13/);
  });
});

describe('decidable parked', () => {
  test('lists parked events with their reasons in a table', async () => {
    const { stdout } = await decidable(['parked', '--store', file]);
    assert.match(stdout, /^receipts +account-a +\d+ +Deposited +1 .*no receipt for 13$/m);
    assert.match(stdout, /^receipts +account-a +\d+ +Deposited +0 .*waits for an earlier event/m);
  });

  test('lists the parked events of a processor as JSON', async () => {
    const parked: readonly { readonly key: string; readonly event: { readonly data: unknown } }[] = await json(
      'parked',
      'list',
      '--subscription',
      'receipts@1',
    );
    assert.deepEqual(
      parked.map(({ key, event }) => [key, event.data]),
      [
        ['account-a', { accountId: 'a', amount: 13 }],
        ['account-a', { accountId: 'a', amount: 5 }],
      ],
    );
  });

  test('shows the events of a key with the reason', async () => {
    const { stdout } = await decidable(['parked', 'show', 'receipts', 'account-a', '--store', file]);
    assert.match(
      stdout,
      /Deposited {2}\{"accountId":"a","amount":13\}\n.*parked .* after 1 attempt\n +no receipt for 13/,
    );
  });

  test('exits with 4 if no event of the key is parked, or the processor does not exist', async () => {
    for (const [name, key] of [
      ['receipts', 'account-b'],
      ['recepits', 'account-a'],
    ] as const) {
      const { status } = await decidable(['parked', 'show', name, key, '--store', file]);
      assert.equal(status, 4);
    }
  });

  test('retries the events of a key in order when the system runs', async () => {
    const retried = await parkedFile();
    const asked = await decidable(['parked', 'retry', 'receipts', 'account-a', '--store', retried, '--json']);
    const { events, isRunning } = JSON.parse(asked.stdout);
    assert.deepEqual([asked.status, events, isRunning], [0, 2, false]);
    await decidable(['run', '--once', '--store', retried], { env: { RECEIPTS: 'mended' } });
    await using store = createSqliteStore({ file: retried, readOnly: true });
    assert.deepEqual(await store.processors.listParked(), []);
  });

  test('drops the first event of a key, or all of them', async () => {
    const dropped = await parkedFile();
    const counts: number[] = [];
    for (const flags of [[], ['--all']]) {
      const { stdout } = await decidable([
        'parked',
        'drop',
        'receipts',
        'account-a',
        '--store',
        dropped,
        '--json',
        ...flags,
      ]);
      counts.push(JSON.parse(stdout).events);
    }
    assert.deepEqual(counts, [1, 1]);
    await using store = createSqliteStore({ file: dropped, readOnly: true });
    assert.deepEqual(await store.processors.listParked(), []);
  });
});

describe('decidable read-models', () => {
  test('lists the read models without the other processors', async () => {
    const models: readonly Subscription[] = await json('read-models', 'list');
    assert.deepEqual(
      models.map(({ name }) => name),
      ['balances', 'statements'],
    );
  });

  test('prints a document', async () => {
    assert.deepEqual(await json('read-models', 'get', 'balances', 'b'), { balance: 30 });
  });

  test('prints all documents in the order of their keys, one in a line', async () => {
    const { stdout } = await decidable(['read-models', 'get', 'balances', '--store', file, '--json']);
    const records = recordsOf<{ readonly key: string; readonly document: unknown }>(stdout);
    assert.deepEqual(
      records.map(({ key, document }) => [key, document]),
      [
        ['a', { balance: 88 }],
        ['b', { balance: 30 }],
      ],
    );
  });

  test('prints the rows of the only table, one JSON object in a line', async () => {
    const { stdout } = await decidable(['read-models', 'get', 'statements', '--store', file, '--json']);
    assert.deepEqual(recordsOf(stdout), [
      { account: 'a', amount: 100 },
      { account: 'b', amount: 30 },
      { account: 'a', amount: 13 },
      { account: 'a', amount: 5 },
    ]);
  });

  test('prints the rows of a table that is named, up to the limit, in columns', async () => {
    const args = ['get', 'statements', '--table', 'statements', '--limit', '2', '--store', file];
    const { stdout } = await decidable(['read-models', ...args]);
    assert.equal(stdout, 'account  amount\na           100\nb            30\n');
  });

  test('exits with 4 for a document or a table that does not exist', async () => {
    for (const args of [
      ['balances', 'z'],
      ['statements', '--table', 'lines'],
    ]) {
      const { status } = await decidable(['read-models', 'get', ...args, '--store', file]);
      assert.equal(status, 4, args.join(' '));
    }
  });

  test('exits with 2 for a key of tables and for a table of documents', async () => {
    for (const args of [
      ['statements', 'a'],
      ['balances', '--table', 'balances'],
    ]) {
      const { status } = await decidable(['read-models', 'get', ...args, '--store', file]);
      assert.equal(status, 2, args.join(' '));
    }
  });
});

describe('decidable read-models rebuild', () => {
  test('builds the documents again from the events', async () => {
    const damaged = await bankFile();
    new Sqlite(damaged).exec('delete from documents').close();
    const { status, stdout } = await decidable(['read-models', 'rebuild', 'balances', '--store', damaged, '--json']);
    assert.deepEqual([status, JSON.parse(stdout)], [0, { name: 'balances', version: '1', events: 5 }]);
    await using store = createSqliteStore({ file: damaged });
    await using running = await bank.start({ store, process: false });
    assert.deepEqual(await running.readModel(balances).get('a'), { balance: 70 });
  });

  test('accepts a changed definition', async () => {
    const changed = await bankFile();
    const options = ['--store', changed, '--config', 'changed.config.ts'];
    assert.equal((await decidable(['read-models', 'rebuild', 'balances', ...options])).status, 0);
    const { stdout } = await decidable(['read-models', 'get', 'balances', 'a', '--json', ...options]);
    assert.deepEqual(JSON.parse(stdout), { balance: 7_000 });
  });

  test('exits with 4 if the system has no such read model', async () => {
    const { status } = await decidable(['read-models', 'rebuild', 'balance', '--store', file]);
    assert.equal(status, 4);
  });
});

describe('decidable read-models drop', async () => {
  const twice = await bankFile();
  {
    await using store = createSqliteStore({ file: twice });
    await using running = await nextBank.start({ store });
    await running.caughtUp();
  }
  const next = ['--store', twice, '--json', '--config', 'next.config.ts'];

  test('exits with 2 for the version that readers use', async () => {
    const { status, stderr } = await decidable(['read-models', 'drop', 'balances@2', ...next]);
    assert.deepEqual([status, JSON.parse(stderr).error.code], [2, 'usage']);
  });

  test('exits with 4 for a version that does not exist', async () => {
    const { status } = await decidable(['read-models', 'drop', 'balances@3', ...next]);
    assert.equal(status, 4);
  });

  test('drops the versions that were replaced, with --old', async () => {
    const { status, stdout } = await decidable(['read-models', 'drop', '--old', ...next]);
    assert.deepEqual([status, JSON.parse(stdout)], [0, [{ name: 'balances', version: '1' }]]);
  });

  test('drops one version of a read model that the system no longer has', async () => {
    const { status } = await decidable(['read-models', 'drop', 'statements@1', ...next]);
    assert.equal(status, 0);
    await using store = createSqliteStore({ file: twice, readOnly: true });
    const left = (await store.processors.listSubscriptions()).map(({ subscription }) => subscription.name);
    assert.ok(!left.includes('statements'));
  });
});

describe('a configuration with another store for processors', async () => {
  const [events, processors] = [newFile(), newFile()];
  const elsewhere = {
    env: { EVENTS: events, PROCESSORS: processors, RECEIPTS: 'mended' },
  };
  const run = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await decidable(
      [...args, '--json', '--config', 'elsewhere.config.ts'],
      elsewhere,
    );
    assert.equal(status, 0, stderr);
    return stdout;
  };
  await run('dispatch', 'Open', '{"accountId":"a"}');
  await run('dispatch', 'Deposit', '{"accountId":"a","amount":5}');
  await run('run', '--once');

  test('keeps checkpoints, documents and tables in that store', async () => {
    await using store = createSqliteStore({ file: events, readOnly: true });
    assert.deepEqual(await store.processors.listSubscriptions(), []);
    await using other = createSqliteStore({ file: processors, readOnly: true });
    assert.equal((await other.processors.listSubscriptions()).length, 5);
    assert.deepEqual(await other.readAll({ direction: 'forward', categories: [], eventTypes: [], events: [] }), []);
  });

  test('is used by the commands that read, rebuild and watch', async () => {
    assert.deepEqual(JSON.parse(await run('read-models', 'get', 'balances', 'a')), { balance: 5 });
    assert.deepEqual(recordsOf(await run('read-models', 'get', 'statements')), [{ account: 'a', amount: 5 }]);
    assert.equal(JSON.parse(await run('read-models', 'rebuild', 'balances')).events, 2);
    const subscriptions = JSON.parse(await run('subscriptions')) as readonly Subscription[];
    assert.deepEqual(
      subscriptions.map(({ lag, state }) => [lag, state]),
      subscriptions.map(() => ['0', 'waiting']),
    );
  });

  test('is not used with --store without --processors, because checkpoints belong to the events of their store', async () => {
    const { stdout } = await decidable(
      ['subscriptions', '--json', '--config', 'elsewhere.config.ts', '--store', events],
      elsewhere,
    );
    assert.ok((JSON.parse(stdout) as readonly Subscription[]).every(({ state }) => state === 'new'));
    const named = ['--store', events, '--processors', processors];
    const { stdout: both } = await decidable(['subscriptions', '--json', ...named]);
    assert.ok((JSON.parse(both) as readonly Subscription[]).every(({ state }) => state === 'waiting'));
  });
});

test('no reading command has changed the file', () => {
  assert.deepEqual(readFileSync(file), before);
});
