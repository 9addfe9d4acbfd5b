/** The event store of examples/system, which is a component, obeys the contract of an event store. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type EventStore, isAppendFailure, type Precondition, type ReadAllOptions } from 'decidable';
import { compile, instantiate, isComponentError } from 'decidable/component';
import { componentStore } from 'decidable/component/host';
import { virtualWasi } from 'decidable/component/wasi';
import { decision, envelope, eventStoreSuite } from 'decidable/testing';

const bytes = await readFile(new URL('../../../examples/system/components/event-store.wasm', import.meta.url));
const component = await compile(bytes);
const { component: limited } = await componentStore(bytes);

function now(): { seconds: bigint; nanoseconds: number } {
  const time = Date.now();
  return { seconds: BigInt(Math.floor(time / 1_000)), nanoseconds: (time % 1_000) * 1_000_000 };
}

/** Returns the functions of the component itself, without the checks of the host. */
async function open(): Promise<EventStore> {
  const { exports } = await instantiate(component, { 'wasi:clocks/wall-clock': { now } });
  return exports['decidable:eventsourcing/event-store@0.1.0'] as EventStore;
}

eventStoreSuite('the store in a component', { open: () => componentStore(limited), describe, test });

const NEXT = '018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e10';
const BEYOND = 2n ** 63n;
const ANY: Precondition = { tag: 'any' };
const key = { moduleName: 'm', moduleVersion: '1', stream: 's-1' };
const rejected = decision({ outcome: { tag: 'rejected', val: { code: 'no', message: 'no', details: [] } } });

function isRefusalOf(error: unknown, argument: string): boolean {
  if (!isComponentError(error)) return false;
  const { tag, val } = error.payload as { tag: string; val: { argument: string } };
  return tag === 'invalid-argument' && val.argument === argument;
}

test('the component refuses invalid arguments that its WIT types allow, and names them', async () => {
  const store = await open();
  const many = Array.from({ length: 1_001 }, () => envelope('Done'));
  const appends: [string, ...Parameters<EventStore['append']>][] = [
    ['stream', '', [], ANY, decision()],
    ['stream', 'ü'.repeat(128), [], ANY, decision()],
    ['stream', 'a\0', [], ANY, decision()],
    ['events', 's-1', many, ANY, decision()],
    ['events[1].type', 's-1', [envelope('Done'), envelope('')], ANY, decision()],
    ['events[0].schema-version', 's-1', [envelope('Done', undefined, 0)], ANY, decision()],
    ['precondition', 's-1', [], { tag: 'at-revision', val: BEYOND }, decision()],
    ['decision.command-id', 's-1', [], ANY, decision({ commandId: 'command 1' })],
    ['decision.command-id', 's-1', [], ANY, decision({ commandId: '018F4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e0f' })],
    ['decision.command.type', 's-1', [], ANY, decision({ command: envelope('') })],
    ['decision.seen-revision', 's-1', [], ANY, decision({ seenRevision: BEYOND })],
    ['decision.outcome', 's-1', [envelope('Done')], ANY, rejected],
  ];
  for (const [argument, ...args] of appends) {
    await assert.rejects(
      async () => store.append(...args),
      (error) => isRefusalOf(error, argument),
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
    ['options.from-revision', store.readStream('s-1', { direction: 'forward', fromRevision: BEYOND, limit: 1 })],
    ['options.limit', store.readAll({ ...all, limit: 0 })],
    ['options.after-position', store.readAll({ ...all, afterPosition: BEYOND })],
    ['command-id', store.findDecision('x')],
    ['key.stream', store.loadSnapshot({ ...key, stream: '' })],
    ['key.stream', store.dropSnapshot({ ...key, stream: '' })],
    ['snapshot.revision', store.saveSnapshot(key, snapshot)],
  ] as const) {
    await assert.rejects(refused, (error) => isRefusalOf(error, argument), argument);
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

test('the clock of the virtual WASI shows the time of the option `now`', async () => {
  const wasi = () => virtualWasi({ grant: ['wasi:clocks/wall-clock'] });
  let time = 1_700_000_000_123;
  await using store = await componentStore(limited, { wasi, now: () => time });
  assert.equal((await store.append('s-1', [], ANY, decision())).recordedAt, 1_700_000_000_123n);
  time += 1;
  assert.equal((await store.append('s-1', [], ANY, decision({ commandId: NEXT }))).recordedAt, 1_700_000_000_124n);
});

test('a clock whose time is out of range stops only appends', async () => {
  const imports = { 'wasi:clocks/wall-clock': { now: () => ({ seconds: 2n ** 64n - 1n, nanoseconds: 0 }) } };
  await using store = await componentStore(limited, { imports });
  await assert.rejects(store.append('s-1', [], ANY, decision()), (error) => isAppendFailure(error, 'failure'));
  assert.equal(await store.findDecision(decision().commandId), undefined);
});
