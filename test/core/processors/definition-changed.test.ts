/**
 * A definition that has changed in the same version. Its rows and states belong to other code, so the system does
 * not start.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import {
  DefinitionChanged,
  defineEventHandler,
  defineProjector,
  defineReactor,
  defineSystem,
  type ProcessorStopped,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { defineTables, type TableChanges } from 'decidable/tables';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import { account } from './transfers.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-changed-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
const stores = {
  memory: () => createMemoryStore(),
  SQLite: () => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' }),
};
type Store = ReturnType<(typeof stores)[keyof typeof stores]>;
interface Startable {
  start(options: { store: Store; process?: boolean; acceptChanges?: string[] }): Promise<{ stop(): Promise<void> }>;
}

const { Deposited, Withdrawn } = account.events;

function documents(
  options: {
    state?: z.ZodType<{ sum: number }>;
    key?: (event: { data: { accountId: string } }) => string;
    initial?: number;
    project?: (document: { sum: number }, data: { amount: number }) => void;
    withdrawals?: boolean;
  } = {},
) {
  const { state = z.object({ sum: z.int() }), initial = 0, withdrawals = false } = options;
  const project =
    options.project ??
    ((document, { amount }) => {
      document.sum += amount;
    });
  const shared = { name: 'sums', version: '1', state, initialState: { sum: initial } };
  const key = options.key ?? (({ data }) => data.accountId);
  const model = withdrawals
    ? defineProjector({
        ...shared,
        key,
        events: { Deposited, Withdrawn },
        project: { Deposited: project, Withdrawn: project },
      })
    : defineProjector({ ...shared, key, events: { Deposited }, project: { Deposited: project } });
  return defineSystem({ name: 'bank', deciders: [account], readModels: [model] }) as unknown as Startable;
}

interface Lines {
  lines: { amount: number };
}

function tables(handle: object, column = 'amount') {
  const model = defineTables({
    name: 'lines',
    version: '1',
    events: { Deposited },
    create: (db: Kysely<Lines>) => [db.schema.createTable('lines').addColumn(column, 'integer')],
    handle: { Deposited: handle as never },
  });
  return defineSystem({ name: 'bank', deciders: [account], readModels: [model] }) as unknown as Startable;
}

function process(handle: () => []) {
  const manager = defineEventHandler({
    name: 'closings',
    version: '1',
    state: z.object({}),
    events: { Deposited },
    commands: { Close: account.commands.Close },
    key: ({ data }) => data.accountId,
    initialState: {},
    evolve: {},
    handle: { Deposited: handle },
  });
  return defineSystem({ name: 'bank', deciders: [account], processManagers: [manager] }) as unknown as Startable;
}

function reactor(events: object, react: () => void) {
  const handlers = Object.fromEntries(Object.keys(events).map((type) => [type, react]));
  const part = defineReactor({ name: 'receipts', version: '1', events: events as never, react: handlers as never });
  return defineSystem({ name: 'bank', deciders: [account], reactors: [part] }) as unknown as Startable;
}

const started = async (store: Store, system: Startable, options: object = {}): Promise<void> =>
  (await system.start({ store, ...options })).stop();

async function assertChanged(starting: Promise<unknown>, ...changes: string[]): Promise<void> {
  await assert.rejects(starting, (error) => {
    assert.ok(error instanceof DefinitionChanged);
    assert.deepEqual(error.changes, changes);
    return true;
  });
}

for (const [name, open] of Object.entries(stores)) {
  describe(`a changed definition on the ${name} store`, () => {
    for (const [change, system, places] of [
      ['the code of a handler', documents({ project: (document) => void document.sum++ }), ['project.Deposited']],
      ['the key', documents({ key: ({ data }) => `account ${data.accountId}` }), ['key']],
      ['the schema of the documents', documents({ state: z.object({ sum: z.number() }) }), ['state']],
      ['the initial document', documents({ initial: 1 }), ['initialState']],
      ['the events', documents({ withdrawals: true }), ['events', 'project.Withdrawn']],
    ] as const) {
      test(`is refused if ${change} of a document read model changed`, async () => {
        await using store: Store = open();
        await started(store, documents());
        await assertChanged(started(store, system), ...places);
        await started(store, documents());
      });
    }

    test('is refused if the code of a process manager changed', async () => {
      await using store: Store = open();
      await started(
        store,
        process(() => []),
      );
      await assertChanged(
        started(
          store,
          process(() => {
            return [];
          }),
        ),
        'handle.Deposited',
      );
    });

    test('is refused for a reactor only if its events changed, because no stored data depends on its code', async () => {
      await using store: Store = open();
      const system = reactor({ Deposited }, () => undefined);
      await started(store, system);
      await started(
        store,
        reactor({ Deposited }, () => void files),
      );
      await assertChanged(
        started(
          store,
          reactor({ Deposited, Withdrawn }, () => undefined),
        ),
        'events',
      );
    });

    test('is accepted once if the program declares it to be equivalent', async () => {
      await using store: Store = open();
      await started(store, documents());
      const changed = documents({ project: (document) => void document.sum++ });
      await started(store, changed, { acceptChanges: ['sums'] });
      await started(store, changed);
      await assertChanged(started(store, documents()), 'project.Deposited');
    });

    test('is accepted by a rebuild', async () => {
      await using store: Store = open();
      await started(store, documents());
      const model = defineProjector({
        name: 'sums',
        version: '1',
        state: z.object({ count: z.int() }),
        events: { Deposited },
        key: ({ data }) => data.accountId,
        initialState: { count: 0 },
        project: { Deposited: (document) => void document.count++ },
      });
      const system = defineSystem({ name: 'bank', deciders: [account], readModels: [model] });
      {
        await using tool = await system.start({ store, process: false });
        await tool.dispatch(account.commands.Open({ accountId: 'a' }));
        await tool.dispatch(account.commands.Deposit({ accountId: 'a', amount: 5 }));
        await tool.rebuild(model);
      }
      await using running = await system.start({ store });
      assert.deepEqual(await running.readModel(model).get('a'), { count: 1 });
    });

    test('stops a process that runs the definition that was replaced by a rebuild', async () => {
      await using store: Store = open();
      const modelOf = (project: (document: { sum: number }) => void) =>
        defineProjector({
          name: 'sums',
          version: '1',
          state: z.object({ sum: z.int() }),
          events: { Deposited },
          key: ({ data }) => data.accountId,
          initialState: { sum: 0 },
          project: { Deposited: project },
        });
      const old = modelOf((document) => void document.sum++);
      const present = modelOf((document) => void document.sum--);
      const systemOf = (model: typeof old) => defineSystem({ name: 'bank', deciders: [account], readModels: [model] });
      await using running = await systemOf(old).start({ store, lease: 300 });
      await using tool = await systemOf(present).start({ store, process: false });
      await running.dispatch(account.commands.Open({ accountId: 'a' }));
      await tool.rebuild(present);
      const { position } = await running.dispatch(account.commands.Deposit({ accountId: 'a', amount: 5 }));
      await assert.rejects(running.caughtUp(position), (error: ProcessorStopped) => error.reason.code === 'superseded');
      assert.equal(await running.readModel(old).get('a'), undefined);
    });

    test('is refused before another part of the system takes over from its previous version', async () => {
      await using store: Store = open();
      const systemOf = (version: string, amounts: number) =>
        defineSystem({
          name: 'bank',
          deciders: [account],
          readModels: [
            defineProjector({
              name: 'sums',
              version: '1',
              state: z.object({ sum: z.int() }),
              events: { Deposited },
              key: ({ data }) => data.accountId,
              initialState: { sum: amounts },
              project: { Deposited: () => undefined },
            }),
          ],
          reactors: [
            defineReactor({ name: 'receipts', version, events: { Deposited }, react: { Deposited: () => {} } }),
          ],
        }) as unknown as Startable;
      await started(store, systemOf('1', 0));
      await assertChanged(started(store, systemOf('2', 1)), 'initialState');
      const versions = (await store.processors.listSubscriptions()).map(({ subscription }) => subscription.version);
      assert.deepEqual(versions, ['1', '1']);
    });

    test('may be accepted only by the names of parts', async () => {
      await using store: Store = open();
      for (const acceptChanges of [['sumz'], 'sums']) {
        await assert.rejects(started(store, documents(), { acceptChanges }), {
          code: 'invalid-definition',
          payload: { place: 'bank.start.acceptChanges' },
        });
      }
    });
  });
}

describe('a changed table read model', () => {
  const insert = ({ insert }: TableChanges<Lines>, { amount }: { amount: number }) => insert('lines', { amount });

  for (const [change, before, now, places] of [
    ['a handler', tables(insert), tables(() => undefined), ['handle.Deposited']],
    ['a table', tables(insert), tables(insert, 'sum'), ['create']],
  ] as const) {
    test(`is refused if ${change} changed`, async () => {
      await using store = stores.SQLite();
      await started(store, before);
      await assertChanged(started(store, now), ...places);
    });
  }
});
