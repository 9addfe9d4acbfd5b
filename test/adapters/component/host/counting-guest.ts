/**
 * A guest for each world, as component text. Its state is a count of events. It is small enough to be understood, and
 * to be broken on purpose.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { ModuleWorldName } from 'decidable/component/host';

const TYPES = 'decidable:eventsourcing/types@0.1.0';
const OWN = `[export]${TYPES}`;

/** The WIT package as one text, because the tools accept one file with one `package` line. */
export function witSource(): string {
  const wit = new URL('../../../../wit/', import.meta.url);
  const texts = readdirSync(wit).map((name) => readFileSync(new URL(name, wit), 'utf8'));
  const packageLine = /^package .*;$/m;
  return [texts[0]?.match(packageLine)?.[0] ?? '', ...texts.map((text) => text.replace(packageLine, ''))].join('\n');
}

/** Returns a component of the world with the types of `wit`. Every function of it traps. */
export async function dummyComponent(wit: string, world: string): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ witSource: wit, world, dummy: true }));
}

/** The counting guest. The texts and lists that it returns are in the initial memory, at 256. */
export async function countingGuest(world: ModuleWorldName, core: string = coreText(world)): Promise<Uint8Array> {
  return componentNew(await componentEmbed({ witSource: witSource(), world, binary: await parse(core) }));
}

/** Its core module, so that tests can change it. */
export function coreText(world: ModuleWorldName): string {
  return `(module
    (import "${OWN}" "[resource-new]command" (func $new-command (param i32) (result i32)))
    (import "${OWN}" "[resource-new]event" (func $new-event (param i32) (result i32)))
    (import "${OWN}" "[resource-new]state" (func $new-state (param i32) (result i32)))
    (import "${OWN}" "[resource-rep]state" (func $state (param i32) (result i32)))
    (import "${OWN}" "[resource-drop]state" (func $drop-state (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 256) "count")
    (global $free (mut i32) (i32.const 1024))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $free)
      (global.set $free (i32.add (global.get $free) (i32.and (i32.add (local.get 3) (i32.const 7)) (i32.const -8)))))

    ;; The result area is at 0: a zero there is the case ok, and what follows is its value.
    (func $ok (param i32) (result i32)
      (i64.store (i32.const 0) (i64.const 0)) (i32.store (i32.const 4) (local.get 0)) (i32.const 0))
    (func $text (param $at i32)
      (i32.store (local.get $at) (i32.const 256)) (i32.store offset=4 (local.get $at) (i32.const 5)))
    (func $clear (memory.fill (i32.const 0) (i32.const 0) (i32.const 64)))

    ;; An event's representation is the length of its payload.
    (func (export "${TYPES}#[static]command.from-envelope") (param i32 i32 i32 i32 i32) (result i32)
      (call $ok (call $new-command (local.get 4))))
    (func (export "${TYPES}#[static]event.from-envelope") (param i32 i32 i32 i32 i32) (result i32)
      (call $ok (call $new-event (local.get 4))))
    (func $envelope (param i32) (result i32)
      (call $clear) (call $text (i32.const 0)) (i32.store (i32.const 8) (i32.const 1))
      (i32.store (i32.const 12) (i32.const 512)) (i32.store (i32.const 16) (local.get 0)) (i32.const 0))
    (export "${TYPES}#[method]command.to-envelope" (func $envelope))
    (export "${TYPES}#[method]event.to-envelope" (func $envelope))

    ;; A state's bytes are its count; from-bytes takes their number for it.
    (func (export "${TYPES}#[static]state.from-bytes") (param i32 i32) (result i32)
      (call $ok (call $new-state (local.get 1))))
    (func (export "${TYPES}#[method]state.to-bytes") (param i32) (result i32)
      (call $clear) (i32.store (i32.const 0) (i32.const 512)) (i32.store (i32.const 4) (local.get 0)) (i32.const 0))
    ${WORLDS[world]})`;
}

const stateFunctions = (name: string) => `
    (func (export "${name}#initial-state") (result i32) (call $new-state (i32.const 0)))
    (func (export "${name}#evolve") (param i32 i32) (result i32) (local $count i32)
      (local.set $count (i32.add (call $state (local.get 0)) (i32.const 1)))
      (call $drop-state (local.get 0))
      (call $ok (call $new-state (local.get $count))))`;

const key = (name: string) => `
    ;; An event without a payload concerns nobody.
    (func (export "${name}#key") (param i32) (result i32)
      (call $clear)
      (if (local.get 0) (then (i32.store8 (i32.const 0) (i32.const 1)) (call $text (i32.const 4))))
      (i32.const 0))`;

const identity = `
      (call $clear) (call $text (i32.const 0)) (call $text (i32.const 8)) (call $text (i32.const 16))`;

/** One event, whose category, type and name are the same string. */
const eventSource = `
      (call $text (i32.const 544)) (call $text (i32.const 552))
      (i32.store8 (i32.const 560) (i32.const 1)) (call $text (i32.const 564))
      (i32.store (i32.const 36) (i32.const 544)) (i32.store (i32.const 40) (i32.const 1))`;

const context = '(param i32 i32 i32 i32 i32 i32 i64 i64 i64 i32 i32 i32 i32)';

const DECIDER = 'decidable:eventsourcing/decider@0.1.0';
const ROUTING = 'decidable:eventsourcing/routing@0.1.0';
const HANDLER = 'decidable:eventsourcing/event-handler@0.1.0';
const PROJECTOR = 'decidable:eventsourcing/projector@0.1.0';

const WORLDS: Record<ModuleWorldName, string> = {
  'command-handler': `${stateFunctions(DECIDER)}
    ;; A command of 13 bytes makes the guest trap. A command of 14 bytes makes it loop without end.
    (func $forever (param i32) (result i32) (i32.add (call $forever (local.get 0)) (i32.const 1)))
    (func (export "${DECIDER}#decide") (param i32 i32) (result i32)
      (if (i32.eq (local.get 1) (i32.const 13)) (then unreachable))
      (if (i32.eq (local.get 1) (i32.const 14)) (then (drop (call $forever (i32.const 0)))))
      (call $clear)
      (i32.store (i32.const 512) (call $new-event (local.get 1)))
      (i32.store (i32.const 4) (i32.const 512)) (i32.store (i32.const 8) (i32.const 1)) (i32.const 0))
    (func (export "${ROUTING}#describe") (result i32) ${identity}
      (call $text (i32.const 36)) (i32.store8 (i32.const 44) (i32.const 1))
      (call $text (i32.const 512)) (i32.store (i32.const 520) (i32.const 1)) (i64.store (i32.const 524) (i64.const 0))
      (i32.store (i32.const 48) (i32.const 512)) (i32.store (i32.const 52) (i32.const 1))
      (call $text (i32.const 544)) (i32.store (i32.const 552) (i32.const 1))
      (i32.store (i32.const 56) (i32.const 544)) (i32.store (i32.const 60) (i32.const 1)) (i32.const 0))
    (func (export "${ROUTING}#stream-id") (param i32) (result i32)
      (call $clear) (call $text (i32.const 4)) (i32.const 0))`,
  'process-manager': `${stateFunctions(HANDLER)} ${key(HANDLER)}
    (func (export "${HANDLER}#describe") (result i32) ${identity} ${eventSource} (i32.const 0))
    ;; Every event cancels the deadline "count".
    (func (export "${HANDLER}#handle") ${context} (result i32)
      (call $clear)
      (i32.store8 (i32.const 512) (i32.const 2)) (call $text (i32.const 520))
      (i32.store (i32.const 4) (i32.const 512)) (i32.store (i32.const 8) (i32.const 1)) (i32.const 0))
    ;; The parameters are more than sixteen core values, so they are in memory. Every rejection counts, and ends the process.
    (func (export "${HANDLER}#evolve-rejected") (param i32) (result i32) (local $count i32) (local $before i32)
      (local.set $before (i32.load (local.get 0)))
      (local.set $count (i32.add (call $state (local.get $before)) (i32.const 1)))
      (call $drop-state (local.get $before))
      (call $ok (call $new-state (local.get $count))))
    (func (export "${HANDLER}#handle-rejected") (param i32) (result i32)
      (call $clear)
      (i32.store8 (i32.const 512) (i32.const 3))
      (i32.store (i32.const 4) (i32.const 512)) (i32.store (i32.const 8) (i32.const 1)) (i32.const 0))`,
  'read-model': `${stateFunctions(PROJECTOR).replace(/\(func \(export "[^"]*#evolve"\)/, '(func $evolve')} ${key(PROJECTOR)}
    (func (export "${PROJECTOR}#describe") (result i32) ${identity} ${eventSource} (i32.const 0))
    ;; The third event drops the document.
    (func (export "${PROJECTOR}#project") ${context} (result i32) (local $count i32)
      (local.set $count (i32.add (call $state (local.get 0)) (i32.const 1)))
      (call $drop-state (local.get 0))
      (call $clear)
      (if (i32.lt_u (local.get $count) (i32.const 3)) (then
        (i32.store8 (i32.const 4) (i32.const 1)) (i32.store (i32.const 8) (call $new-state (local.get $count)))))
      (i32.const 0))`,
};
