import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEventSourcer } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { failsWith } from './failing.ts';
import { readTill, tillEnvelope, tillModule } from './till.ts';

const payIn = tillEnvelope({ type: 'PayIn', till: 'a', amount: 1 });

describe('reading a state', () => {
  test('folds the stream exactly to the revision', async () => {
    const store = createMemoryStore();
    const till = tillModule({ snapshot: { tag: 'every', val: 2 } });
    const sourcer = createEventSourcer({ store, modules: [till] });
    for (let time = 0; time < 5; time++) await sourcer.handleCommand(payIn);
    for (let revision = 0n; revision < 5n; revision++) {
      const folded = await sourcer.readState('till-a', { revision });
      assert.deepEqual([readTill(folded.state).amount, folded.revision], [Number(revision) + 1, revision]);
    }
    const { module, moduleVersion, contentType } = await sourcer.readState('till-a');
    assert.deepEqual([module, moduleVersion, contentType], ['till', '1', 'application/json']);
    const beyond = await failsWith(sourcer.readState('till-a', { revision: 5n }), 'invalid-argument');
    assert.equal(beyond.payload.val.argument, 'options.revision');
    await failsWith(sourcer.readState('till-b', { revision: 0n }), 'invalid-argument');
    await sourcer.close();
    assert.deepEqual([till.live.size, till.misuses], [0, []]);
  });

  test('reads several pages', async () => {
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [tillModule()] });
    for (let time = 0; time < 3; time++)
      await sourcer.handleCommand(tillEnvelope({ type: 'Split', till: 'a', amount: 1_000 }));
    for (const revision of [999n, 1_000n, 1_999n, 2_999n])
      assert.equal(readTill((await sourcer.readState('till-a', { revision })).state).amount, Number(revision) + 1);
  });

  test('includes the events of other processes and of earlier commands', async () => {
    const store = createMemoryStore();
    const sourcer = createEventSourcer({ store, modules: [tillModule()] });
    const neighbour = createEventSourcer({ store, modules: [tillModule()] });
    await sourcer.handleCommand(payIn);
    await neighbour.handleCommand(payIn);
    const sent = sourcer.handleCommand(payIn);
    assert.equal((await sourcer.readState('till-a')).revision, 2n);
    await sent;
  });

  test('returns the initial state of a stream without events', async () => {
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [tillModule()] });
    const { state, revision } = await sourcer.readState('till-new');
    assert.deepEqual([readTill(state), revision], [{ opened: false, amount: 0, notes: 0 }, undefined]);
  });

  test('can be cancelled, and refuses invalid arguments', async () => {
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [tillModule()] });
    await failsWith(sourcer.readState('till-a', { signal: AbortSignal.abort() }), 'cancelled');
    await failsWith(sourcer.readState('', {}), 'invalid-argument');
    await failsWith(sourcer.readState('a', { revision: 1 as never }), 'invalid-argument');
    await failsWith(sourcer.readState('a', { module: 1 as never }), 'invalid-argument');
    await failsWith(sourcer.readState('a', 'till' as never), 'invalid-argument');
  });
});
