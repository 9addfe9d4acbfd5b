/** A store that is opened while the cluster has no leader. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isStoreFailure } from 'decidable';
import { createNatsStore } from 'decidable/nats';
import { skipWithoutBinary, startNatsCluster, uniqueName } from '../../../servers/nats.ts';

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
