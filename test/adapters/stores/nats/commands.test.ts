/** Commands that are sent over NATS to the processes that serve them. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import {
  type CommandError,
  type CommandResult,
  createEventSourcer,
  defineDecider,
  isCommandFailure,
  type ModuleEventSourcer,
  reject,
} from 'decidable';
import { createNatsStore, natsCommands, serveCommands } from 'decidable/nats';
import { z } from 'zod';
import { sharedNats, skipWithoutNats, uniqueName } from '../../../servers/nats.ts';

const counter = defineDecider({
  name: 'test.counter',
  version: '1.0.0',
  state: z.object({ value: z.int() }),
  commands: { Add: z.object({ id: z.string(), by: z.int() }) },
  events: { Added: z.object({ id: z.string(), by: z.int() }) },
  category: 'counter',
  streamId: ({ data }) => data.id,
  initialState: { value: 0 },
  evolve: {
    Added: (state, data) => {
      state.value += data.by;
    },
  },
  decide: {
    Add: (_state, data) => (data.by === 0 ? reject('nothing-to-add') : [{ type: 'Added', data }]),
  },
});

type Sourcer = ModuleEventSourcer<typeof counter>;

describe('commands over NATS', { skip: skipWithoutNats }, async () => {
  if (skipWithoutNats !== false) return;
  const server = await sharedNats();
  const connection: NatsConnection = await connect({ servers: server.url });
  after(async () => {
    await connection.close();
    await server[Symbol.asyncDispose]();
  });

  /** A system with a separate store. Its commands are served under its name. */
  async function open(): Promise<{ name: string; sourcer: Sourcer } & AsyncDisposable> {
    const name = uniqueName();
    const store = await createNatsStore({ url: server.url, name, storage: 'memory' });
    const sourcer = createEventSourcer({ store, modules: [counter], closeStore: true });
    return { name, sourcer, [Symbol.asyncDispose]: () => sourcer.close() };
  }

  async function failure(sending: Promise<CommandResult>): Promise<CommandError> {
    const error: unknown = await sending.then(
      () => assert.fail('the command did not fail'),
      (error: unknown) => error,
    );
    if (!isCommandFailure(error)) throw error;
    return error.payload;
  }

  test('have the result of a command in the process if they are JSON', async () => {
    await using system = await open();
    const { name, sourcer } = system;
    await using _served = serveCommands(sourcer, connection, { name });
    const commands = natsCommands(connection, { name });
    const result = await commands.send('Add', { id: 'ä 1', by: 3 }, { commandId: 'first ü', actor: '小林' });
    assert.deepEqual(result.outcome, { tag: 'accepted' });
    const again = await sourcer.dispatch(counter.commands.Add({ id: 'ä 1', by: 3 }), { commandId: 'first ü' });
    assert.deepEqual([result.duplicate, again.duplicate], [false, true]);
    assert.deepEqual(
      [result.stream, result.revision, result.position, result.commandId],
      [again.stream, again.revision, again.position, again.commandId],
    );
    assert.deepEqual(
      result.events.map(({ event, context: { id, position } }) => [event, id, position]),
      again.events.map(({ event, context: { id, position } }) => [event, id, position]),
    );
  });

  test('are decided like commands in the process if they are in envelopes', async () => {
    await using system = await open();
    const { name, sourcer } = system;
    await using _served = serveCommands(sourcer, connection, { name });
    const envelope = counter.types.command.toEnvelope(counter.commands.Add({ id: '1', by: 3 }));
    const result = await natsCommands(connection, { name }).handleCommand(envelope);
    assert.equal(result.revision, 0n);
    assert.deepEqual((await sourcer.state(counter, 'counter-1')).state, { value: 3 });
  });

  test('return a rejection as a result, and throw an error with its payload', async () => {
    await using system = await open();
    const { name, sourcer } = system;
    await using _served = serveCommands(sourcer, connection, { name });
    const commands = natsCommands(connection, { name });
    const rejected = await commands.send('Add', { id: '1', by: 0 });
    assert.equal(rejected.outcome.tag === 'rejected' && rejected.outcome.val.code, 'nothing-to-add');
    await commands.send('Add', { id: '1', by: 1 });
    const precondition = { tag: 'at-revision', val: 7n } as const;
    assert.deepEqual(await failure(commands.send('Add', { id: '1', by: 1 }, { precondition })), {
      tag: 'conflict',
      val: { stream: 'counter-1', precondition, actual: 0n },
    });
    assert.equal((await failure(commands.send('Remove', {}))).tag, 'unroutable');
    assert.equal((await failure(commands.send('Add', { id: '1' }))).tag, 'fault');
    assert.equal((await failure(commands.send('Add', { id: '1', by: 1 }, { deadline: 1n }))).tag, 'deadline-exceeded');
  });

  test('are refused with the name of a wrong header', async () => {
    await using system = await open();
    const { name, sourcer } = system;
    await using _served = serveCommands(sourcer, connection, { name });
    for (const [header, value] of [
      ['Decidable-Type', ''],
      ['Decidable-Precondition', 'perhaps'],
      ['Decidable-Deadline', 'tomorrow'],
      ['Decidable-Precondition', 'at-revision 7 8'],
      ['Decidable-Actor', '%'],
      ['Decidable-Command-Id', ''],
      ['Decidable-Comand-Id', 'add-1'],
      ['decidable-command-id', 'add-1'],
    ] as const) {
      const given = headers();
      given.set('Decidable-Type', 'Add');
      given.set(header, value);
      const reply = await connection.request(`${name}.commands.Add`, '{}', { headers: given, timeout: 10_000 });
      const { error } = reply.json<{ error: { payload: CommandError } }>();
      assert.equal(error.payload.tag === 'invalid-argument' && error.payload.val.argument, header);
    }
  });

  test('are JSON if their content type has parameters', async () => {
    await using system = await open();
    const { name, sourcer } = system;
    await using _served = serveCommands(sourcer, connection, { name });
    const given = headers();
    given.set('Decidable-Type', 'Add');
    given.set('Content-Type', 'Application/JSON; charset=utf-8');
    const data = JSON.stringify({ id: '1', by: 2 });
    const reply = await connection.request(`${name}.commands.Add`, data, { headers: given, timeout: 10_000 });
    assert.equal(reply.json<{ result: CommandResult }>().result.outcome.tag, 'accepted');
  });

  test('are each decided by one of the processes that serve the name', async () => {
    await using system = await open();
    const { name, sourcer } = system;
    const counts = [0, 0, 0];
    const served = counts.map((_, index) =>
      serveCommands(
        {
          handleCommand: (command, options) => sourcer.handleCommand(command, options),
          dispatch: (command, options) => {
            counts[index]!++;
            return sourcer.dispatch(command, options);
          },
        },
        connection,
        { name },
      ),
    );
    const commands = natsCommands(connection, { name });
    await Promise.all(Array.from({ length: 60 }, (_, index) => commands.send('Add', { id: String(index % 7), by: 1 })));
    for (const one of served) await one.close();
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      60,
    );
    const heads = await Promise.all([0, 1, 2, 3, 4, 5, 6].map((id) => sourcer.state(counter, `counter-${id}`)));
    assert.equal(
      heads.reduce((sum, { state }) => sum + state.value, 0),
      60,
    );
  });

  test('are not decided if no process serves them', async () => {
    assert.equal((await failure(natsCommands(connection, { name: uniqueName() }).send('Add', {}))).tag, 'overloaded');
  });

  test('may have been decided without a reply, and can be sent again with their ids', async () => {
    await using system = await open();
    const { name, sourcer } = system;
    const decided = Promise.withResolvers<void>();
    const reply = Promise.withResolvers<void>();
    const slow = serveCommands(
      {
        handleCommand: (command, options) => sourcer.handleCommand(command, options),
        dispatch: async (command, options) => {
          const result = await sourcer.dispatch(command, options);
          decided.resolve();
          await reply.promise;
          return result;
        },
      },
      connection,
      { name },
    );
    const sending = failure(
      natsCommands(connection, { name, timeout: 1 }).send('Add', { id: '1', by: 1 }, { commandId: 'a' }),
    );
    const error = await sending;
    assert.equal(error.tag === 'store' && error.val.code, 'unknown-outcome');
    await decided.promise;
    reply.resolve();
    await slow.close();
    await using _served = serveCommands(sourcer, connection, { name });
    const again = await natsCommands(connection, { name }).send('Add', { id: '1', by: 1 }, { commandId: 'a' });
    assert.deepEqual([again.duplicate, again.revision], [true, 0n]);
  });

  test('are answered before the service is closed if it has accepted them', async () => {
    await using system = await open();
    const { name, sourcer } = system;
    const served = serveCommands(sourcer, connection, { name });
    const commands = natsCommands(connection, { name });
    const sent = Array.from({ length: 20 }, (_, index) => commands.send('Add', { id: String(index), by: 1 }));
    await connection.flush();
    await served.close();
    for (const { outcome } of await Promise.all(sent)) assert.equal(outcome.tag, 'accepted');
  });
});
