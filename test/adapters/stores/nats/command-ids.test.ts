/** Command ids stay unique forever, although the server forgets the ids of messages (docs/decisions.md §61). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { isAppendFailure } from 'decidable';
import { createNatsStore, type NatsStore } from 'decidable/nats';
import { verifyChain } from 'decidable/storage';
import { type NatsServer, skipWithoutBinary, startNatsServer, uniqueName } from '../../../servers/nats.ts';
import { ANY, decision, envelope, FORWARD } from '../commands.ts';
import { forgotten } from './forgotten.ts';

/** A small window, so that the server forgets an id while the test runs. */
const WINDOW = { duplicateWindow: 400, connectionLife: 100 };

async function refusedAsDuplicate(appending: Promise<unknown>): Promise<string> {
  const error: unknown = await appending.then(
    () => assert.fail('the command was stored a second time'),
    (error: unknown) => error,
  );
  if (!isAppendFailure(error, 'duplicate')) throw error;
  return error.payload.val.stream;
}

async function forgottenBy({ url }: NatsServer, name: string, id: string): Promise<void> {
  const connection = await connect({ servers: url, user: 'all', pass: 'x' });
  await forgotten(connection, name, id);
  await connection.close();
}

describe('a command id on a NATS server', { skip: skipWithoutBinary }, () => {
  test('is refused after the server has forgotten it, by every process', async () => {
    await using server = await startNatsServer();
    const name = uniqueName();
    const open = (): Promise<NatsStore> => createNatsStore({ url: server.url, name, ...WINDOW });
    await using first = await open();
    await using second = await open();
    const known = decision();
    await first.append('s-1', [envelope('Done')], ANY, known);
    await second.append('s-3', [envelope('Done')], ANY, decision());
    await forgottenBy(server, name, known.commandId);
    // A process that starts later can read the id only from the stream, as after a crash.
    await using third = await open();
    for (const store of [first, second, third]) {
      for (const stream of ['s-1', 's-2']) {
        assert.equal(await refusedAsDuplicate(store.append(stream, [envelope('Done')], ANY, known)), 's-1');
      }
      assert.equal((await store.findDecision(known.commandId))?.stream, 's-1');
    }
    assert.equal((await first.readAll(FORWARD)).length, 2);
  });

  test('is refused if its commit was a large one, after the server has forgotten it', async () => {
    await using server = await startNatsServer();
    const name = uniqueName();
    await using store = await createNatsStore({ url: server.url, name, ...WINDOW });
    const known = decision();
    const large = [envelope('Large', new Uint8Array(3_000_000))];
    await store.append('s-1', large, ANY, known);
    assert.equal(await refusedAsDuplicate(store.append('s-2', large, ANY, known)), 's-1');
    await forgottenBy(server, name, known.commandId);
    await using other = await createNatsStore({ url: server.url, name, ...WINDOW });
    assert.equal(await refusedAsDuplicate(other.append('s-2', large, ANY, known)), 's-1');
    assert.equal(await refusedAsDuplicate(other.append('s-2', [envelope('Small')], ANY, known)), 's-1');
  });

  test('is stored once if two processes send it to two streams simultaneously', async () => {
    await using server = await startNatsServer();
    const name = uniqueName();
    const stores = await Promise.all([1, 2].map(() => createNatsStore({ url: server.url, name, storage: 'memory' })));
    for (let round = 0; round < 200; round++) {
      const { commandId } = decision();
      const tries = await Promise.allSettled(
        stores.map((store, index) => store.append(`s-${index}`, [envelope('Done')], ANY, decision({ commandId }))),
      );
      assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const one of tries) if (one.status === 'rejected') assert.ok(isAppendFailure(one.reason, 'duplicate'));
    }
    assert.equal((await stores[0]!.readAll(FORWARD)).length, 200);
    for (const store of stores) await store.close();
  });

  test('is not accepted by a process that cannot read what others have stored', async () => {
    // The user `deaf` may store commits, but cannot read them.
    const lines = [
      'authorization { users: [',
      '  { user: all, password: x }',
      '  { user: deaf, password: x, permissions: { publish: { deny: ["$JS.API.DIRECT.GET.>"] } } }',
      '] }',
    ];
    await using server = await startNatsServer({ lines });
    const address = (user: string): string => server.url.replace('nats://', `nats://${user}:x@`);
    const name = uniqueName();
    await using store = await createNatsStore({ url: address('all'), name, ...WINDOW });
    await using deaf = await createNatsStore({ url: address('deaf'), name, ...WINDOW, timeout: 300, busyTimeout: 0 });
    // The store is empty, so the process has read everything.
    await deaf.append('s-1', [envelope('Done')], ANY, decision());
    const known = decision();
    await store.append('s-2', [envelope('Done')], ANY, known);
    for (;;) {
      try {
        // As long as the server knows the ids of the other process, the append is safe.
        await deaf.append('s-1', [envelope('Done')], ANY, decision());
      } catch (error) {
        assert.ok(isAppendFailure(error, 'failure') && error.payload.val.code === 'busy', String(error));
        break;
      }
    }
    await forgottenBy(server, name, known.commandId);
    await assert.rejects(deaf.append('s-3', [envelope('Done')], ANY, known), (error) => {
      return isAppendFailure(error, 'failure') && error.payload.val.code === 'busy';
    });
    assert.deepEqual(await store.readStream('s-3', { direction: 'forward' }), []);
  });

  test('is found in the blocks of ids that a process reads when it starts', async () => {
    await using server = await startNatsServer();
    const name = uniqueName();
    const options = { url: server.url, name, storage: 'memory' } as const;
    const store = await createNatsStore(options);
    const given = Array.from({ length: 33_000 }, () => decision());
    let next = 0;
    const write = async (): Promise<void> => {
      while (next < given.length) {
        const stream = `s-${next % 500}`;
        await store.append(stream, next % 3 === 0 ? [] : [envelope('Done')], ANY, given[next++]!);
      }
    };
    await Promise.all(Array.from({ length: 128 }, write));
    const connection = await connect({ servers: server.url });
    const { streams } = await jetstreamManager(connection);
    for (const segment of [0, 1]) {
      while ((await streams.getMessage(`${name}_state`, { last_by_subj: `${name}.s.ids.${segment}` })) === null);
    }
    await connection.close();
    await store.close();
    await using fresh = await createNatsStore(options);
    for (const index of [0, 1, 2, 16_380, 16_383, 16_384, 16_385, 20_000, 32_767, 32_768, 32_769, 32_999]) {
      const known = given[index]!;
      assert.deepEqual((await fresh.findDecision(known.commandId))?.decision, known);
      assert.ok(await refusedAsDuplicate(fresh.append('other-1', [envelope('Done')], ANY, known)));
    }
    assert.equal(await fresh.findDecision(decision().commandId), undefined);
    // The first process made the blocks without reading its commits again. They are compared with the messages here.
    assert.equal((await verifyChain(fresh)).intact, true);
  });

  test('cannot be kept by a window that is not longer than the life of a connection', async () => {
    await using server = await startNatsServer();
    const name = uniqueName();
    await (await createNatsStore({ url: server.url, name, ...WINDOW })).close();
    await assert.rejects(createNatsStore({ url: server.url, name }));
  });
});
