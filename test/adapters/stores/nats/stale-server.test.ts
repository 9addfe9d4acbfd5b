/** A read that a server answers which was cut off, after the process has learned of newer commits. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connect } from '@nats-io/transport-node';
import { type EventStore, isAppendFailure } from 'decidable';
import { skipWithoutBinary, startNatsCluster, uniqueName } from '../../../servers/nats.ts';
import { openReplicated } from '../../../servers/nats-cluster.ts';
import { StaleProxy, type StreamInfo } from '../../../servers/stale-proxy.ts';
import { ANY, decision, envelope } from '../commands.ts';
import { forgotten } from './forgotten.ts';

/** A page and the leader's confirmation that no message follows. */
const STALE_READ = 2;

describe('a server of a cluster that lacks the newest commits', { skip: skipWithoutBinary, timeout: 120_000 }, () => {
  test('does not make a reader skip a commit before one that its process knows', async () => {
    const servers = await startNatsCluster();
    await using stack = new AsyncDisposableStack();
    for (const server of servers) stack.use(server);
    const name = uniqueName();
    const writer = stack.use(await openReplicated(servers, name));
    const proxy = stack.use(await StaleProxy.start(servers[0]!.port));
    const options = { url: proxy.url, busyTimeout: 30_000 };
    const reader = stack.use(await openReplicated(servers, name, options));
    const append = (stream: string): ReturnType<EventStore['append']> =>
      writer.append(stream, [envelope('Done')], ANY, decision());
    const read = async (
      afterPosition: bigint | undefined,
      categories: readonly string[],
    ): Promise<readonly string[]> => {
      const filter = { categories, eventTypes: [], events: [] };
      const page = await reader.readAll({ direction: 'forward', afterPosition, ...filter });
      return page.map(({ context }) => context.stream);
    };
    const { firstPosition: start } = await append('c0-1');
    assert.equal(await reader.awaitEvents(undefined), start);
    await append('c1-1');
    const { firstPosition: end } = await append('c2-1');
    for (let head = start; head !== end; ) head = await reader.awaitEvents(head);
    // A subscriber that got an empty page here would continue after `end`.
    proxy.staleAnswers = STALE_READ;
    assert.deepEqual(await read(start, ['c1']), ['c1-1']);
    // The answers without a filter are stale too, and the read is repeated.
    proxy.staleAnswers = STALE_READ + 2;
    assert.deepEqual(await read(start, ['c1']), ['c1-1']);
    proxy.staleAnswers = STALE_READ;
    assert.deepEqual(await read(start, []), ['c1-1', 'c2-1']);
    // The first answer is the last sequence number.
    proxy.staleAnswers = 1;
    assert.deepEqual(await read(start, ['c1', 'c2']), ['c1-1', 'c2-1']);
  });

  test('does not make a process store a command again whose id the leader has forgotten', async () => {
    const servers = await startNatsCluster();
    await using stack = new AsyncDisposableStack();
    for (const server of servers) stack.use(server);
    const name = uniqueName();
    const window = { duplicateWindow: 400, connectionLife: 100 };
    const writer = stack.use(await openReplicated(servers, name, window));
    const proxy = stack.use(await StaleProxy.start(servers[0]!.port));
    const trapped = stack.use(await openReplicated(servers, name, { ...window, url: proxy.url }));
    const connection = await connect({ servers: servers[0]!.url });
    stack.defer(() => connection.close());
    const reply = await connection.request(`$JS.API.STREAM.INFO.${name}`);
    const known = decision();
    proxy.answerWith(reply.json<StreamInfo>());
    await writer.append('s-1', [envelope('Done')], ANY, known);
    await forgotten(connection, name, known.commandId);
    // The leader would store the command. The other server does not have it, and says when it last heard from others.
    await assert.rejects(trapped.append('s-2', [envelope('Done')], ANY, known), (error) => {
      return isAppendFailure(error, 'failure') && error.payload.val.code === 'busy';
    });
    proxy.answerWith(undefined);
    await assert.rejects(trapped.append('s-2', [envelope('Done')], ANY, known), (error) => {
      return isAppendFailure(error, 'duplicate') && error.payload.val.stream === 's-1';
    });
  });
});
