/** Loading a module: its source, its digest and its world. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { loadModule } from 'decidable/component/host';
import { coreText, countingGuest } from './counting-guest.ts';
import { context, message } from './counting-messages.ts';

const bank = readFileSync(new URL('../../../../examples/guests/c/bank.wasm', import.meta.url));

describe('the digest of a module', () => {
  test('is the SHA-256 of the bytes', async () => {
    const module = await loadModule(bank);
    assert.deepEqual(module.routing.describe().digest, new Uint8Array(createHash('sha256').update(bank).digest()));
  });

  test('is the digest that is passed with a compiled component', async () => {
    const { component } = await loadModule(bank);
    const digest = new Uint8Array(32).fill(7);
    assert.deepEqual((await loadModule(component, { digest })).routing.describe().digest, digest);
    assert.equal((await loadModule(component)).routing.describe().digest, undefined);
  });

  test('is the guest’s own digest only if the host does not have it', async () => {
    // The guest's own digest is the five bytes of its name.
    const core = coreText('command-handler').replace(
      '(i32.store8 (i32.const 44) (i32.const 1))',
      '(i32.store8 (i32.const 24) (i32.const 1)) (call $text (i32.const 28)) $&',
    );
    const bytes = await countingGuest('command-handler', core);
    const module = await loadModule(bytes);
    assert.deepEqual(module.routing.describe().digest, new Uint8Array(createHash('sha256').update(bytes).digest()));
    const again = await loadModule(module.component);
    assert.deepEqual(again.routing.describe().digest, new TextEncoder().encode('count'));
  });

  test('is part of a description that is read once and cannot be changed', async () => {
    const { routing, statistics } = await loadModule(bank, { isolation: 'fresh' });
    const before = statistics.instances;
    assert.equal(routing.describe(), routing.describe());
    assert.equal(statistics.instances, before);
    assert.ok(Object.isFrozen(routing.describe()));
  });
});

for (const isolation of ['pooled', 'fresh'] as const) {
  describe(`process managers and read models, ${isolation}`, () => {
    test('fold events and return reactions', async () => {
      const { types, eventHandler, statistics } = await loadModule(await countingGuest('process-manager'), {
        world: 'process-manager',
        isolation,
      });
      const event = types.event.fromEnvelope(message(3));
      assert.equal(eventHandler.key(event), 'count');
      assert.equal(eventHandler.describe().name, 'count');
      assert.deepEqual(eventHandler.describe().events, [{ category: 'count', type: 'count', name: 'count' }]);
      const state = eventHandler.evolve(eventHandler.evolve(eventHandler.initialState(), event), event);
      assert.equal(types.state.toBytes(state).length, 2);
      assert.deepEqual(eventHandler.handle(state, event, context), [{ tag: 'cancel', val: 'count' }]);
      const rejected = {
        commandId: '018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e0f',
        command: message(3),
        stream: 'count-1',
        rejection: { code: 'no', message: 'no', details: [['why', 'because']] as const },
        recordedAt: 5n,
      };
      const counted = eventHandler.evolveRejected(state, rejected);
      assert.equal(types.state.toBytes(counted).length, 3);
      assert.deepEqual(eventHandler.handleRejected(counted, rejected), [{ tag: 'end' }]);
      types.state.drop(counted);
      types.event.drop(event);
      assert.equal(statistics.handles, 0);
    });

    test('fold events to documents, and drop a document', async () => {
      const { types, projector, statistics } = await loadModule(await countingGuest('read-model'), {
        world: 'read-model',
        isolation,
      });
      const [event, other] = [types.event.fromEnvelope(message(3)), types.event.fromEnvelope(message(0))];
      assert.equal(projector.key(event), 'count');
      assert.deepEqual(projector.describe().events, [{ category: 'count', type: 'count', name: 'count' }]);
      assert.equal(projector.key(other), undefined);
      const one = projector.project(projector.initialState(), event, context);
      assert.ok(one !== undefined);
      const two = projector.project(one, event, context);
      assert.ok(two !== undefined);
      assert.equal(projector.project(two, event, context), undefined);
      types.event.drop(event);
      types.event.drop(other);
      assert.equal(statistics.handles, 0);
    });
  });
}

describe('the source of a module', () => {
  test('cannot be a response, because a digest needs the bytes', async () => {
    const sources: readonly unknown[] = [new Response(bank), 'bank.wasm', undefined, {}];
    for (const source of sources) {
      await assert.rejects(loadModule(source as Uint8Array), { code: 'invalid-argument', argument: 'source' });
    }
  });

  test('can be any kind of buffer or view', async () => {
    const shared = new SharedArrayBuffer(bank.length);
    new Uint8Array(shared).set(bank);
    // Like a buffer of another frame in a page, it is not an instance of any class of this realm.
    const foreign = runInNewContext('new ArrayBuffer(length)', { length: bank.length }) as ArrayBuffer;
    new Uint8Array(foreign).set(bank);
    const digest = new Uint8Array(createHash('sha256').update(bank).digest());
    const within = new Uint8Array(bank.length + 16);
    within.set(bank, 8);
    for (const source of [
      shared,
      new Uint8Array(bank).buffer,
      new DataView(shared),
      foreign,
      within.subarray(8, 8 + bank.length),
      new DataView(within.buffer, 8, bank.length),
    ]) {
      assert.deepEqual((await loadModule(source)).routing.describe().digest, digest);
    }
  });
});
