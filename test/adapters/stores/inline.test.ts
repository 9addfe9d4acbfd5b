/** Inline read models, which are updated in the transaction of each append. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  createEventSourcer,
  defineProjector,
  defineSystem,
  inline,
  isCommandFailure,
  ProcessorStopped,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { defineTables } from 'decidable/tables';
import { decision } from 'decidable/testing';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { account } from '../../core/processors/transfers.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-inline-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const newFile = () => join(folder, `${files++}.db`);
const open = (file = newFile()) => createSqliteStore({ file, durability: 'normal' });

const { Open, Deposit } = account.commands;

const sums = defineProjector({
  name: 'sums',
  version: '1',
  state: z.object({ sum: z.int(), events: z.int() }),
  events: { Deposited: account.events.Deposited },
  key: ({ data }) => data.accountId,
  initialState: { sum: 0, events: 0 },
  project: {
    Deposited: (document, { amount }) => {
      if (amount === 13) throw new Error('thirteen cannot be added');
      document.sum += amount;
      document.events++;
    },
  },
});

const lines = defineTables({
  name: 'lines',
  version: '1',
  events: { Deposited: account.events.Deposited },
  create: (db: Kysely<{ lines: { amount: number } }>) => [
    db.schema.createTable('lines').addColumn('amount', 'integer', (column) => column.unique()),
  ],
  handle: { Deposited: ({ insert }, { amount }) => insert('lines', { amount }) },
});

const bank = defineSystem({ name: 'bank', deciders: [account], readModels: [inline(sums)] });

describe('an inline document read model', () => {
  test('has the changes of a command when the command has returned', async () => {
    await using store = open();
    await using running = await bank.start({ store });
    await running.dispatch(Open({ accountId: 'a' }));
    for (let amount = 1; amount <= 12; amount++) {
      await running.dispatch(Deposit({ accountId: 'a', amount }));
      const document = await running.readModel(sums).get('a');
      assert.deepEqual(document, { sum: (amount * (amount + 1)) / 2, events: amount });
    }
  });

  test('counts each event once, although commands are appended together and the processor runs too', async () => {
    await using store = open();
    await using running = await bank.start({ store });
    await running.dispatch(Open({ accountId: 'a' }));
    const commands = Array.from({ length: 40 }, () => running.dispatch(Deposit({ accountId: 'a', amount: 1 })));
    await Promise.all(commands);
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 40, events: 40 });
    await running.settled();
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 40, events: 40 });
  });

  test('refuses a command whose event it cannot process, and nothing is stored', async () => {
    await using store = open();
    await using running = await bank.start({ store });
    await running.dispatch(Open({ accountId: 'a' }));
    const together = await Promise.allSettled([
      running.dispatch(Deposit({ accountId: 'a', amount: 1 })),
      running.dispatch(Deposit({ accountId: 'a', amount: 13 }), { commandId: 'poison' }),
      running.dispatch(Deposit({ accountId: 'b', amount: 5 })),
    ]);
    const [, refused] = together;
    assert.ok(refused?.status === 'rejected' && isCommandFailure(refused.reason, 'fault'));
    assert.equal(refused.reason.payload.val.code, 'inline-projection-failed');
    assert.deepEqual(
      together.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    );
    const types = (await store.readStream('account-a', { direction: 'forward' })).map(({ event }) => event.type);
    assert.deepEqual(types, ['Opened', 'Deposited']);
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 1, events: 1 });
    await running.dispatch(Deposit({ accountId: 'a', amount: 2 }), { commandId: 'poison after all' });
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 3, events: 2 });
  });

  test('shows the writes of a process without processors', async () => {
    await using store = open();
    await using running = await bank.start({ store, process: false });
    await running.dispatch(Open({ accountId: 'a' }));
    await running.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 5, events: 1 });
  });

  test('has caught up with the events of other programs when the system has started', async () => {
    await using store = open();
    const sourcer = createEventSourcer({ store, modules: [account] });
    await sourcer.dispatch(Open({ accountId: 'a' }));
    for (const amount of [5, 7]) await sourcer.dispatch(Deposit({ accountId: 'a', amount }));
    await using running = await bank.start({ store });
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 12, events: 2 });
  });

  test('processes the events of a process that does not run the system, with the next append at the latest', async () => {
    const file = newFile();
    await using store = open(file);
    await using other = open(file);
    // Without processors, only an append of this process can process them.
    await using running = await bank.start({ store, process: false });
    const foreign = createEventSourcer({ store: other, modules: [account] });
    await foreign.dispatch(Open({ accountId: 'a' }));
    await foreign.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    await running.dispatch(Open({ accountId: 'b' }));
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 5, events: 1 });
  });

  test('processes any number of missed events before the next appends, and counts each once', async () => {
    const file = newFile();
    await using store = open(file);
    await using other = open(file);
    await using running = await bank.start({ store, process: false });
    const foreign = createEventSourcer({ store: other, modules: [account] });
    await foreign.dispatch(Open({ accountId: 'a' }));
    const missed = 3_500;
    for (let index = 0; index < missed; index += 500) {
      await Promise.all(Array.from({ length: 500 }, () => foreign.dispatch(Deposit({ accountId: 'a', amount: 1 }))));
    }
    // They arrive together, so that they share a transaction, before the read model can process any of them.
    await Promise.all(['b', 'c', 'd'].map((accountId) => running.dispatch(Open({ accountId }))));
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: missed, events: missed });
    await running.dispatch(Deposit({ accountId: 'a', amount: 2 }));
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: missed + 2, events: missed + 1 });
  });

  test('processes the longest decision that a store accepts', async () => {
    await using store = open();
    await using running = await bank.start({ store });
    await running.dispatch(Open({ accountId: 'a' }));
    const deposited = account.types.event.toEnvelope(account.events.Deposited({ accountId: 'a', amount: 1 }));
    const events = Array.from({ length: 1_000 }, () => deposited);
    await store.append('account-a', events, { tag: 'any' }, decision());
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 1_000, events: 1_000 });
  });

  test('refuses an append if one of many missed events cannot be processed, and has processed those before', async () => {
    const file = newFile();
    await using store = open(file);
    await using other = open(file);
    await using running = await bank.start({ store, process: false });
    const foreign = createEventSourcer({ store: other, modules: [account] });
    await foreign.dispatch(Open({ accountId: 'a' }));
    for (const amount of [1, 13]) {
      await Promise.all(Array.from({ length: 2_000 }, () => foreign.dispatch(Deposit({ accountId: 'a', amount }))));
    }
    const refused = running.dispatch(Open({ accountId: 'b' }));
    await assert.rejects(refused, (error) => isCommandFailure(error, 'fault'));
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 2_000, events: 2_000 });
    assert.equal((await store.readStream('account-b', { direction: 'forward' })).length, 0);
  });

  test('processes the events of a process that does not run the system in its processor', async () => {
    const file = newFile();
    await using store = open(file);
    await using other = open(file);
    await using running = await bank.start({ store });
    const foreign = createEventSourcer({ store: other, modules: [account] });
    await foreign.dispatch(Open({ accountId: 'a' }));
    const { position } = await foreign.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    await running.caughtUp(position);
    await running.dispatch(Deposit({ accountId: 'a', amount: 1 }));
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 6, events: 2 });
    await running.dispatch(Open({ accountId: 'b' }));
    await foreign.dispatch(Deposit({ accountId: 'a', amount: 2 }));
    await running.caughtUp();
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 8, events: 3 });
  });

  test('is exact if two processes of the system write alternately', async () => {
    const file = newFile();
    await using store = open(file);
    await using other = open(file);
    const both = [await bank.start({ store }), await bank.start({ store: other })];
    await both[0]!.dispatch(Open({ accountId: 'a' }));
    for (let index = 1; index <= 20; index++) {
      const running = both[index % 2]!;
      await running.dispatch(Deposit({ accountId: 'a', amount: 1 }));
      assert.deepEqual(await running.readModel(sums).get('a'), { sum: index, events: index });
    }
    for (const running of both) await running.stop();
  });

  test('parks the events of a key after a parked one, and processes them in order after a retry', async () => {
    await using store = open();
    const sourcer = createEventSourcer({ store, modules: [account] });
    await sourcer.dispatch(Open({ accountId: 'a' }));
    await sourcer.dispatch(Deposit({ accountId: 'a', amount: 13 }));
    await using running = await bank.start({ store, failurePolicy: { finally: 'park' } });
    await running.dispatch(Deposit({ accountId: 'a', amount: 2 }));
    assert.deepEqual(
      (await running.parked.list()).map(({ reason }) => reason?.code),
      ['project-failed', undefined],
    );
    assert.equal(await running.readModel(sums).get('a'), undefined);
    await running.parked.drop({ name: 'sums', version: '1' }, 'a', 'first');
    while ((await running.parked.list()).length > 0) await store.processors.awaitChange();
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 2, events: 1 });
  });

  test('prevents a system from starting while an earlier event stops it', async () => {
    await using store = open();
    const sourcer = createEventSourcer({ store, modules: [account] });
    await sourcer.dispatch(Open({ accountId: 'a' }));
    await sourcer.dispatch(Deposit({ accountId: 'a', amount: 13 }));
    await assert.rejects(bank.start({ store }), (error) => error instanceof ProcessorStopped);
  });

  test('ends with its system, so later appends to the same store do not update it', async () => {
    await using store = open();
    const running = await bank.start({ store });
    await running.dispatch(Open({ accountId: 'a' }));
    await running.stop();
    await createEventSourcer({ store, modules: [account] }).dispatch(Deposit({ accountId: 'a', amount: 13 }));
    assert.equal(await running.readModel(sums).get('a'), undefined);
  });

  test('is rebuilt like any other', async () => {
    await using store = open();
    await using running = await bank.start({ store });
    await running.dispatch(Open({ accountId: 'a' }));
    await running.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    await running.rebuild(sums);
    await running.dispatch(Deposit({ accountId: 'a', amount: 1 }));
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 6, events: 2 });
  });

  test('is not written by the code that was used before a rebuild', async () => {
    const file = newFile();
    await using store = open(file);
    await using other = open(file);
    const counts = defineProjector({
      name: 'sums',
      version: '1',
      state: z.object({ sum: z.int(), events: z.int() }),
      events: { Deposited: account.events.Deposited },
      key: ({ data }) => data.accountId,
      initialState: { sum: 0, events: 0 },
      project: { Deposited: (document) => void document.events++ },
    });
    await using old = await bank.start({ store, process: false });
    await old.dispatch(Open({ accountId: 'a' }));
    const system = defineSystem({ name: 'bank', deciders: [account], readModels: [inline(counts)] });
    await using tool = await system.start({ store: other, process: false });
    await tool.rebuild(counts);
    await old.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    assert.equal(await tool.readModel(counts).get('a'), undefined);
    await tool.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    assert.deepEqual(await tool.readModel(counts).get('a'), { sum: 0, events: 2 });
  });

  test('is refused by a store that does not support it', async () => {
    await using store = createMemoryStore();
    await assert.rejects(bank.start({ store }), { code: 'unsupported-by-store' });
  });

  test('is refused in a store that is not that of the events', async () => {
    await using store = open();
    await using other = open();
    const starting = bank.start({ store, processors: other.processors });
    await assert.rejects(starting, { code: 'invalid-definition', payload: { place: 'sums' } });
  });

  test('can be created from a read model only', () => {
    assert.throws(() => inline(account), { code: 'invalid-definition', payload: { place: 'inline' } });
  });
});

describe('an inline table read model', () => {
  test('has the changes of a command, and refuses a command that breaks a constraint', async () => {
    await using store = open();
    const system = defineSystem({ name: 'bank', deciders: [account], readModels: [inline(lines)] });
    await using running = await system.start({ store });
    await using reader = running.readModel(lines);
    await running.dispatch(Open({ accountId: 'a' }));
    await running.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    assert.deepEqual(await reader.db.selectFrom('lines').selectAll().execute(), [{ amount: 5 }]);
    await assert.rejects(running.dispatch(Deposit({ accountId: 'a', amount: 5 })), (error) =>
      isCommandFailure(error, 'fault'),
    );
    assert.equal((await store.readStream('account-a', { direction: 'forward' })).length, 2);
    await running.dispatch(Deposit({ accountId: 'a', amount: 6 }));
    assert.equal((await reader.db.selectFrom('lines').selectAll().execute()).length, 2);
  });
});
