/** The event store of examples/system, which is a component, obeys the contract of an event store. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type EventStore, isAppendFailure, isStoreFailure, type Precondition, type ReadAllOptions } from 'decidable';
import { compile, instantiate, isComponentError } from 'decidable/component';
import { virtualWasi } from 'decidable/component/wasi';
import { GuardedStore, usedAfterClose } from 'decidable/storage';
import { decision, envelope, eventStoreSuite } from 'decidable/testing';
import { componentStore } from '../../../examples/system/component-store.ts';
import type { ClosableStore } from '../../../src/adapters/testing/event-store-suite.ts';

const component = await compile(
  await readFile(new URL('../../../examples/system/components/event-store.wasm', import.meta.url)),
);

function now(): { seconds: bigint; nanoseconds: number } {
  const time = Date.now();
  return { seconds: BigInt(Math.floor(time / 1_000)), nanoseconds: (time % 1_000) * 1_000_000 };
}

async function open(): Promise<EventStore> {
  const { exports } = await instantiate(component, { 'wasi:clocks/wall-clock': { now } });
  return componentStore(exports['decidable:eventsourcing/event-store@0.1.0'] as EventStore);
}

/**
 * A component cannot receive values for which WIT has no type (such as a lone surrogate or the version 0.5), so the
 * guard of every store refuses them first. An instance cannot be closed, so the guard refuses later calls too.
 */
async function openClosable(): Promise<ClosableStore> {
  const store = await open();
  const ending = new AbortController();
  return new GuardedStore({
    ...store,
    awaitEvents: (position, signal) =>
      store.awaitEvents(position, signal === undefined ? ending.signal : AbortSignal.any([ending.signal, signal])),
    close: async () => ending.abort(usedAfterClose()),
  });
}

eventStoreSuite('the store in a component', { open: openClosable, describe, test });

const NEXT = '018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e10';
const BEYOND = 2n ** 63n;
const ANY: Precondition = { tag: 'any' };
const key = { moduleName: 'm', moduleVersion: '1', stream: 's-1' };
const rejected = decision({ outcome: { tag: 'rejected', val: { code: 'no', message: 'no', details: [] } } });

test('the component refuses invalid arguments that its WIT types allow, and names them', async () => {
  const store = await open();
  const many = Array.from({ length: 1_001 }, () => envelope('Done'));
  const appends: [string, ...Parameters<EventStore['append']>][] = [
    ['stream', '', [], ANY, decision()],
    ['stream', 'ü'.repeat(128), [], ANY, decision()],
    ['stream', 'a\0', [], ANY, decision()],
    ['events', 's-1', many, ANY, decision()],
    ['events[1].type', 's-1', [envelope('Done'), envelope('')], ANY, decision()],
    ['events[0].schemaVersion', 's-1', [envelope('Done', undefined, 0)], ANY, decision()],
    ['precondition', 's-1', [], { tag: 'at-revision', val: BEYOND }, decision()],
    ['decision.commandId', 's-1', [], ANY, decision({ commandId: 'command 1' })],
    ['decision.commandId', 's-1', [], ANY, decision({ commandId: '018F4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e0f' })],
    ['decision.command.type', 's-1', [], ANY, decision({ command: envelope('') })],
    ['decision.seenRevision', 's-1', [], ANY, decision({ seenRevision: BEYOND })],
    ['decision.outcome', 's-1', [envelope('Done')], ANY, rejected],
  ];
  for (const [argument, ...args] of appends) {
    await assert.rejects(
      store.append(...args),
      (error) => isAppendFailure(error, 'invalid-argument') && error.payload.val.argument === argument,
      argument,
    );
  }
  const all: ReadAllOptions = {
    direction: 'forward',
    categories: [],
    eventTypes: [],
    events: [],
  };
  const snapshot = { revision: BEYOND, contentType: '', state: Uint8Array.of() };
  for (const [argument, refused] of [
    ['stream', store.readStream('', all as never)],
    ['options.limit', store.readStream('s-1', { direction: 'forward', limit: 0 })],
    ['options.fromRevision', store.readStream('s-1', { direction: 'forward', fromRevision: BEYOND, limit: 1 })],
    ['options.limit', store.readAll({ ...all, limit: 0 })],
    ['options.afterPosition', store.readAll({ ...all, afterPosition: BEYOND })],
    ['commandId', store.findDecision('x')],
    ['key.stream', store.loadSnapshot({ ...key, stream: '' })],
    ['key.stream', store.dropSnapshot({ ...key, stream: '' })],
    ['snapshot.revision', store.saveSnapshot(key, snapshot)],
  ] as const) {
    await assert.rejects(
      refused,
      (error) => isStoreFailure(error, 'invalid-argument') && error.payload.val.argument === argument,
      argument,
    );
  }
  assert.deepEqual(await store.readAll(all), []);
});

test('the component itself cannot wait for events, because its calls are synchronous', async () => {
  const { exports } = await instantiate(component, { 'wasi:clocks/wall-clock': { now } });
  const instance = exports['decidable:eventsourcing/event-store@0.1.0'] as EventStore;
  const isRefused = (error: unknown) =>
    isComponentError(error) &&
    isDeepStrictEqual(error.payload, {
      tag: 'failure',
      val: {
        code: 'unsupported-engine',
        message: 'this store cannot wait for events, because its calls are synchronous; read again later',
      },
    });
  const waits = async (after: bigint | undefined) => instance.awaitEvents(after);
  await assert.rejects(waits(undefined), isRefused);
  await instance.append('s-1', [envelope('Done'), envelope('Done')], ANY, decision());
  assert.equal(await waits(undefined), 2n);
  assert.equal(await waits(1n), 2n);
  await assert.rejects(waits(2n), isRefused);
});

test('the clock of the virtual WASI can be used', async () => {
  const { imports } = virtualWasi({ grant: ['wasi:clocks/wall-clock'] });
  const { exports } = await instantiate(component, imports);
  const store = componentStore(exports['decidable:eventsourcing/event-store@0.1.0'] as EventStore);
  const { recordedAt } = await store.append('s-1', [], ANY, decision());
  assert.equal((await store.append('s-1', [], ANY, decision({ commandId: NEXT }))).recordedAt, recordedAt);
});

test('a clock whose time is out of range stops only appends', async () => {
  const { exports } = await instantiate(component, {
    'wasi:clocks/wall-clock': { now: () => ({ seconds: 2n ** 64n - 1n, nanoseconds: 0 }) },
  });
  const store = componentStore(exports['decidable:eventsourcing/event-store@0.1.0'] as EventStore);
  await assert.rejects(store.append('s-1', [], ANY, decision()), (error) => isAppendFailure(error, 'failure'));
  assert.equal(await store.findDecision(decision().commandId), undefined);
});
