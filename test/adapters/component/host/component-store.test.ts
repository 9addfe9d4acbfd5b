/**
 * `componentStore` makes an event store of a component. test/examples/system/contract.test.ts runs the suite of event
 * stores on one.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { isAppendFailure, isStoreFailure } from 'decidable';
import { isArgumentError, isLinkError } from 'decidable/component';
import { componentStore } from 'decidable/component/host';
import { decision, envelope } from 'decidable/testing';
import { dummyComponent, witSource } from './counting-guest.ts';

const bytes = await readFile(new URL('../../../../examples/system/components/event-store.wasm', import.meta.url));
/** A component whose functions all trap. */
const { component: trapping } = await componentStore(await dummyComponent(witSource(), 'event-storage'));

const ANY = { tag: 'any' } as const;
const ALL = { direction: 'forward', categories: [], eventTypes: [], events: [] } as const;
const key = { moduleName: 'm', moduleVersion: '1', stream: 's-1' };
const snapshot = { revision: 0n, contentType: 'application/x', state: Uint8Array.of() };

const isFailure = (code: string) => (error: unknown) =>
  (isAppendFailure(error, 'failure') || isStoreFailure(error, 'failure')) && error.payload.val.code === code;

describe('a store in a component that traps', () => {
  test('fails with an unknown outcome if it may have written', async () => {
    await using store = await componentStore(trapping, { data: 'imports' });
    await assert.rejects(store.append('s-1', [envelope('Done')], ANY, decision()), isFailure('unknown-outcome'));
    await assert.rejects(store.saveSnapshot(key, snapshot), isFailure('unknown-outcome'));
    await assert.rejects(store.dropSnapshot(key), isFailure('unknown-outcome'));
  });

  test('fails with `io` if it reads', async () => {
    await using store = await componentStore(trapping, { data: 'imports' });
    await assert.rejects(store.readStream('s-1', { direction: 'forward' }), isFailure('io'));
    await assert.rejects(store.readAll(ALL), isFailure('io'));
    await assert.rejects(store.findDecision(decision().commandId), isFailure('io'));
    await assert.rejects(store.loadSnapshot(key), isFailure('io'));
    await assert.rejects(store.awaitEvents(undefined), isFailure('io'));
  });

  test('gets a new instance if its data is outside', async () => {
    await using store = await componentStore(trapping, { data: 'imports' });
    assert.equal(store.instances, 1);
    await assert.rejects(store.readAll(ALL));
    await assert.rejects(store.readAll(ALL));
    assert.equal(store.instances, 2);
  });

  test('refuses later calls if its data was in the instance, and does not look like an empty store', async () => {
    await using store = await componentStore(bytes, { budget: { fuel: 20_000, callDepth: 1_000 } });
    await store.append('s-1', [envelope('Done')], ANY, decision());
    const large = envelope('Done', new Uint8Array(4_000_000));
    const second = decision({ commandId: '018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e10' });
    await assert.rejects(store.append('s-1', [large], ANY, second), isFailure('unknown-outcome'));
    await assert.rejects(store.readStream('s-1', { direction: 'forward' }), isFailure('io'));
    await assert.rejects(store.append('s-1', [], ANY, second), isFailure('io'));
    assert.equal(store.instances, 1);
  });

  test('wakes the callers that wait for events, because the append may have been written', async () => {
    await using store = await componentStore(bytes, { budget: { fuel: 20_000, callDepth: 1_000 } });
    const waiting = assert.rejects(store.awaitEvents(undefined), isFailure('io'));
    const large = envelope('Done', new Uint8Array(4_000_000));
    await assert.rejects(store.append('s-1', [large], ANY, decision()), isFailure('unknown-outcome'));
    await waiting;
  });
});

describe('the options of componentStore', () => {
  test('are refused if they are unknown or invalid', async () => {
    for (const [argument, options] of [
      ['isolation', { isolation: 'fresh' }],
      ['data', { data: 'disk' }],
      ['now', { now: 7 }],
      ['imports', { imports: 7 }],
      ['maxHandles', { maxHandles: -1 }],
      ['wasi', { wasi: {} }],
    ] as const) {
      await assert.rejects(
        componentStore(bytes, options as never),
        (error) => isArgumentError(error) && error.argument === argument,
        argument,
      );
    }
  });

  test('set the time of commits', async () => {
    await using store = await componentStore(bytes, { now: () => 1_700_000_000_123 });
    const { recordedAt } = await store.append('s-1', [], ANY, decision());
    assert.equal(recordedAt, 1_700_000_000_123n);
  });
});

test('a component of another world is refused with the functions that are missing', async () => {
  const bank = await readFile(new URL('../../../../examples/guests/rust/bank.wasm', import.meta.url));
  await assert.rejects(
    componentStore(bank),
    (error) => isLinkError(error) && error.path[0] === 'decidable:eventsourcing/event-store@0.1.0',
  );
});

test('a compiled component can be started again without its bytes', async () => {
  await using first = await componentStore(bytes);
  await first.append('s-1', [envelope('Done')], ANY, decision());
  await using second = await componentStore(first.component);
  assert.deepEqual(await second.readAll(ALL), []);
  assert.equal(second.component, first.component);
});
