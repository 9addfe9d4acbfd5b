/** The hooks for the end of a command. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEventSourcer, type EventSourcerConfiguration, type EventSourcerObserver } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { failsWith } from './failing.ts';
import { type TillCommand, tillEnvelope, tillModule } from './till.ts';

type Call = readonly [hook: string, command: Readonly<Record<string, unknown>>, detail: unknown];

/** Records the arguments of the hooks. */
function recorded(configuration: Partial<EventSourcerConfiguration> = {}) {
  const calls: Call[] = [];
  const note =
    (hook: string) =>
    ({ milliseconds, ...command }: { readonly milliseconds: number }, detail: unknown): void => {
      assert.ok(milliseconds >= 0 && Number.isFinite(milliseconds), `${milliseconds} ms`);
      calls.push([hook, command, detail]);
    };
  const observer: EventSourcerObserver = {
    committed: note('committed'),
    rejected: note('rejected'),
    duplicate: note('duplicate'),
    failed: note('failed'),
  };
  const store = createMemoryStore();
  const sourcer = createEventSourcer({ store, modules: [tillModule()], observer, ...configuration });
  const send = (command: TillCommand, commandId?: string) =>
    sourcer.handleCommand(tillEnvelope(command), { commandId });
  return { calls, sourcer, store, send };
}

const payIn: TillCommand = { type: 'PayIn', till: 'a', amount: 1 };
const command = (commandId: string, commandType: string, attempts: number) => ({
  module: 'till',
  stream: 'till-a',
  commandId,
  commandType,
  attempts,
});

describe('an observer', () => {
  test('is notified of a committed command, with its result and its attempts', async () => {
    const { calls, send, store } = recorded();
    await send(payIn);
    const neighbour = createEventSourcer({ store, modules: [tillModule()] });
    await neighbour.handleCommand(tillEnvelope(payIn));
    const result = await send(payIn);
    assert.deepEqual(calls[1], ['committed', command(result.commandId, 'PayIn', 2), result]);
    assert.equal(calls.length, 2);
  });

  test('is notified of a committed decision without events', async () => {
    const { calls, send } = recorded();
    const result = await send({ type: 'SetTo', till: 'a', amount: 0 });
    assert.deepEqual(calls, [['committed', command(result.commandId, 'SetTo', 1), result]]);
  });

  test('is notified of a rejected command', async () => {
    const { calls, send } = recorded();
    const result = await send({ type: 'PayOut', till: 'a', amount: 1 });
    assert.deepEqual(calls, [['rejected', command(result.commandId, 'PayOut', 1), result]]);
  });

  test('is notified of a duplicate', async () => {
    const { calls, send } = recorded({ cachedStates: 0 });
    const { commandId } = await send(payIn, 'order-1');
    const again = await send(payIn, 'order-1');
    assert.deepEqual(calls[1], ['duplicate', command(commandId, 'PayIn', 0), again]);
  });

  test('is notified of a failed command, with its failure', async () => {
    const { calls, sourcer } = recorded();
    const options = { precondition: { tag: 'stream-exists' }, commandId: 'order-1' } as const;
    const error = await failsWith(sourcer.handleCommand(tillEnvelope(payIn), options), 'conflict');
    const [[hook, failed, failure] = []] = calls;
    assert.deepEqual([hook, failed?.stream, failed?.attempts, failure], ['failed', 'till-a', 0, error]);
  });

  test('is notified of a command that failed before it had a stream', async () => {
    const { calls, sourcer } = recorded({ maxInFlight: 1 });
    const unknown = await failsWith(sourcer.handleCommand({ ...tillEnvelope(payIn), type: 'Steal' }), 'unroutable');
    const first = sourcer.handleCommand(tillEnvelope(payIn));
    const overloaded = await failsWith(sourcer.handleCommand(tillEnvelope(payIn)), 'overloaded');
    await first;
    await sourcer.close();
    const closed = await failsWith(sourcer.handleCommand(undefined as never), 'closed');
    const nowhere = { module: undefined, stream: undefined, commandId: undefined, attempts: 0 };
    assert.deepEqual(
      calls.filter(([hook]) => hook === 'failed'),
      [
        ['failed', { ...nowhere, commandType: 'Steal' }, unknown],
        ['failed', { ...nowhere, commandType: 'PayIn' }, overloaded],
        ['failed', { ...nowhere, commandType: undefined }, closed],
      ],
    );
  });

  test('is notified before the promise of the command is settled', async () => {
    const { calls, send } = recorded();
    const before = await send(payIn).then(() => calls.length);
    assert.equal(before, 1);
  });
});

test('a hook that throws does not affect the command', async () => {
  const throws = (): never => {
    throw new Error('a bug in the telemetry');
  };
  const observer = { committed: throws, rejected: throws, duplicate: throws, failed: throws };
  const { send } = recorded({ observer });
  assert.equal((await send(payIn, 'order-1')).outcome.tag, 'accepted');
  assert.equal((await send(payIn, 'order-1')).duplicate, true);
  assert.equal((await send({ type: 'PayOut', till: 'a', amount: 9 })).outcome.tag, 'rejected');
  await failsWith(send({ type: 'Open', till: 'a' }), 'conflict');
});

test('no clock is read if the observer has none of these hooks', async (context) => {
  const clock = context.mock.method(performance, 'now');
  const { send } = recorded({ observer: { conflict: () => {} } });
  await send(payIn);
  assert.equal(clock.mock.callCount(), 0);
});
