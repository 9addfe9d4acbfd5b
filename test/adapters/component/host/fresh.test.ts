/** Instances that are created for each call. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isTrap, isValueError } from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { isFault } from '../../../../src/core/index.ts';
import { envelope } from './bank-arbitraries.ts';
import { coreText, countingGuest } from './counting-guest.ts';
import { message } from './counting-messages.ts';

const bank = readFileSync(new URL('../../../../examples/guests/c/bank.wasm', import.meta.url));

describe('fresh isolation', () => {
  test('creates an instance for each call', async () => {
    const { types, decider, statistics } = await loadModule(bank, { isolation: 'fresh' });
    const before = statistics.instances;
    const state = decider.initialState();
    types.state.toBytes(state); // The state is bytes already.
    decider.evolve(state, types.event.fromEnvelope(envelope('AccountOpened', { accountId: 'a', owner: 'o' })));
    assert.equal(statistics.instances - before, 3);
  });

  test('keeps handles after a trap, because instances hold no data between calls', async () => {
    const { types, decider } = await loadModule(await countingGuest('command-handler'), { isolation: 'fresh' });
    const state = decider.initialState();
    assert.throws(() => decider.decide(state, types.command.fromEnvelope(message(13))), isTrap);
    assert.equal(types.state.toBytes(state).length, 0);
  });

  test('keeps no event of a decision whose events cannot all be read', async () => {
    // Each decision has two events, and the second has more bytes than there is memory.
    const core = coreText('command-handler').replace(
      '(i32.store (i32.const 4) (i32.const 512)) (i32.store (i32.const 8) (i32.const 1)) (i32.const 0))',
      `(i32.store (i32.const 516) (call $new-event (i32.const -1)))
       (i32.store (i32.const 4) (i32.const 512)) (i32.store (i32.const 8) (i32.const 2)) (i32.const 0))`,
    );
    const module = await loadModule(await countingGuest('command-handler', core), { isolation: 'fresh' });
    const { types, decider, statistics } = module;
    const [state, command] = [decider.initialState(), types.command.fromEnvelope(message(1))];
    assert.throws(() => decider.decide(state, command), isTrap);
    assert.equal(statistics.handles, 2);
  });

  test('decodes and encodes messages and states immediately, so that the host keeps the form of the guest', async () => {
    const { types } = await loadModule(await countingGuest('command-handler'), { isolation: 'fresh' });
    const event = types.event.fromEnvelope({ type: 'counted', schemaVersion: 7, payload: new Uint8Array(3) });
    assert.deepEqual(types.event.toEnvelope(event), message(3));
    const states = (await loadModule(bank, { isolation: 'fresh' })).types.state;
    assert.throws(() => states.fromBytes(Uint8Array.of(0xc1)), isFault);
  });

  test('keeps no event of a decision with more events than free handles', async () => {
    const core = coreText('command-handler').replace(
      '(i32.store (i32.const 4) (i32.const 512)) (i32.store (i32.const 8) (i32.const 1)) (i32.const 0))',
      `(i32.store (i32.const 516) (call $new-event (i32.const 1)))
       (i32.store (i32.const 4) (i32.const 512)) (i32.store (i32.const 8) (i32.const 2)) (i32.const 0))`,
    );
    const bytes = await countingGuest('command-handler', core);
    const { types, decider, statistics } = await loadModule(bytes, { isolation: 'fresh', maxHandles: 4 });
    const [state, command] = [decider.initialState(), types.command.fromEnvelope(message(1))];
    decider.initialState();
    assert.throws(() => decider.decide(state, command), { code: 'handles-exhausted' });
    assert.equal(statistics.handles, 3);
  });

  test('holds no more handles than maxHandles', async () => {
    const { types, decider, statistics } = await loadModule(bank, { isolation: 'fresh', maxHandles: 3 });
    const [state] = Array.from({ length: 2 }, () => decider.initialState());
    const command = types.command.fromEnvelope(envelope('OpenAccount', { accountId: 'a', owner: 'o' }));
    assert.throws(() => decider.initialState(), { code: 'handles-exhausted' });
    assert.throws(() => decider.decide(state!, command), { code: 'handles-exhausted' });
    types.state.drop(state!);
    decider.initialState();
    assert.equal(statistics.handles, 3);
  });

  test('refuses handles that were consumed or are of another kind', async () => {
    const { types, decider } = await loadModule(bank, { isolation: 'fresh' });
    const state = decider.initialState();
    const event = types.event.fromEnvelope(envelope('AccountOpened', { accountId: 'a', owner: 'o' }));
    decider.evolve(state, event);
    assert.throws(() => types.state.toBytes(state), isValueError);
    assert.throws(() => types.state.toBytes(event), isValueError);
    assert.throws(() => types.event.toEnvelope(state), isValueError);
    assert.throws(() => types.event.toEnvelope(decider.initialState()), isValueError);
    assert.throws(() => types.state.drop?.(state), isValueError);
  });
});
