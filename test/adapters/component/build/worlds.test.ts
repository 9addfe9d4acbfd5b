/**
 * Properties of built components: for random messages, the results of a guest are those of the same module in the
 * process, byte for byte.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type EventContext, isFault, type ProcessManager, type ReadModel, type RejectedCommand } from 'decidable';
import { inspectComponent, loadModule } from 'decidable/component/host';
import fc from 'fast-check';
import { account, Deposit, Withdraw } from '../../../../examples/bank/account.ts';
import { transfer } from '../../../../examples/bank/transfer.ts';
import { HALF, transferProcess } from '../../../../examples/bank/transfer-process.ts';
import { anyValue } from '../../codecs/values.ts';
import { envelope } from '../host/bank-arbitraries.ts';
import { play, reread } from '../host/bank-story.ts';
import { built } from './built.ts';
import { numbers, probe } from './modules.ts';

const MODULES = new URL('modules.ts', import.meta.url);
const TRANSFERS = new URL('../../../../examples/bank/transfer-process.ts', import.meta.url);

const RUNS = { numRuns: 40 };

const counter = fc.bigInt(0n, BigInt(Number.MAX_SAFE_INTEGER));
const context: fc.Arbitrary<EventContext> = fc.record({
  id: fc.uuid(),
  stream: fc.constantFrom('account-1', 'transfer-Ł'),
  revision: counter,
  position: counter,
  recordedAt: fc.bigInt(0n, 4_000_000_000_000n),
  correlationId: fc.uuid(),
  causationId: fc.uuid(),
});

describe('a decider that is built', () => {
  test('has no imports except types, and is deterministic', async () => {
    const { component, world, name, version } = await built(MODULES, 'probe');
    const { imports, isDeterministic, world: found } = await inspectComponent(component);
    assert.deepEqual(
      imports.map(({ provider }) => provider),
      ['nothing'],
    );
    assert.deepEqual([found, world, name, version], ['command-handler', 'command-handler', 'probe', '1.0.0']);
    assert.equal(isDeterministic, true);
  });

  test('decides and folds any values like the module in the process', async () => {
    const module = await loadModule((await built(MODULES, 'probe')).component);
    const commands = fc.array(
      anyValue.map((value) => envelope('Keep', { value })),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(commands, (some) => assert.deepEqual(play(module, some), play(probe, some))),
      RUNS,
    );
    assert.equal(module.statistics.handles, 0);
  });

  test('reads and writes states of any values like the module in the process', async () => {
    const module = await loadModule((await built(MODULES, 'probe')).component);
    const state = fc.array(anyValue, { maxLength: 3 }).map((values) => envelope('state', { values }).payload);
    fc.assert(
      fc.property(state, (bytes) => assert.deepEqual(reread(module, bytes), reread(probe, bytes))),
      RUNS,
    );
  });
});

describe('a process manager that is built', () => {
  const id = fc.constantFrom('t-1', 'Łódź 🎈');
  const amount = fc.integer({ min: 1, max: 1000 });
  const half = fc.record({ accountId: fc.constantFrom('a', 'b'), amount, transferId: id.map((each) => HALF + each) });
  const event = fc.oneof(
    fc
      .record({ transferId: id, from: fc.constant('a'), to: fc.constant('b'), amount })
      .map((data) => transfer.types.event.toEnvelope({ type: 'TransferRequested', data })),
    half.map((data) => account.types.event.toEnvelope({ type: 'Withdrawn', data })),
    half.map((data) => account.types.event.toEnvelope({ type: 'Deposited', data })),
    fc.record({ accountId: id, amount }).map((data) => account.types.event.toEnvelope({ type: 'Deposited', data })),
  );
  const rejected: fc.Arbitrary<RejectedCommand> = fc.record({
    commandId: fc.uuid(),
    command: half.chain((data) =>
      fc.constantFrom(
        account.types.command.toEnvelope(Withdraw(data)),
        account.types.command.toEnvelope(Deposit(data)),
      ),
    ),
    stream: fc.constant('account-a'),
    rejection: fc.record({
      code: fc.constantFrom('not-open', 'insufficient-funds'),
      message: fc.string(),
      details: fc.array(fc.tuple(fc.string(), fc.string()), { maxLength: 2 }),
    }),
    recordedAt: fc.bigInt(0n, 4_000_000_000_000n),
  });

  test('reacts to any events and rejections like the module in the process', async () => {
    const { component, world } = await built(TRANSFERS, 'transferProcess');
    assert.equal(world, 'process-manager');
    const module = await loadModule(component, { world });
    const steps = fc.array(fc.oneof(fc.tuple(event, context), rejected), { maxLength: 12 });
    fc.assert(
      fc.property(steps, (some) => assert.deepEqual(react(module, some), react(transferProcess, some))),
      RUNS,
    );
    assert.equal(module.statistics.handles, 0);
  });

  test('has the description of the module in the process', async () => {
    const module = await loadModule((await built(TRANSFERS, 'transferProcess')).component, {
      world: 'process-manager',
    });
    const { digest: _, ...description } = module.eventHandler.describe();
    assert.deepEqual(JSON.stringify(description), JSON.stringify(transferProcess.eventHandler.describe()));
  });
});

describe('a read model that is built', () => {
  test('projects any events like the module in the process, and drops documents', async () => {
    const { component, world } = await built(MODULES, 'numbers');
    assert.equal(world, 'read-model');
    const module = await loadModule(component, { world });
    const value = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.string());
    const event = value.map((value) => probe.types.event.toEnvelope({ type: 'Kept', data: { value } }));
    const steps = fc.array(fc.tuple(event, context), { maxLength: 20 });
    fc.assert(
      fc.property(steps, (some) => assert.deepEqual(project(module, some), project(numbers, some))),
      RUNS,
    );
    assert.equal(module.statistics.handles, 0);
  });

  test('refuses a position that the guest cannot represent exactly', async () => {
    const { types, projector } = await loadModule((await built(MODULES, 'numbers')).component, { world: 'read-model' });
    const event = types.event.fromEnvelope(probe.types.event.toEnvelope({ type: 'Kept', data: { value: 1 } }));
    const [first] = fc.sample(context, 1);
    const far = { ...first!, position: 2n ** 53n };
    assert.throws(
      () => projector.project(projector.initialState(), event, far),
      (error) => isFault(error) && error.code === 'unsafe-integer',
    );
  });
});

type Envelope = RejectedCommand['command'];
type Step = readonly [Envelope, EventContext] | RejectedCommand;

/** Returns the result of a call, or its fault, which has the same text in a guest and in the process. */
function orFault(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    if (isFault(error)) return error.payload;
    throw error;
  }
}

/** Returns the reactions and states of a process manager, and releases every handle. */
function react<State, Command, Event>(
  { types, eventHandler }: ProcessManager<State, Command, Event>,
  steps: readonly Step[],
): unknown[] {
  let state = eventHandler.initialState();
  const results = steps.map((step) => {
    if ('rejection' in step) {
      state = eventHandler.evolveRejected(state, step);
      const reactions = orFault(() => eventHandler.handleRejected(state, step));
      return { reactions, state: types.state.toBytes(state) };
    }
    const event = types.event.fromEnvelope(step[0]);
    const key = eventHandler.key(event);
    state = eventHandler.evolve(state, event);
    const reactions = orFault(() => eventHandler.handle(state, event, step[1]));
    const encoded = types.event.toEnvelope(event);
    types.event.drop?.(event);
    return { key, reactions, event: encoded, state: types.state.toBytes(state) };
  });
  types.state.drop?.(state);
  return results;
}

/** Returns the keys and documents of a read model, and releases every handle. */
function project<State, Command, Event>(
  { types, projector }: ReadModel<State, Command, Event>,
  steps: readonly (readonly [Envelope, EventContext])[],
): unknown[] {
  let document = projector.initialState();
  const results = steps.map(([envelope, context]) => {
    const event = types.event.fromEnvelope(envelope);
    const key = projector.key(event);
    let next: State | undefined;
    if (key !== undefined) {
      next = projector.project(document, event, context);
      document = next ?? projector.initialState();
    }
    types.event.drop?.(event);
    return { key, isDropped: next === undefined, document: types.state.toBytes(document) };
  });
  types.state.drop?.(document);
  return results;
}
