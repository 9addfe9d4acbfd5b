/** A store that is opened while the cluster has no leader. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connect } from '@nats-io/transport-node';
import { isStoreFailure } from 'decidable';
import { createNatsStore } from 'decidable/nats';
import { skipWithoutBinary, startNatsCluster, startNatsServer, uniqueName } from '../../../servers/nats.ts';

describe('a cluster without a leader', { skip: skipWithoutBinary, timeout: 120_000 }, () => {
  test('is awaited when a store is opened, for busyTimeout at most', async () => {
    const [first, second, third] = await startNatsCluster();
    await using stack = new AsyncDisposableStack();
    for (const server of [first!, second!, third!]) stack.use(server);
    const options = { url: first!.url, name: uniqueName(), replicas: 3, timeout: 300 } as const;
    await (await createNatsStore(options)).close();
    for (const server of [second!, third!]) await server.stop('SIGKILL');
    await assert.rejects(createNatsStore({ ...options, busyTimeout: 600 }), (error) => {
      return isStoreFailure(error, 'failure') && error.payload.val.code === 'busy';
    });
    const opening = createNatsStore(options);
    for (const server of [second!, third!]) await server.start();
    await using store = await opening;
    assert.deepEqual(await store.readStreams(), []);
  });
});

describe('a connection that was lost', { skip: skipWithoutBinary, timeout: 60_000 }, () => {
  test('is awaited when a store is opened with it, for busyTimeout at most', async () => {
    await using server = await startNatsServer();
    await using connection = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
    const options = { connection, name: uniqueName(), timeout: 300 };
    const lost = (async () => {
      for await (const { type } of connection.status()) if (type === 'disconnect') return;
    })();
    await server.stop('SIGKILL');
    await lost;
    await assert.rejects(createNatsStore({ ...options, busyTimeout: 300 }), (error) => {
      return isStoreFailure(error, 'failure') && error.payload.val.code === 'busy';
    });
    const opening = createNatsStore({ ...options, busyTimeout: 30_000 });
    await server.start();
    await using store = await opening;
    assert.deepEqual(await store.readStreams(), []);
  });

  test('is refused if it is closed', async () => {
    await using server = await startNatsServer();
    const connection = await connect({ servers: server.url });
    await connection.close();
    await assert.rejects(createNatsStore({ connection, name: uniqueName() }), (error) => {
      return isStoreFailure(error, 'failure') && error.payload.val.code === 'io';
    });
  });
});
