/**
 * A whole system of components: a gateway calls an event sourcer, which calls a command handler (the bank's guest in C) and
 * an event store. The host hands the exports of each to the next, and touches nothing that flows between them.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { account } from '../../../examples/bank/account.ts';
import { guestOf } from '../../../examples/guests/javascript/guest.ts';
import { compile, instantiate } from '../../../src/adapters/component/index.ts';
import type { Envelope } from '../../../src/core/index.ts';
import { ALLOCATOR, run } from '../abi/guests.ts';

const ENVELOPE = `(type $envelope' (record (field "type" string) (field "schema-version" u32) (field "payload" (list u8))))
    (export "envelope" (type $envelope (eq $envelope')))`;

const STORE_INTERFACE = `
    ${ENVELOPE}
    (export "append" (func (param "event" $envelope)))
    (export "count" (func (result u32)))
    (export "read" (func (param "index" u32) (result $envelope)))`;

const MEMORY = '(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))';

/** Keeps envelopes in its own memory: their areas of 20 bytes begin at 64. */
const EVENT_STORE = `(component
  (component $C
    ${ENVELOPE.replace('(export "envelope" (type $envelope', '(import "envelope" (type $envelope')}
    (core module $Libc ${ALLOCATOR}
      (global $count (mut i32) (i32.const 0))
      (func (export "count") (result i32) (global.get $count))
      (func $area (export "read") (param i32) (result i32) (i32.add (i32.const 64) (i32.mul (local.get 0) (i32.const 20))))
      (func (export "append") (param i32 i32 i32 i32 i32) (local $at i32)
        (local.set $at (call $area (global.get $count)))
        (i32.store (local.get $at) (local.get 0)) (i32.store offset=4 (local.get $at) (local.get 1))
        (i32.store offset=8 (local.get $at) (local.get 2)) (i32.store offset=12 (local.get $at) (local.get 3))
        (i32.store offset=16 (local.get $at) (local.get 4))
        (global.set $count (i32.add (global.get $count) (i32.const 1)))))
    (core instance $libc (instantiate $Libc))
    (export $e "envelope" (type $envelope))
    (func (export "append") (param "event" $e) (canon lift (core func $libc "append") ${MEMORY}))
    (func (export "count") (result u32) (canon lift (core func $libc "count")))
    (func (export "read") (param "index" u32) (result $e) (canon lift (core func $libc "read") ${MEMORY})))
  (type $t (record (field "type" string) (field "schema-version" u32) (field "payload" (list u8))))
  (instance $c (instantiate $C (with "envelope" (type $t))))
  (export "bank:system/event-store" (instance $c)))`;

const FAILURE = `(record (field "code" string) (field "message" string) (field "details" (list (tuple string string))))`;

/** Loads, folds, decides, appends. Gives the number of new events, or the code of the rejection. */
const EVENT_SOURCER = `(component
  (import "decidable:eventsourcing/types@0.1.0" (instance $types
    ${ENVELOPE}
    (type $fault' ${FAILURE}) (export "fault" (type $fault (eq $fault')))
    (export "command" (type $command (sub resource)))
    (export "event" (type $event (sub resource)))
    (export "state" (type $state (sub resource)))
    (export "[static]command.from-envelope" (func (param "envelope" $envelope) (result (result (own $command) (error $fault)))))
    (export "[static]event.from-envelope" (func (param "envelope" $envelope) (result (result (own $event) (error $fault)))))
    (export "[method]event.to-envelope" (func (param "self" (borrow $event)) (result $envelope)))))
  (alias export $types "command" (type $command))
  (alias export $types "event" (type $event))
  (alias export $types "state" (type $state))
  (import "decidable:eventsourcing/decider@0.1.0" (instance $decider
    (alias outer 1 $command (type $command')) (export "command" (type $command (eq $command')))
    (alias outer 1 $event (type $event')) (export "event" (type $event (eq $event')))
    (alias outer 1 $state (type $state')) (export "state" (type $state (eq $state')))
    (type $fault' ${FAILURE}) (export "fault" (type $fault (eq $fault')))
    (type $rejection' ${FAILURE}) (export "rejection" (type $rejection (eq $rejection')))
    (export "initial-state" (func (result (own $state))))
    (export "evolve" (func (param "state" (own $state)) (param "event" (borrow $event)) (result (result (own $state) (error $fault)))))
    (export "decide" (func (param "state" (borrow $state)) (param "command" (borrow $command))
      (result (result (list (own $event)) (error $rejection)))))))
  (import "bank:system/event-store" (instance $store ${STORE_INTERFACE}))
  (core module $Libc ${ALLOCATOR})
  (core instance $libc (instantiate $Libc))
  (core func $command-of (canon lower (func $types "[static]command.from-envelope") ${MEMORY}))
  (core func $event-of (canon lower (func $types "[static]event.from-envelope") ${MEMORY}))
  (core func $envelope-of (canon lower (func $types "[method]event.to-envelope") ${MEMORY}))
  (core func $initial (canon lower (func $decider "initial-state")))
  (core func $evolve (canon lower (func $decider "evolve") ${MEMORY}))
  (core func $decide (canon lower (func $decider "decide") ${MEMORY}))
  (core func $append (canon lower (func $store "append") ${MEMORY}))
  (core func $count (canon lower (func $store "count")))
  (core func $read (canon lower (func $store "read") ${MEMORY}))
  (core func $drop-command (canon resource.drop $command))
  (core func $drop-event (canon resource.drop $event))
  (core func $drop-state (canon resource.drop $state))
  (core module $M
    (import "" "memory" (memory 1))
    (import "" "command-of" (func $command-of (param i32 i32 i32 i32 i32 i32)))
    (import "" "event-of" (func $event-of (param i32 i32 i32 i32 i32 i32)))
    (import "" "envelope-of" (func $envelope-of (param i32 i32)))
    (import "" "initial" (func $initial (result i32)))
    (import "" "evolve" (func $evolve (param i32 i32 i32)))
    (import "" "decide" (func $decide (param i32 i32 i32)))
    (import "" "append" (func $append (param i32 i32 i32 i32 i32)))
    (import "" "count" (func $count (result i32)))
    (import "" "read" (func $read (param i32 i32)))
    (import "" "drop-command" (func $drop-command (param i32)))
    (import "" "drop-event" (func $drop-event (param i32)))
    (import "" "drop-state" (func $drop-state (param i32)))
    ;; At 64 an envelope, at 96 a result of types or decider, at 128 that of decide, which becomes our own.
    (func $handle-of (result i32) (if (i32.load8_u (i32.const 96)) (then unreachable)) (i32.load (i32.const 100)))
    (func (export "handle") (param i32 i32 i32 i32 i32) (result i32)
      (local $command i32) (local $state i32) (local $event i32) (local $i i32) (local $length i32)
      (call $command-of (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get 4) (i32.const 96))
      (local.set $command (call $handle-of))
      (local.set $state (call $initial))
      (local.set $length (call $count))
      (loop $fold (if (i32.lt_u (local.get $i) (local.get $length)) (then
        (call $read (local.get $i) (i32.const 64))
        (call $event-of (i32.load (i32.const 64)) (i32.load (i32.const 68)) (i32.load (i32.const 72))
          (i32.load (i32.const 76)) (i32.load (i32.const 80)) (i32.const 96))
        (local.set $event (call $handle-of))
        (call $evolve (local.get $state) (local.get $event) (i32.const 96))
        (local.set $state (call $handle-of))
        (call $drop-event (local.get $event))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $fold))))
      (call $decide (local.get $state) (local.get $command) (i32.const 128))
      (call $drop-state (local.get $state))
      (call $drop-command (local.get $command))
      (if (i32.eqz (i32.load8_u (i32.const 128))) (then
        (local.set $i (i32.const 0))
        (local.set $length (i32.load (i32.const 136)))
        (loop $store (if (i32.lt_u (local.get $i) (local.get $length)) (then
          (local.set $event (i32.load (i32.add (i32.load (i32.const 132)) (i32.shl (local.get $i) (i32.const 2)))))
          (call $envelope-of (local.get $event) (i32.const 64))
          (call $append (i32.load (i32.const 64)) (i32.load (i32.const 68)) (i32.load (i32.const 72))
            (i32.load (i32.const 76)) (i32.load (i32.const 80)))
          (call $drop-event (local.get $event))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br $store))))
        (i32.store (i32.const 132) (local.get $length))))
      (i32.const 128)))
  (core instance $m (instantiate $M (with "" (instance
    (export "memory" (memory $libc "memory")) (export "command-of" (func $command-of)) (export "event-of" (func $event-of))
    (export "envelope-of" (func $envelope-of)) (export "initial" (func $initial)) (export "evolve" (func $evolve))
    (export "decide" (func $decide)) (export "append" (func $append)) (export "count" (func $count))
    (export "read" (func $read)) (export "drop-command" (func $drop-command)) (export "drop-event" (func $drop-event))
    (export "drop-state" (func $drop-state))))))
  (alias export $types "envelope" (type $envelope))
  (export $e "envelope" (type $envelope))
  (func (export "handle-command") (param "command" $e) (result (result u32 (error string)))
    (canon lift (core func $m "handle") ${MEMORY})))`;

/** Takes a request apart, and answers in plain text. */
const GATEWAY = `(component
  (type $envelope' (record (field "type" string) (field "schema-version" u32) (field "payload" (list u8))))
  (import "envelope" (type $envelope (eq $envelope')))
  (import "handle-command" (func $handle (param "command" $envelope) (result (result u32 (error string)))))
  (core module $Libc ${ALLOCATOR} (data (i32.const 512) "accepted"))
  (core instance $libc (instantiate $Libc))
  (core func $handle' (canon lower (func $handle) ${MEMORY}))
  (core module $M
    (import "" "memory" (memory 1)) (import "" "handle" (func $handle (param i32 i32 i32 i32 i32 i32)))
    (func (export "request") (param i32 i32 i32 i32) (result i32)
      (call $handle (local.get 0) (local.get 1) (i32.const 1) (local.get 2) (local.get 3) (i32.const 64))
      (if (i32.eqz (i32.load8_u (i32.const 64))) (then
        (i32.store (i32.const 68) (i32.const 512)) (i32.store (i32.const 72) (i32.const 8))))
      (i32.const 68)))
  (core instance $m (instantiate $M (with "" (instance
    (export "memory" (memory $libc "memory")) (export "handle" (func $handle'))))))
  (func (export "request") (param "path" string) (param "body" (list u8)) (result string)
    (canon lift (core func $m "request") ${MEMORY})))`;

const COMMANDS = [
  account.commands.Deposit({ accountId: 'a', amount: 5 }),
  account.commands.OpenAccount({ accountId: 'a', owner: 'Łucja' }),
  account.commands.Deposit({ accountId: 'a', amount: 700 }),
  account.commands.Withdraw({ accountId: 'a', amount: 900 }),
  account.commands.Withdraw({ accountId: 'a', amount: 700 }),
  account.commands.CloseAccount({ accountId: 'a' }),
].map((command) => account.types.command.toEnvelope(command));

const ANSWERS = ['not-open', 'accepted', 'accepted', 'insufficient-funds', 'accepted', 'accepted'];
const EVENTS = ['AccountOpened', 'Deposited', 'Withdrawn', 'AccountClosed'];

interface Store {
  append(event: Envelope): void;
  count(): number;
  read(index: number): Envelope;
}

async function bankInC(): Promise<Record<string, unknown>> {
  const bytes = readFileSync(new URL('../../../examples/guests/c/bank.wasm', import.meta.url));
  return (await instantiate(await compile(bytes))).exports;
}

async function storeOfComponent(): Promise<Store> {
  return (await run(EVENT_STORE)).exports['bank:system/event-store'] as unknown as Store;
}

/** Composes the system, and sends all commands through it. */
async function answersOf(handler: object, store: object): Promise<string[]> {
  const sourcer = await run(EVENT_SOURCER, { ...handler, 'bank:system/event-store': store });
  const { exports } = await run(GATEWAY, sourcer.exports);
  const { request } = exports as { request(path: string, body: Uint8Array): string };
  return COMMANDS.map(({ type, payload }) => request(type, payload));
}

describe('a system of gateway, event sourcer, command handler and event store', () => {
  it('is composed of components alone', async () => {
    const store = await storeOfComponent();
    assert.deepEqual(await answersOf(await bankInC(), store), ANSWERS);
    const stored = Array.from({ length: store.count() }, (_, index) => store.read(index));
    assert.deepEqual(
      stored.map(({ type }) => type),
      EVENTS,
    );
    for (const envelope of stored) account.types.event.fromEnvelope(envelope);
  });

  it('works the same with an event store in TypeScript', async () => {
    const events: Envelope[] = [];
    const store: Store = {
      append: (event) => void events.push(event),
      count: () => events.length,
      read: (index) => events[index]!,
    };
    assert.deepEqual(await answersOf(await bankInC(), store), ANSWERS);
    assert.deepEqual(
      events.map(({ type }) => type),
      EVENTS,
    );
  });

  it('works the same with a command handler in TypeScript', async () => {
    const { types, decider } = guestOf(account);
    const handler = {
      'decidable:eventsourcing/types': types,
      'decidable:eventsourcing/decider': { ...decider, ...types },
    };
    assert.deepEqual(await answersOf(handler, await storeOfComponent()), ANSWERS);
  });
});
