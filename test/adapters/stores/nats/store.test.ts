/** The behaviour of the NATS store that the suites of the contract do not cover. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, describe, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import {
  createEventSourcer,
  DefinitionError,
  defineDecider,
  isAppendFailure,
  isStoreFailure,
  type Precondition,
  subscribe,
} from 'decidable';
import { createNatsStore, type FlushReport, type NatsStore } from 'decidable/nats';
import { verifyChain } from 'decidable/storage';
import { z } from 'zod';
import { sharedNats, skipWithoutBinary, skipWithoutNats, startNatsServer, uniqueName } from '../../../servers/nats.ts';
import { ANY, decision, envelope, FORWARD } from '../commands.ts';

const at = (val: bigint): Precondition => ({ tag: 'at-revision', val });

/** Returns the code of the failure with which a store was not opened. */
async function refusal(opening: Promise<NatsStore>): Promise<string> {
  const error: unknown = await opening.then(
    async (store) => {
      await store.close();
      assert.fail('the store was opened');
    },
    (error: unknown) => error,
  );
  if (!isStoreFailure(error, 'failure')) throw error;
  return error.payload.val.code;
}

describe('a NATS store', { skip: skipWithoutNats }, async () => {
  if (skipWithoutNats !== false) return;
  const server = await sharedNats();
  const { url } = server;
  after(() => server[Symbol.asyncDispose]());
  const open = (name = uniqueName()): Promise<NatsStore> => createNatsStore({ url, name, storage: 'memory' });

  test('is refused on a server that is older than 2.12.2', async () => {
    for (const [version, code] of [
      ['2.12.0', 'unsupported-engine'],
      ['2.9.10', 'unsupported-engine'],
      ['2.12.1', 'unsupported-engine'],
      ['2.12.2', 'busy'],
      ['3.0.0', 'busy'],
    ] as const) {
      // A server that announces its version, accepts the connection and does not have JetStream.
      const old = createServer((socket) => {
        const info = { server_id: 'x', version, proto: 1, headers: true, max_payload: 1_048_576, api_lvl: 2 };
        socket.write(`INFO ${JSON.stringify(info)}\r\n`);
        socket.on('data', (data) => {
          if (String(data).includes('PING')) socket.write('PONG\r\n');
        });
        socket.on('error', () => {});
      });
      await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve));
      const { port } = old.address() as { port: number };
      assert.equal(await refusal(createNatsStore({ url: `nats://127.0.0.1:${port}`, timeout: 300 })), code);
      old.close();
    }
  });

  test('is not created if `create` is false', async () => {
    assert.equal(await refusal(createNatsStore({ url, name: uniqueName(), create: false })), 'not-found');
  });

  test('changes nothing if it was opened with readOnly', async () => {
    const name = uniqueName();
    assert.equal(await refusal(createNatsStore({ url, name, readOnly: true })), 'not-found');
    await using store = await open(name);
    await store.append('s-1', [envelope('Done')], ANY, decision());
    await using reader = await createNatsStore({ url, name, readOnly: true });
    const key = { moduleName: 'm', moduleVersion: '1', stream: 's-1' };
    const subscription = { name: 'balances', version: '1' };
    const commits = await store.readLog();
    for (const write of [
      () => reader.append('s-1', [envelope('Done')], ANY, decision()),
      () => reader.importCommits(commits),
      () => reader.saveSnapshot(key, { revision: 0n, contentType: '', state: Uint8Array.of() }),
      () => reader.dropSnapshot(key),
      () => reader.processors.openSubscription({ subscription, kind: 'documents', shares: 1, definition: '{}' }),
    ]) {
      await assert.rejects(write, (error) => {
        const isFailure = isStoreFailure(error, 'failure') || isAppendFailure(error, 'failure');
        return isFailure && error.payload.val.code === 'read-only';
      });
    }
    assert.deepEqual(await reader.readAll(FORWARD), await store.readAll(FORWARD));
  });

  test('refuses a stream of another program, and one that would discard commits', async () => {
    const connection = await connect({ servers: url });
    const { streams } = await jetstreamManager(connection);
    const foreign = uniqueName();
    await streams.add({ name: foreign, subjects: [`${foreign}.e.>`], storage: 'memory' });
    assert.equal(await refusal(open(foreign)), 'not-a-store');
    const name = uniqueName();
    await (await open(name)).close();
    await streams.update(name, { max_msgs: 5 });
    assert.equal(await refusal(open(name)), 'not-a-store');
    await connection.close();
  });

  test('reads all events after a position that comes before the first one', async () => {
    await using store = await open();
    await store.append('s-1', [envelope('A'), envelope('B')], ANY, decision());
    for (const afterPosition of [0n, 3n, 1_023n]) {
      assert.equal((await store.readAll({ ...FORWARD, afterPosition })).length, 2);
    }
  });

  test('asks the server for about as many commits as a read needs', async () => {
    const connection = await connect({ servers: url });
    await using store = await createNatsStore({ connection, name: uniqueName(), storage: 'memory' });
    const commit = Array.from({ length: 50 }, () => envelope('A'));
    for (let index = 0; index < 100; index++) await store.append(`s-${index % 3}`, commit, ANY, decision());
    const read = async (): Promise<number> => {
      const before = connection.stats().inMsgs;
      assert.equal((await store.readAll({ ...FORWARD, limit: 100 })).length, 100);
      return connection.stats().inMsgs - before;
    };
    // The first read determines how many events a commit has.
    await read();
    const again = await read();
    assert.ok(again < 10, `${again} messages`);
    await store.close();
    await connection.close();
  });

  test('sends one message for a command, and receives one', async () => {
    const connection = await connect({ servers: url });
    const store = await createNatsStore({ connection, name: uniqueName(), storage: 'memory' });
    const append = async (index: number): Promise<unknown> =>
      store.append(`s-${index % 10}`, [envelope('A')], ANY, decision());
    for (let index = 0; index < 10; index++) await append(index);
    const before = connection.stats();
    for (let index = 0; index < 100; index++) await append(index);
    const { outMsgs, inMsgs } = connection.stats();
    assert.deepEqual([outMsgs - before.outMsgs, inMsgs - before.inMsgs], [100, 100]);
    await store.close();
    await connection.close();
  });

  test('leaves the connection of the caller open', async () => {
    const connection = await connect({ servers: url });
    const store = await createNatsStore({ connection, name: uniqueName(), storage: 'memory' });
    await store.append('s-1', [envelope('Done')], ANY, decision());
    await store.close();
    await connection.flush();
    await connection.close();
  });

  test('reads the commits of another process', async () => {
    const name = uniqueName();
    await using mine = await open(name);
    await using yours = await open(name);
    await mine.append('s-1', [envelope('A')], ANY, decision());
    await yours.append('s-1', [envelope('B')], ANY, decision());
    // This process still believes that the stream has one event.
    await assert.rejects(mine.append('s-1', [envelope('C')], at(0n), decision()), (error) => {
      return isAppendFailure(error, 'conflict') && error.payload.val.actual === 1n;
    });
    assert.equal((await mine.append('s-1', [envelope('C')], at(1n), decision())).revision, 2n);
    const waiting = yours.awaitEvents((await yours.readAll(FORWARD)).at(-1)!.context.position);
    const { firstPosition } = await mine.append('s-2', [envelope('D')], ANY, decision());
    assert.equal(await waiting, firstPosition);
    assert.deepEqual(await verifyChain(yours), { intact: true, streams: 2, commits: 4 });
  });

  test('accepts every command that is retried often enough, while others write the same stream', async () => {
    const counter = defineDecider({
      name: 'counter',
      version: '1',
      state: z.object({ value: z.int() }),
      commands: { Add: z.object({ by: z.int() }) },
      events: { Added: z.object({ by: z.int() }) },
      category: 'counter',
      streamId: () => '1',
      initialState: { value: 0 },
      evolve: {
        Added: (state, { by }) => {
          state.value += by;
        },
      },
      decide: { Add: (_state, data) => [{ type: 'Added', data }] },
    });
    const name = uniqueName();
    const openSourcer = async () =>
      createEventSourcer({ store: await open(name), modules: [counter], closeStore: true, maxAttempts: 1_000 });
    const sourcers = await Promise.all([openSourcer(), openSourcer(), openSourcer()]);
    await Promise.all(
      sourcers.map(async (sourcer) => {
        for (let count = 0; count < 40; count++) await sourcer.dispatch(counter.commands.Add({ by: 1 }));
      }),
    );
    assert.deepEqual((await sourcers[0]!.state(counter, 'counter-1')).state, { value: 120 });
    for (const sourcer of sourcers) await sourcer.close();
  });

  test('finds a revision in the middle of a long stream among others', async () => {
    const name = uniqueName();
    await using writer = await open(name);
    for (let block = 0; block < 12; block++) {
      const others = Array.from({ length: 60 }, (_, index) =>
        writer.append(`other-${index}`, [envelope('Done')], ANY, decision()),
      );
      const own = Array.from({ length: 50 }, () =>
        writer.append('s-1', [envelope('A'), envelope('B')], ANY, decision()),
      );
      await Promise.all([...others, ...own]);
    }
    // Another process has not read the stream yet.
    await using store = await open(name);
    for (const revision of [0, 1, 255, 256, 300, 601, 777, 1_000, 1_198, 1_199, 1_200]) {
      const events = await store.readStream('s-1', { direction: 'forward', fromRevision: BigInt(revision), limit: 3 });
      const expected = [revision, revision + 1, revision + 2].filter((one) => one < 1_200);
      assert.deepEqual(
        events.map(({ context }) => Number(context.revision)),
        expected,
      );
    }
  });

  test('delivers every event once and in order to subscribers while several processes write', async () => {
    const name = uniqueName();
    await using reader = await open(name);
    const writers = await Promise.all([open(name), open(name), open(name)]);
    const writing = Promise.all(
      writers.map(async (store, writer) => {
        for (let index = 0; index < 40; index++) {
          await store.append(`a-${writer}`, [envelope('A'), envelope('B')], ANY, decision());
          await store.append(`b-${index % 5}`, [envelope('A')], ANY, decision());
        }
      }),
    );
    const expected = 3 * 40 * 3;
    const seen: bigint[] = [];
    for await (const { events } of subscribe(reader, { categories: ['a', 'b'], pageSize: 7 })) {
      seen.push(...events.map(({ context }) => context.position));
      if (seen.length >= expected) break;
    }
    await writing;
    const stored = (await reader.readAll(FORWARD)).map(({ context }) => context.position);
    assert.deepEqual(seen, stored);
    for (const store of writers) await store.close();
  });
});

describe('the report of the flush to disk', { skip: skipWithoutBinary }, () => {
  for (const [setting, lines, expected] of [
    ['the default', [], [{ sync: 'periodic', interval: 120_000 }]],
    ['an interval', ['sync_interval: 10s'], [{ sync: 'periodic', interval: 10_000 }]],
    ['always', ['sync_interval: always'], []],
  ] as const) {
    test(`has the setting that the monitoring port shows: ${setting}`, async () => {
      await using server = await startNatsServer({ jetstream: lines });
      const reports: FlushReport[] = [];
      const observer = { flush: (report: FlushReport): void => void reports.push(report) };
      const { url, monitoring } = server;
      await using _store = await createNatsStore({ url, name: uniqueName(), monitoring, observer });
      assert.deepEqual(
        reports.map(({ sync, interval }) => ({ sync, interval })),
        expected,
      );
    });
  }

  test('has the setting that the servers report in the system account', async () => {
    const accounts = [
      'accounts { SYS { users: [{ user: sys, password: x }] }, A { jetstream: enabled, users: [{ user: a, password: x }] } }',
      'system_account: SYS',
    ];
    for (const [interval, expected] of [
      ['always', []],
      ['30s', [{ sync: 'periodic', interval: 30_000 }]],
    ] as const) {
      await using server = await startNatsServer({ lines: accounts, jetstream: [`sync_interval: ${interval}`] });
      const systemConnection = await connect({ servers: server.url, user: 'sys', pass: 'x' });
      const reports: FlushReport[] = [];
      const observer = { flush: (report: FlushReport): void => void reports.push(report) };
      const url = server.url.replace('nats://', 'nats://a:x@');
      await using _store = await createNatsStore({ url, name: uniqueName(), systemConnection, observer });
      assert.deepEqual(
        reports.map(({ sync, interval: found }) => ({ sync, interval: found })),
        expected,
      );
      await systemConnection.close();
    }
    const systemConnection = { isClosed: () => false, getServer: () => '', drain: async () => {} };
    await assert.rejects(createNatsStore({ systemConnection }), (error) => {
      return error instanceof DefinitionError && error.payload.place === 'createNatsStore.systemConnection';
    });
  });

  test('is unknown without a monitoring port that responds', async () => {
    await using server = await startNatsServer();
    for (const monitoring of [undefined, 'http://127.0.0.1:1']) {
      const reports: FlushReport[] = [];
      const observer = { flush: (report: FlushReport): void => void reports.push(report) };
      await using _store = await createNatsStore({ url: server.url, name: uniqueName(), monitoring, observer });
      assert.deepEqual(
        reports.map(({ sync }) => sync),
        ['unknown'],
      );
    }
  });
});
