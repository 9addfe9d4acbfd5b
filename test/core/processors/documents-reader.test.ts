/** The reader of a running system lists documents in pages. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DefinitionError, defineProjector, defineSystem } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import fc from 'fast-check';
import { z } from 'zod';
import { account } from './transfers.ts';

const opened = defineProjector({
  name: 'opened',
  version: '1',
  state: z.object({ times: z.int() }),
  events: { Opened: account.events.Opened },
  key: ({ data }) => data.accountId,
  initialState: { times: 0 },
  project: {
    Opened: (document) => {
      document.times++;
    },
  },
});

const system = defineSystem({ name: 'bank', deciders: [account], readModels: [opened] });
const bytes = (key: string): Buffer => Buffer.from(key);
const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 3 });

const stores = {
  memory: () => createMemoryStore(),
  SQLite: () => createSqliteStore({ file: ':memory:' }),
};

for (const [name, open] of Object.entries(stores)) {
  describe(`the documents of a running system on the ${name} store`, () => {
    test('are listed page by page in the order of the bytes of their keys, each once', async () => {
      const parameters = [
        fc.uniqueArray(key, { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        fc.option(key),
        fc.option(key),
      ] as const;
      await fc.assert(
        fc.asyncProperty(...parameters, async (keys, limit, from, to) => {
          await using store = open();
          await using running = await system.start({ store });
          for (const accountId of keys) await running.dispatch(account.commands.Open({ accountId }));
          await running.caughtUp();
          const range = { from: from ?? undefined, to: to ?? undefined };
          const listed: string[] = [];
          let after: string | undefined;
          do {
            const page = await running.readModel(opened).list({ ...range, after, limit });
            assert.ok(page.length <= limit);
            for (const one of page) assert.deepEqual(one.document, { times: 1 });
            listed.push(...page.map((one) => one.key));
            after = page.at(-1)?.key;
          } while (after !== undefined);
          const expected = keys
            .filter((one) => from === null || Buffer.compare(bytes(one), bytes(from)) >= 0)
            .filter((one) => to === null || Buffer.compare(bytes(one), bytes(to)) < 0)
            .sort((one, other) => Buffer.compare(bytes(one), bytes(other)));
          assert.deepEqual(listed, expected);
        }),
        { numRuns: 12 },
      );
    });
  });
}

describe('the reader of documents', () => {
  test('refuses an invalid key or option instead of reading another document', async () => {
    await using store = createSqliteStore({ file: ':memory:' });
    await using running = await system.start({ store });
    await running.dispatch(account.commands.Open({ accountId: '\ufffd' }));
    await running.caughtUp();
    const reader = running.readModel(opened);
    assert.deepEqual(await reader.get('\ufffd'), { times: 1 });
    const subscription = { name: 'opened', version: '1' };
    for (const [place, call] of [
      ['opened.get', () => reader.get('\ud800')],
      ['opened.list.from', () => reader.list({ from: '\ud800' })],
      ['opened.list.limit', () => reader.list({ limit: 0 })],
      // @ts-expect-error an unknown option
      ['opened.list.form', () => reader.list({ form: 'a' })],
      ['bank.parked.list.key', () => running.parked.list({ key: '\ud800' })],
      ['bank.parked.retry', () => running.parked.retry(subscription, '\ud800')],
      ['bank.parked.drop', () => running.parked.drop(subscription, '\ud800')],
    ] as const) {
      await assert.rejects(call, (error: DefinitionError) => {
        return error.code === 'invalid-definition' && error.payload.place === place;
      });
    }
  });
});
