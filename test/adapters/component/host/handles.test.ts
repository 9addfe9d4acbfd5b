/** The handles of a guest, and the limits of their number. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { isTrap, isValueError } from 'decidable/component';
import { type Handle, loadModule, StaleHandle } from 'decidable/component/host';
import { isRejection } from '../../../../src/core/index.ts';
import { envelope } from './bank-arbitraries.ts';
import { countingGuest } from './counting-guest.ts';
import { message } from './counting-messages.ts';

const bank = readFileSync(new URL('../../../../examples/guests/c/bank.wasm', import.meta.url));

describe('budgets', () => {
  test('end a guest that uses more memory than allowed', async () => {
    const { types } = await loadModule(bank, { maxMemoryBytes: 1 << 20 });
    assert.throws(() => types.state.fromBytes(new Uint8Array(2 << 20)), isTrap);
  });

  test('end a call after which the host would have more handles than maxHandles', async () => {
    const { decider, types, statistics } = await loadModule(bank, { maxHandles: 10 });
    const states = Array.from({ length: 10 }, () => decider.initialState());
    assert.throws(() => decider.initialState(), { code: 'handles-exhausted' });
    // The new state is lost in the guest, because the host has no handle for it. So the instance is replaced.
    assert.throws(() => types.state.toBytes(states[0]!), StaleHandle);
    assert.equal(types.state.toBytes(decider.initialState())[0], 0x83);
    assert.equal(statistics.instances, 2);
  });
});

describe('handles', () => {
  test('are numbers that cannot be consumed twice or used for another type', async () => {
    const { types, decider, statistics } = await loadModule(bank);
    const state = decider.initialState();
    const event = types.event.fromEnvelope(envelope('AccountOpened', { accountId: 'a', owner: 'o' }));
    assert.equal(typeof state, 'number');
    const next = decider.evolve(state, event);
    if (next !== state) assert.throws(() => types.state.toBytes(state), isValueError);
    assert.throws(() => types.state.toBytes(event), isValueError);
    assert.throws(() => types.state.drop(event), isValueError);
    types.state.drop(next);
    assert.throws(() => types.state.drop(next), isValueError);
    types.event.drop(event);
    assert.equal(statistics.handles, 0);
    assert.equal(statistics.instances, 1, 'mistakes of the host end no instance');
  });

  test('do not end an instance if they are confused, in any world', async () => {
    const managers = await loadModule(await countingGuest('process-manager'), { world: 'process-manager' });
    const models = await loadModule(await countingGuest('read-model'), { world: 'read-model' });
    for (const { types, statistics } of [managers, models]) {
      const event = types.event.fromEnvelope(message(3));
      assert.throws(() => types.state.toBytes(event), isValueError);
      assert.deepEqual(types.event.toEnvelope(event), message(3));
      assert.deepEqual([statistics.handles, statistics.instances], [1, 1]);
    }
  });

  for (const isolation of ['pooled', 'fresh'] as const) {
    test(`are required, and the error names the value that was passed instead (${isolation})`, async () => {
      const { types, decider, routing } = await loadModule(bank, { isolation });
      const state = decider.initialState();
      const event = types.event.fromEnvelope(envelope('AccountOpened', { accountId: 'a', owner: 'o' }));
      const others: readonly (readonly [unknown, string])[] = [
        [undefined, 'undefined'],
        [Number.NaN, 'NaN'],
        [1.5, '1.5'],
        [-1, '-1'],
        [5n, '5'],
        [String(state), JSON.stringify(String(state))],
        [{ type: 'Deposit', data: {} }, 'an object'],
        [4_321, '4321'],
      ];
      for (const [given, got] of others) {
        const handle = given as Handle;
        // Both kinds of isolation name the given value, so this test compares the messages.
        const refused = (kind: string) => (error: unknown) =>
          isValueError(error) &&
          error.path.length === 1 &&
          error.message.endsWith(`expected an own handle of ${kind}, got ${got}: it is not a live handle`);
        assert.throws(() => types.command.toEnvelope(handle), refused('command'));
        assert.throws(() => routing.streamId(handle), refused('command'));
        assert.throws(() => decider.decide(state, handle), refused('command'));
        assert.throws(() => decider.evolve(decider.initialState(), handle), refused('event'));
        assert.throws(() => types.state.toBytes(handle), refused('state'));
        assert.throws(() => types.state.drop(handle), refused('state'));
      }
      assert.throws(() => types.command.toEnvelope(event), isValueError);
      assert.throws(() => types.command.drop(event), isValueError);
    });
  }

  test('are released after a rejection and after a fault', async () => {
    const { types, decider, statistics } = await loadModule(bank);
    const state = decider.initialState();
    const command = types.command.fromEnvelope(envelope('CloseAccount', { accountId: 'a' }));
    assert.throws(() => decider.decide(state, command), isRejection);
    assert.throws(() => types.command.fromEnvelope(envelope('CloseAccount', {})), { code: 'invalid-shape' });
    assert.equal(statistics.handles, 2);
    types.command.drop(command);
    types.state.drop(state);
    assert.equal(statistics.handles, 0);
  });
});

for (const isolation of ['pooled', 'fresh'] as const) {
  test(`are counted in statistics, which are printed and serialized as numbers (${isolation})`, async () => {
    const { decider, statistics } = await loadModule(bank, { isolation });
    const { instances } = statistics;
    assert.equal(inspect(statistics), `{ instances: ${instances}, handles: 0 }`);
    decider.initialState();
    assert.equal(statistics.handles, 1);
    assert.deepEqual(JSON.parse(JSON.stringify(statistics)), { instances: statistics.instances, handles: 1 });
    assert.equal(inspect(statistics), `{ instances: ${statistics.instances}, handles: 1 }`);
  });
}
