/** Process managers and reactors continue at the same event in the copy. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import {
  defineDecider,
  defineEventHandler,
  defineProjector,
  defineReactor,
  defineSystem,
  scheduleCommand,
} from 'decidable';
import { CopyError, type CopyErrorCode, copyStore, openStore } from 'decidable/stores';
import { TestClock } from 'decidable/testing';
import { z } from 'zod';
import { type EngineName, Engines, skipWithout } from '../../servers/engines.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-copy-processors-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = (): string => join(folder, `${files++}.db`);

const id = z.string();
const DAY = 86_400_000n;

const trial = defineDecider({
  name: 'trial',
  version: '1',
  category: 'trial',
  streamId: ({ data }) => data.id,
  state: z.object({ ended: z.boolean() }),
  commands: { Begin: z.object({ id }), Use: z.object({ id, amount: z.int() }), End: z.object({ id }) },
  events: { Begun: z.object({ id }), Used: z.object({ id, amount: z.int() }), Ended: z.object({ id }) },
  initialState: { ended: false },
  evolve: {
    Begun: () => {},
    Used: () => {},
    Ended: (state) => {
      state.ended = true;
    },
  },
  decide: {
    Begin: (_state, data) => [{ type: 'Begun', data }],
    Use: (_state, data) => [{ type: 'Used', data }],
    End: ({ ended }, data) => (ended ? [] : [{ type: 'Ended', data }]),
  },
});

const { Begin, Use, End } = trial.commands;

const expiry = defineEventHandler({
  name: 'expiry',
  version: '1',
  state: z.object({}),
  events: { Begun: trial.events.Begun },
  commands: { End },
  key: ({ data }) => data.id,
  initialState: {},
  evolve: {},
  handle: { Begun: (_state, { id }, { recordedAt }) => [scheduleCommand('end', recordedAt + DAY, End({ id }))] },
});

const usage = defineProjector({
  name: 'usage',
  version: '1',
  state: z.object({ amount: z.int() }),
  events: { Used: trial.events.Used },
  key: ({ data }) => data.id,
  initialState: { amount: 0 },
  project: {
    Used: (document, { amount }) => {
      document.amount += amount;
    },
  },
});

/** The system, and the letters that its reactor has sent. While it is broken, it refuses the amount 13. */
function shop() {
  const letters: string[] = [];
  const reactor = { isBroken: true };
  const system = defineSystem({
    name: 'shop',
    deciders: [trial],
    processManagers: [expiry],
    readModels: [usage],
    reactors: [
      defineReactor({
        name: 'letters',
        version: '1',
        events: trial.events,
        react: {
          Begun: async ({ id }) => void letters.push(`welcome ${id}`),
          Used: async ({ id, amount }) => {
            if (amount === 13 && reactor.isBroken) throw new Error('no letter for 13');
            letters.push(`${id} used ${amount}`);
          },
          Ended: async ({ id }) => void letters.push(`goodbye ${id}`),
        },
      }),
    ],
  });
  return { letters, reactor, system };
}

const START = { failurePolicy: { retries: 0, finally: 'park' } } as const;
const LETTERS = { name: 'letters', version: '1' };

const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());

const pairs: readonly (readonly [from: EngineName, to: EngineName])[] = [
  ['memory', 'SQLite'],
  ['SQLite', 'memory'],
  ['SQLite', 'PostgreSQL'],
  ['PostgreSQL', 'NATS'],
  ['NATS', 'SQLite'],
];

for (const [fromName, toName] of pairs) {
  describe(`processors from ${fromName} to ${toName}`, { skip: skipWithout(fromName, toName) }, () => {
    test('repeat no effect, keep their parked events, and fire their deadlines', async () => {
      const clock = new TestClock();
      const now = (): number => clock.now();
      await using from = await openStore(await engines.newAddress(fromName), { now });
      await using to = await openStore(await engines.newAddress(toName), { now });
      const before = shop();
      const source = await before.system.start({ ...START, store: from, clock });
      for (const [id, amounts] of Object.entries({ a: [1, 13, 2], b: [3] })) {
        await source.dispatch(Begin({ id }));
        for (const amount of amounts) await source.dispatch(Use({ id, amount }));
      }
      await source.settled();
      await source.stop();
      assert.deepEqual(before.letters.toSorted(), ['a used 1', 'b used 3', 'welcome a', 'welcome b']);

      const { processors } = await copyStore(from, to);
      assert.deepEqual(
        processors?.moved.map(({ name }) => name),
        ['expiry', 'expiry/commands', 'letters'],
      );
      assert.deepEqual(
        processors.rebuilt.map(({ name }) => name),
        ['usage'],
      );

      const { letters, reactor, system } = shop();
      await using running = await system.start({ ...START, store: to, clock });
      await running.dispatch(Use({ id: 'b', amount: 4 }));
      await running.settled();
      assert.deepEqual(letters, ['b used 4']);
      assert.equal((await running.readModel(usage).get('a'))?.amount, 16);

      const parked = await running.parked.list();
      assert.deepEqual(
        parked.map(({ key, reason }) => [key, reason?.code]),
        [
          ['trial-a', 'unexpected-exception'],
          ['trial-a', undefined],
        ],
      );
      const [first] = await to.readStream('trial-a', { direction: 'forward', fromRevision: 2n, limit: 1 });
      assert.equal(parked[0]?.event.context.position, first?.context.position);
      assert.equal(parked[0]?.reason?.position, first?.context.position);
      reactor.isBroken = false;
      await running.parked.retry(LETTERS, 'trial-a');
      await running.settled();
      assert.deepEqual(letters, ['b used 4', 'a used 13', 'a used 2']);

      clock.advance({ days: 2 });
      await running.settled();
      assert.deepEqual(letters.slice(3).toSorted(), ['goodbye a', 'goodbye b']);
    });

    test('continue at the last copy if the system ran on the source in between', async () => {
      await using from = await openStore(await engines.newAddress(fromName));
      await using to = await openStore(await engines.newAddress(toName));
      for (const id of ['a', 'b', 'c']) {
        const { system } = shop();
        const running = await system.start({ ...START, store: from });
        await running.dispatch(Begin({ id }));
        await running.dispatch(Use({ id, amount: 13 }));
        await running.settled();
        await running.stop();
        await copyStore(from, to);
      }
      const { letters, system } = shop();
      await using running = await system.start({ ...START, store: to });
      await running.settled();
      assert.deepEqual([letters, (await running.parked.list()).length], [[], 3]);
    });
  });
}

test('a checkpoint becomes the position of the same event if the positions of the stores differ', async () => {
  const file = newFile();
  const first = await openStore(file);
  const begun = shop();
  const running = await begun.system.start({ store: first });
  await running.dispatch(Begin({ id: 'a' }));
  await running.settled();
  await running.stop();
  await first.close();
  // The rest of the store begins at a higher position, as in a store that leaves gaps.
  const database = new Sqlite(file);
  database.exec('update events set position = position + 1000 where position = (select max(position) from events)');
  database.close();
  await using from = await openStore(file);
  const source = await begun.system.start({ store: from });
  await source.dispatch(Use({ id: 'a', amount: 1 }));
  await source.settled();
  await source.stop();

  await using to = await openStore('memory:');
  await copyStore(from, to);
  const { letters, system } = shop();
  await using copy = await system.start({ store: to });
  await copy.dispatch(Use({ id: 'a', amount: 2 }));
  await copy.settled();
  assert.deepEqual(letters, ['a used 2']);
});

describe('processors that run', () => {
  const refused = async (copying: Promise<unknown>, code: CopyErrorCode): Promise<void> => {
    await assert.rejects(copying, (error) => error instanceof CopyError && error.code === code);
  };

  test('on the source keep a copy from moving them', async () => {
    await using from = await openStore('memory:');
    await using to = await openStore('memory:');
    await using running = await shop().system.start({ store: from });
    await running.dispatch(Begin({ id: 'a' }));
    await running.settled();
    await refused(copyStore(from, to), 'source-in-use');
    assert.equal((await copyStore(from, to, { processors: false })).processors, undefined);
    assert.deepEqual(await to.processors.listSubscriptions(), []);
  });

  test('on the destination keep a copy from changing it', async () => {
    await using from = await openStore('memory:');
    await using to = await openStore('memory:');
    await using _running = await shop().system.start({ store: to });
    await refused(copyStore(from, to), 'destination-in-use');
  });

  test('on the source are reported when a copy that follows is finished', async () => {
    await using from = await openStore('memory:');
    await using to = await openStore('memory:');
    await using _running = await shop().system.start({ store: from });
    await refused(copyStore(from, to, { follow: AbortSignal.abort() }), 'source-in-use');
  });
});
