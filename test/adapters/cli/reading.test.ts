/** Commands that read a store. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { createSqliteStore } from 'decidable/sqlite';
import { account } from '../../core/processors/transfers.ts';
import { bank } from './bank/system.ts';
import { bankFile, decidable, ended, folder, recordsOf, start } from './program.ts';

const file = await bankFile();
const before = readFileSync(file);

interface EventRecord {
  readonly position: string;
  readonly stream: string;
  readonly revision: string;
  readonly type: string;
  readonly data?: unknown;
  readonly payload?: string;
  readonly decodedBy: string;
}

async function eventsOf(...args: readonly string[]): Promise<readonly EventRecord[]> {
  const { status, stdout, stderr } = await decidable(['events', '--store', file, '--json', ...args]);
  assert.equal(status, 0, stderr);
  return recordsOf<EventRecord>(stdout);
}

describe('decidable events', () => {
  test('prints each event in a line, with its position, stream, revision, type and data', async () => {
    const { status, stdout } = await decidable(['events', '--store', file, '--limit', '3']);
    assert.equal(status, 0);
    const lines = stdout.trimEnd().split('\n');
    assert.equal(lines.length, 3);
    assert.match(lines[2] ?? '', /^ +3 {2}\d{4}-.*Z {2}account-a@1 {2}Deposited {2}\{"accountId":"a","amount":100\}$/);
  });

  test('prints the events of a category and a type as JSON, with 64-bit integers as strings', async () => {
    const events = await eventsOf('--category', 'account', '--type', 'Deposited');
    assert.deepEqual(
      events.map(({ stream, revision, data }) => [stream, revision, data]),
      [
        ['account-a', '1', { accountId: 'a', amount: 100 }],
        ['account-b', '1', { accountId: 'b', amount: 30 }],
      ],
    );
  });

  test('prints the events of a stream after a position, of one type', async () => {
    const events = await eventsOf('--stream', 'account-a', '--after', '1', '--type', 'Withdrawn', '--type', 'Opened');
    assert.deepEqual(
      events.map(({ type }) => type),
      ['Withdrawn'],
    );
  });

  test('prints the newest events first with --backward', async () => {
    const positions = (await eventsOf('--backward', '--limit', '2')).map(({ position }) => Number(position));
    assert.equal(positions.length, 2);
    assert.equal(positions[0], (positions[1] ?? 0) + 1);
  });

  test('decodes the reactions of a process with the commands in them', async () => {
    const events = await eventsOf('--category', 'transfers', '--type', 'CommandDispatched');
    assert.deepEqual(events[0]?.data, {
      command: { type: 'Withdraw', data: { accountId: 'a', amount: 30, transferId: 't' } },
    });
    assert.equal(events[0]?.decodedBy, 'transfers');
  });

  test('decodes events by their content type if there is no configuration', async () => {
    const { stdout } = await decidable(['events', '--store', file, '--json', '--limit', '1'], { cwd: folder });
    const [event] = recordsOf<EventRecord>(stdout);
    assert.deepEqual([event?.data, event?.decodedBy], [{ accountId: 'a' }, 'content-type']);
  });

  test('prints later events with --follow until Ctrl-C', async () => {
    const followed = await bankFile();
    await using store = createSqliteStore({ file: followed });
    const [last] = await store.readAll({ direction: 'backward', limit: 1, categories: [], eventTypes: [], events: [] });
    const child = start([
      'events',
      '--store',
      followed,
      '--json',
      '--follow',
      '--after',
      String(Number(last?.context.position) - 1),
    ]);
    const whole = ended(child);
    await once(child.stdout, 'data'); // The program has read the history.
    await using running = await bank.start({ store, process: false });
    await running.dispatch(account.commands.Deposit({ accountId: 'a', amount: 4 }));
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    const { status, stdout } = await whole;
    assert.deepEqual([status, recordsOf<EventRecord>(stdout).at(-1)?.data], [0, { accountId: 'a', amount: 4 }]);
  });

  test('ends without an error if the reader of its output has closed it', async () => {
    const child = start(['events', '--store', file]);
    child.stdout.destroy();
    const [stderr, [status]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    assert.deepEqual([status, stderr], [0, '']);
  });
});

describe('decidable state', () => {
  test('prints the newest state of a stream', async () => {
    const { status, stdout } = await decidable(['state', 'account-a', '--store', file]);
    assert.equal(status, 0);
    assert.match(stdout, /^account-a at revision 2, folded by account 1\n/);
    assert.deepEqual(JSON.parse(stdout.slice(stdout.indexOf('{'))), { open: true, balance: 70 });
  });

  test('prints the state at a revision as JSON', async () => {
    const { stdout } = await decidable(['state', 'account-a', '--revision', '0', '--store', file, '--json']);
    assert.deepEqual(JSON.parse(stdout), {
      stream: 'account-a',
      revision: '0',
      module: 'account',
      version: '1',
      state: { open: true, balance: 0 },
      decodedBy: 'account',
    });
  });

  test('prints the state of a process', async () => {
    const { stdout } = await decidable(['state', 'transfers-t', '--store', file, '--json']);
    assert.equal(JSON.parse(stdout).state.inner.amount, 30);
  });

  test('exits with 4 if the stream has no events', async () => {
    const { status, stderr } = await decidable(['state', 'account-z', '--store', file, '--json']);
    assert.deepEqual([status, JSON.parse(stderr).error.code], [4, 'not-found']);
  });

  test('exits with 2 if the stream does not reach the revision', async () => {
    const { status, stderr } = await decidable(['state', 'account-a', '--revision', '99', '--store', file, '--json']);
    assert.deepEqual([status, JSON.parse(stderr).error.code], [2, 'invalid-argument']);
  });
});

describe('decidable decision', () => {
  test('prints an accepted decision with its events as JSON', async () => {
    const { status, stdout } = await decidable(['decision', 'deposit-1', '--store', file, '--json']);
    const { stream, actor, command, outcome, events } = JSON.parse(stdout);
    assert.equal(status, 0);
    assert.deepEqual([stream, actor, outcome], ['account-a', 'Ada', { tag: 'accepted' }]);
    assert.deepEqual(command.data, { accountId: 'a', amount: 100 });
    assert.deepEqual(
      events.map(({ type }: EventRecord) => type),
      ['Deposited'],
    );
  });

  test('prints a rejection', async () => {
    const { stdout } = await decidable(['decision', 'withdraw-1', '--store', file]);
    assert.match(stdout, /^outcome +rejected: .*\(insufficient-funds\)$/m);
  });

  test('exits with 4 if the command was never decided', async () => {
    const { status } = await decidable(['decision', 'never', '--store', file]);
    assert.equal(status, 4);
  });
});

test('no reading command has changed the file, or left another one next to it', () => {
  assert.deepEqual(readFileSync(file), before);
  assert.deepEqual([existsSync(`${file}-wal`), existsSync(`${file}-shm`)], [false, false]);
});
