/**
 * Commands over NATS while the processes that serve them, the server, and the leader of a cluster are killed. Every
 * acknowledged command is recorded once. A command without an answer is sent again with its id.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type CommandResult, commandUuid, createEventSourcer, isCommandFailure, readEvents } from 'decidable';
import { createNatsStore, type NatsCommands, type NatsStore, natsCommands, serveCommands } from 'decidable/nats';
import { verifyChain } from 'decidable/storage';
import {
  type NatsServer,
  skipWithoutBinary,
  startNatsCluster,
  startNatsServer,
  uniqueName,
} from '../../../servers/nats.ts';
import { leaderOf, openReplicated, until } from '../../../servers/nats-cluster.ts';
import { counter } from './counter.ts';

const SENDERS = 8;

function connected(servers: readonly NatsServer[]): Promise<NatsConnection> {
  return connect({ servers: servers.map(({ url }) => url), maxReconnectAttempts: -1, reconnectTimeWait: 50 });
}

/** The failures after which a program sends a command again. */
const REPEATED = ['overloaded', 'io', 'busy', 'unknown-outcome'];

/** Sends a command until it is acknowledged. */
async function untilSent(send: () => Promise<CommandResult>, failed: () => void = () => {}): Promise<CommandResult> {
  for (;;) {
    try {
      return await send();
    } catch (error) {
      if (!isCommandFailure(error)) throw error;
      const { tag, val } = error.payload;
      assert.ok(REPEATED.includes(tag === 'store' ? val.code : tag), String(error));
      failed();
    }
  }
}

/** Senders that continue through faults. A command without an acknowledgement is sent again with its id. */
class Senders {
  readonly acknowledged = new Map<string, CommandResult>();
  /** The number of failed attempts. */
  failures = 0;
  readonly #commands: NatsCommands;
  readonly #running: Promise<unknown>;
  #isOver = false;

  constructor(connection: NatsConnection, name: string) {
    this.#commands = natsCommands(connection, { name, timeout: 1_500 });
    this.#running = Promise.all(Array.from({ length: SENDERS }, (_, sender) => this.#run(sender)));
    this.#running.catch(() => {}); // `more` and `stop` report it
  }

  /** Resolves when this many further commands are acknowledged. */
  async more(commands: number): Promise<void> {
    const count = this.acknowledged.size + commands;
    await Promise.race([until(async () => this.acknowledged.size >= count), this.#running]);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  send(commandId: string): Promise<CommandResult> {
    const add = { id: commandId.split(' ')[0], by: 1 };
    return untilSent(
      () => this.#commands.send('Add', add, { commandId }),
      () => this.failures++,
    );
  }

  async #run(sender: number): Promise<void> {
    for (let index = 0; !this.#isOver; index++) {
      const commandId = `${sender % 3} ${sender} ${index}`;
      this.acknowledged.set(commandId, await this.send(commandId));
    }
  }
}

/** Each acknowledged command has one event at the acknowledged place, and is a duplicate if it is sent again. */
async function examine(store: NatsStore, senders: Senders): Promise<void> {
  const { acknowledged } = senders;
  const events = new Map<string, bigint[]>();
  for await (const { context } of readEvents(store)) {
    events.set(context.causationId, [...(events.get(context.causationId) ?? []), context.position]);
  }
  assert.equal(events.size, acknowledged.size);
  for (const [commandId, { position }] of acknowledged) {
    assert.deepEqual(events.get(commandUuid(commandId)), [position], commandId);
  }
  for (const [commandId, { position, revision }] of [...acknowledged].slice(-20)) {
    const again = await senders.send(commandId);
    assert.deepEqual([again.duplicate, again.position, again.revision], [true, position, revision]);
  }
  assert.equal((await verifyChain(store)).intact, true);
}

async function startServing(server: NatsServer, name: string): Promise<ChildProcess> {
  const child = fork(new URL('serving.ts', import.meta.url), [server.url, name], {
    execArgv: ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'],
  });
  await once(child, 'message');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

describe('commands over NATS', { skip: skipWithoutBinary }, () => {
  test('are each recorded once if the serving processes and the server are killed', async () => {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await startNatsServer({ jetstream: ['sync_interval: always'] }));
    const name = uniqueName();
    const store = stack.use(await createNatsStore({ url: server.url, name }));
    const connection = await connected([server]);
    stack.defer(() => connection.close());
    const first = await startServing(server, name);
    const senders = new Senders(connection, name);
    await senders.more(40);
    const second = await startServing(server, name);
    stack.defer(() => kill(second));
    await senders.more(40);
    await kill(first);
    await senders.more(40);
    await server.stop('SIGKILL');
    await server.start();
    await senders.more(40);
    await senders.stop();
    assert.ok(senders.failures > 0);
    await examine(store, senders);
  });

  test('are each recorded once if the leader of a cluster is killed', async () => {
    await using stack = new AsyncDisposableStack();
    const servers = await startNatsCluster();
    for (const server of servers) stack.use(server);
    const name = uniqueName();
    const stores = [await openReplicated(servers, name), await openReplicated(servers, name)];
    for (const store of stores) {
      const sourcer = createEventSourcer({ store, modules: [counter], closeStore: true });
      stack.defer(() => sourcer.close());
      const connection = await connected(servers);
      stack.defer(() => connection.close());
      stack.use(serveCommands(sourcer, connection, { name }));
    }
    const client = await connected(servers);
    stack.defer(() => client.close());
    const senders = new Senders(client, name);
    await senders.more(40);
    const leader = await leaderOf(servers, name);
    await leader.stop('SIGKILL');
    await senders.more(40);
    await leader.start();
    await senders.more(40);
    await senders.stop();
    await examine(stores[0]!, senders);
  });

  test('end as duplicates if they were decided, the reply was lost, and they are sent again', async () => {
    await using stack = new AsyncDisposableStack();
    const server = stack.use(await startNatsServer({ jetstream: ['sync_interval: always'] }));
    const name = uniqueName();
    const store = await createNatsStore({ url: server.url, name });
    const sourcer = createEventSourcer({ store, modules: [counter], closeStore: true });
    stack.defer(() => sourcer.close());
    const [serving, client] = [await connected([server]), await connected([server])];
    stack.defer(() => client.close());
    stack.defer(() => serving.close());
    let decided: CommandResult | undefined;
    stack.use(
      serveCommands(
        {
          handleCommand: (command, options) => sourcer.handleCommand(command, options),
          dispatch: async (command, options) => {
            const result = await sourcer.dispatch(command, options);
            // The server ends after the commit and before the reply.
            if (decided === undefined) await server.stop('SIGKILL');
            decided ??= result;
            return result;
          },
        },
        serving,
        { name },
      ),
    );
    const commands = natsCommands(client, { name, timeout: 1_500 });
    const add = { id: '1', by: 1 };
    await assert.rejects(
      commands.send('Add', add, { commandId: 'lost' }),
      (error) => isCommandFailure(error, 'store') && error.payload.val.code === 'unknown-outcome',
    );
    await server.start();
    const again = await untilSent(() => commands.send('Add', add, { commandId: 'lost' }));
    assert.deepEqual([again.duplicate, again.revision, again.position], [true, decided?.revision, decided?.position]);
    assert.equal((await sourcer.state(counter, 'counter-1')).state.value, 1);
  });

  test('fail with a code if the connection is closed', async () => {
    await using server = await startNatsServer();
    const client = await connected([server]);
    const name = uniqueName();
    const silent = client.subscribe(`${name}.commands.>`);
    const sending = natsCommands(client, { name }).send('Add', {});
    await silent[Symbol.asyncIterator]().next();
    await client.close();
    await assert.rejects(
      sending,
      (error) => isCommandFailure(error, 'store') && error.payload.val.code === 'unknown-outcome',
    );
    await assert.rejects(
      natsCommands(client, { name }).send('Add', {}),
      (error) => isCommandFailure(error, 'store') && error.payload.val.code === 'io',
    );
  });
});

describe('the end of a service of commands', { skip: skipWithoutBinary, timeout: 60_000 }, () => {
  const target = { handleCommand: () => assert.fail('no command was sent'), dispatch: () => assert.fail() };

  test('is reported with its failure if the client gives up its connection', async () => {
    await using server = await startNatsServer();
    const connection = await connect({ servers: server.url, maxReconnectAttempts: 1, reconnectTimeWait: 10 });
    await using served = serveCommands(target, connection, { name: 'bank' });
    await server.stop('SIGKILL');
    const failure = await served.closed;
    assert.equal(failure?.payload.tag === 'failure' && failure.payload.val.code, 'io');
    assert.equal(failure?.cause, await connection.closed());
  });

  test('is reported with a failure if the caller closes the connection first', async () => {
    await using server = await startNatsServer();
    const connection = await connect({ servers: server.url });
    await using served = serveCommands(target, connection, { name: 'bank' });
    await connection.close();
    assert.notEqual(await served.closed, undefined);
  });

  test('is reported without a failure if the service is closed', async () => {
    await using server = await startNatsServer();
    await using connection = await connect({ servers: server.url });
    const served = serveCommands(target, connection, { name: 'bank' });
    await served.close();
    assert.equal(await served.closed, undefined);
  });

  test('is reported after the answers to accepted commands', async () => {
    await using server = await startNatsServer();
    await using connection = await connect({ servers: server.url });
    const [accepted, decision] = [Promise.withResolvers<void>(), Promise.withResolvers<never>()];
    const slow = {
      handleCommand: () => assert.fail('the command is JSON'),
      dispatch: () => {
        accepted.resolve();
        return decision.promise;
      },
    };
    const served = serveCommands(slow, connection, { name: 'bank' });
    const answer = natsCommands(connection, { name: 'bank' })
      .send('Deposit', {})
      .catch((error: unknown) => isCommandFailure(error, 'fault'));
    await accepted.promise;
    const order: string[] = [];
    const ended = served.closed.then(() => order.push('closed'));
    const closing = served.close();
    await connection.flush();
    order.push('decided');
    decision.reject(new Error('unknown'));
    await Promise.all([closing, ended]);
    assert.deepEqual([order, await answer], [['decided', 'closed'], true]);
  });
});
