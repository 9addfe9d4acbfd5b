/** Guests in component text, which are small enough to be compared with their section of *CanonicalABI.md*. */
import { compile, type Instance, type InstantiateOptions, instantiate } from 'decidable/component';
import { assemble } from '../assemble.ts';

/** Assembles, compiles and instantiates a component. */
export async function run(text: string, imports: object = {}, options: InstantiateOptions = {}): Promise<Instance> {
  return instantiate(await compile(await assemble(text)), imports, options);
}

/**
 * A resource `$r`, and `$new`, which makes it. Its destructor passes the rep to the host's function `dropped`, and
 * traps if the rep is 666.
 */
export const DROPPED_RESOURCE = `
  (import "dropped" (func $dropped (param "rep" u32)))
  (core func $dropped' (canon lower (func $dropped)))
  (core module $D
    (import "" "dropped" (func $dropped (param i32)))
    (func (export "dtor") (param i32)
      (if (i32.eq (local.get 0) (i32.const 666)) (then unreachable))
      (call $dropped (local.get 0))))
  (core instance $d (instantiate $D (with "" (instance (export "dropped" (func $dropped'))))))
  (type $r' (resource (rep i32) (dtor (core func $d "dtor")))) (export $r "r" (type $r'))
  (core func $new (canon resource.new $r))`;

/** A value type: its text, the definitions that it needs, and its core types. */
export interface GuestType {
  readonly type: string;
  readonly definitions?: string;
  readonly flat: string;
}

/** Defines a type and makes it visible from outside, as `$t`. */
export function named(definition: string, flat: string): GuestType {
  return { type: '$t', definitions: `(type $t0 ${definition}) (import "t" (type $t (eq $t0)))`, flat };
}

/** A bump allocator. Its export is `memory`. Everything is 16-byte aligned. */
export const ALLOCATOR = `
  (memory (export "memory") 4)
  (global $next (mut i32) (i32.const 1024))
  (func (export "realloc") (param $old i32) (param $size i32) (param $align i32) (param $new i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.and (i32.add (i32.add (local.get $at) (local.get $new)) (i32.const 31)) (i32.const -16)))
    (block $enough
      (br_if $enough (i32.le_u (global.get $next) (i32.shl (memory.size) (i32.const 16))))
      (br_if $enough (i32.ne (memory.grow (i32.add (i32.shr_u (local.get $new) (i32.const 16)) (i32.const 1))) (i32.const -1)))
      unreachable)
    (memory.copy (local.get $at) (local.get $old) (local.get $size))
    (local.get $at))
  (func (export "reset") (param i32) (global.set $next (i32.const 1024)))`;

const OPTIONS = '(memory (core memory $m "memory")) (realloc (core func $m "realloc"))';

type Echo = (value: unknown) => unknown;

/**
 * Lowers a value into memory and lifts it out again ("Storing", "Loading"). With sixteen more parameters all of them
 * are spilled, and the guest returns the same area that it received.
 */
export async function throughMemory({ type, definitions = '' }: GuestType, encoding = 'utf8'): Promise<Echo> {
  const padding = '(tuple u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8)';
  const { exports } = await run(`(component
    ${definitions}
    (core module $M ${ALLOCATOR} (func (export "echo") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M))
    (func (export "echo") (param "value" ${type}) (param "padding" ${padding}) (result (tuple ${type} ${padding}))
      (canon lift (core func $m "echo") ${OPTIONS} string-encoding=${encoding} (post-return (core func $m "reset")))))`);
  const echo = exports.echo as (value: unknown, padding: number[]) => unknown[];
  return (value) => echo(value, new Array<number>(17).fill(7))[0];
}

/** Lowers a value to core arguments and lifts it from core arguments ("Flat Lowering", "Flat Lifting"). */
export async function throughCoreValues({ type, definitions = '', flat }: GuestType, encoding = 'utf8'): Promise<Echo> {
  let seen: unknown;
  const params = flat === '' ? '' : `(param ${flat})`;
  const args = flat === '' ? '' : flat.split(' ').map((_, index) => `(local.get ${index})`);
  const { exports } = await run(
    `(component
      ${definitions}
      (import "observe" (func $observe (param "value" ${type})))
      (core module $Libc ${ALLOCATOR})
      (core instance $m (instantiate $Libc))
      (core func $observe' (canon lower (func $observe) ${OPTIONS} string-encoding=${encoding}))
      (core module $M
        (import "" "observe" (func $observe ${params}))
        (func (export "pass") ${params} (call $observe ${Array.isArray(args) ? args.join(' ') : args})))
      (core instance $pass (instantiate $M (with "" (instance (export "observe" (func $observe'))))))
      (func (export "pass") (param "value" ${type})
        (canon lift (core func $pass "pass") ${OPTIONS} string-encoding=${encoding})))`,
    {
      observe: (value: unknown) => {
        seen = value;
      },
    },
  );
  const pass = exports.pass as (value: unknown) => void;
  return (value) => {
    pass(value);
    return seen;
  };
}
