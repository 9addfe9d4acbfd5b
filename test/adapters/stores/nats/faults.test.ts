/** Servers and processes that end at any moment. Every acknowledged commit is kept, and none is stored twice. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAppendFailure } from 'decidable';
import { createNatsStore } from 'decidable/nats';
import { skipWithoutBinary, startNatsCluster, startNatsServer, uniqueName } from '../../../servers/nats.ts';
import { leaderOf, openReplicated } from '../../../servers/nats-cluster.ts';
import { ANY, decision, envelope } from '../commands.ts';
import { examine, Writers } from './writers.ts';

describe('a server that is killed', { skip: skipWithoutBinary }, () => {
  test('keeps every acknowledged commit', async () => {
    await using server = await startNatsServer({ jetstream: ['sync_interval: always'] });
    const options = { url: server.url, name: uniqueName(), timeout: 1_000 };
    const stores = await Promise.all([createNatsStore(options), createNatsStore(options)]);
    const writers = new Writers(stores, 8);
    for (let round = 0; round < 3; round++) {
      await writers.more(40);
      await server.stop('SIGKILL');
      await server.start();
    }
    await writers.more(40);
    await writers.stop();
    await using fresh = await createNatsStore(options);
    await examine(fresh, writers.acknowledged);
    for (const store of stores) await store.close();
  });

  test('does not end a wait for events', async () => {
    await using server = await startNatsServer();
    const options = { url: server.url, name: uniqueName(), timeout: 1_000 };
    await using reader = await createNatsStore(options);
    const { firstPosition } = await reader.append('s-1', [envelope('A')], ANY, decision());
    const waiting = reader.awaitEvents(firstPosition);
    await reader.readStream('s-1', { direction: 'forward' });
    await server.stop('SIGKILL');
    await server.start();
    await using writer = await createNatsStore(options);
    const next = await writer.append('s-1', [envelope('A')], ANY, decision());
    assert.equal(await waiting, next.firstPosition);
  });
});

describe('a cluster of three servers', { skip: skipWithoutBinary }, () => {
  test('keeps every acknowledged commit while any one of them is killed and returns', async () => {
    const servers = await startNatsCluster();
    await using stack = new AsyncDisposableStack();
    for (const server of servers) stack.use(server);
    const name = uniqueName();
    const stores = [await openReplicated(servers, name), await openReplicated(servers, name)];
    const writers = new Writers(stores, 6);
    await writers.more(60);
    const leader = await leaderOf(servers, name);
    await leader.stop('SIGKILL');
    await writers.more(60);
    await leader.start();
    await writers.more(60);
    const follower = servers.find((server) => server !== leader)!;
    await follower.stop('SIGKILL');
    await writers.more(60);
    await follower.start();
    await writers.more(60);
    await writers.stop();
    await using fresh = await openReplicated(servers, name);
    await examine(fresh, writers.acknowledged);
    for (const store of stores) await store.close();
  });

  test('refuses commits if two of them are lost, and has the acknowledged ones when they return', async () => {
    const servers = await startNatsCluster();
    await using stack = new AsyncDisposableStack();
    for (const server of servers) stack.use(server);
    const name = uniqueName();
    const store = await openReplicated(servers, name);
    const kept = decision();
    await store.append('s-1', [envelope('A'), envelope('B')], ANY, kept);
    const [, second, third] = servers;
    await second!.stop('SIGKILL');
    await third!.stop('SIGKILL');
    const refused = decision();
    await assert.rejects(store.append('s-1', [envelope('A'), envelope('B')], ANY, refused), (error) => {
      return isAppendFailure(error, 'failure') && ['busy', 'io', 'unknown-outcome'].includes(error.payload.val.code);
    });
    await second!.start();
    await third!.start();
    const writers = new Writers([store], 2);
    await writers.more(20);
    await writers.stop();
    await using fresh = await openReplicated(servers, name);
    await examine(fresh, new Map([...writers.acknowledged, [kept.commandId, 's-1']]));
    await store.close();
  });

  test('stores a command only once if two processes send it to two streams simultaneously', async () => {
    const servers = await startNatsCluster({});
    await using stack = new AsyncDisposableStack();
    for (const server of servers) stack.use(server);
    const name = uniqueName();
    const stores = [await openReplicated(servers, name), await openReplicated(servers, name)];
    for (let round = 0; round < 60; round++) {
      const { commandId } = decision();
      const tries = await Promise.allSettled(
        stores.map((store, index) => store.append(`s-${index}`, [envelope('A')], ANY, decision({ commandId }))),
      );
      assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const one of tries) if (one.status === 'rejected') assert.ok(isAppendFailure(one.reason, 'duplicate'));
    }
    for (const store of stores) await store.close();
  });
});
