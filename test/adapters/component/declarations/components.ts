/** Components whose declarations are checked in, by the names of the files. */
import { readFileSync } from 'node:fs';
import type { ComponentTypesOptions } from 'decidable/component/types';
import { ALLOCATOR } from '../abi/guests.ts';
import { assemble } from '../assemble.ts';

export interface Example {
  readonly bytes: () => Promise<Uint8Array>;
  readonly options?: ComponentTypesOptions;
}

/** The result type of each function, and the core type of the result if it is not in memory. */
const RESULTS: readonly (readonly [name: string, type: string, core?: string])[] = [
  ['get-record', '$point'],
  ['get-variant', '$shape'],
  ['get-enum', '$level', 'i32'],
  ['get-flags', '$access', 'i32'],
  ['get-number', '$size', 'i64'],
  ['get-tuple', '$pair'],
  ['get-numbers', '(tuple bool u8 s16 u32 s64 $size f32 f64)'],
  ['get-lists', '(tuple (list u8) (list s64) (list f32) (list string) (list u16 3) (list char 2))'],
  ['get-options', '(tuple (option u8) (option (option u8)) (option (option (option u8))))'],
  ['get-results', '(tuple $outcome (result) (result u8) (result (error $level)))'],
  ['get-map', '(map string (list $point))'],
  ['get-outcome', '(result $point (error string))'],
];

const VALUE_TYPES: readonly (readonly [name: string, type: string])[] = [
  ['point', '(record (field "x-pos" s32) (field "label" (option string)))'],
  ['shape', '(variant (case "circle" $point) (case "very-large" u64) (case "nothing"))'],
  ['level', '(enum "low" "very-high")'],
  ['access', '(flags "read" "write-all")'],
  ['size', 'u64'],
  ['pair', '(tuple s8 char)'],
  ['outcome', '(result $point (error string))'],
];

/** Obtains each value from an import and returns it from an export. */
const VALUES = `(component
  (import "test:values/given" (instance $given
    ${VALUE_TYPES.map(([name, type]) => `(type $${name}' ${type}) (export "${name}" (type $${name} (eq $${name}')))`).join('\n')}
    ${RESULTS.map(([name, type]) => `(export "${name}" (func (result ${type})))`).join('\n')}))
  ${VALUE_TYPES.map(([name]) => `(alias export $given "${name}" (type $${name}))`).join('\n')}
  (core module $Libc ${ALLOCATOR})
  (core instance $libc (instantiate $Libc))
  ${RESULTS.map(([name]) => `(core func $${name}' (canon lower (func $given "${name}") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))`).join('\n')}
  (core module $M
    ${RESULTS.map(([name, , core]) => `(import "" "${name}" (func $${name} ${core === undefined ? '(param i32)' : `(result ${core})`}))`).join('\n')}
    ${RESULTS.map(([name, , core]) => `(func (export "${name}") (result ${core ?? 'i32'}) ${core === undefined ? `(call $${name} (i32.const 16)) (i32.const 16)` : `(call $${name})`})`).join('\n')})
  (core instance $m (instantiate $M (with "" (instance
    ${RESULTS.map(([name]) => `(export "${name}" (func $${name}'))`).join('\n')}))))
  ${RESULTS.map(([name, type]) => `(func $${name} (result ${type}) (canon lift (core func $m "${name}") (memory (core memory $libc "memory"))))`).join('\n')}
  (instance $passed
    ${VALUE_TYPES.map(([name]) => `(export "${name}" (type $${name}))`).join('\n')}
    ${RESULTS.map(([name]) => `(export "${name}" (func $${name}))`).join('\n')})
  (export "test:values/passed" (instance $passed)))`;

/** Resource types of the component and of the host. */
const RESOURCES = `(component
  (import "test:host/logs@0.2.0" (instance $logs
    (export "log" (type $log (sub resource)))
    (export "[constructor]log" (func (param "name" string) (result (own $log))))
    (export "[static]log.open-all" (func (result (list (own $log)))))
    (export "[method]log.write-down" (func (param "self" (borrow $log)) (param "text" string) (result (result u32 (error string)))))
    (export "token" (type $token (sub resource)))
    (export "get-token" (func (result (own $token))))))
  (alias export $logs "log" (type $log))
  (import "test:host/uses" (instance
    (alias outer 1 $log (type $log'))
    (export "log" (type $l (eq $log')))
    (export "same" (func (param "log" (own $l)) (result (own $l))))))
  (import "small-thing" (type $thing (sub resource)))
  (import "[constructor]small-thing" (func (result (own $thing))))
  (import "[method]small-thing.poke-it" (func (param "self" (borrow $thing)) (result u32)))
  (component $Counters
    (type $c' (resource (rep i32)))
    (type $e' (resource (rep i32)))
    (export $c "counter" (type $c'))
    (export $e "empty" (type $e'))
    (core func $new (canon resource.new $c'))
    (core func $new-e (canon resource.new $e'))
    (core module $M (import "" "new" (func $new (param i32) (result i32))) (import "" "new-e" (func $e (param i32) (result i32)))
      (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
      (func (export "empty") (result i32) (call $e (i32.const 1)))
      (func (export "get") (param i32) (result i32) (local.get 0)))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "new-e" (func $new-e))))))
    (func (export "[constructor]counter") (param "start" u32) (result (own $c)) (canon lift (core func $m "make")))
    (func (export "[static]counter.from-zero") (param "delete" u32) (result (own $c)) (canon lift (core func $m "make")))
    (func (export "[method]counter.get-it") (param "self" (borrow $c)) (result u32) (canon lift (core func $m "get")))
    (func (export "make-empty") (result (own $e)) (canon lift (core func $m "empty"))))
  (instance $counters (instantiate $Counters))
  (export "test:guest/counters@1.0.0" (instance $counters))
  (component $Pass
    (import "counter" (type $c (sub resource)))
    (import "make" (func $make (param "start" u32) (result (own $c))))
    (export $c' "counter" (type $c))
    (export "make" (func $make) (func (param "start" u32) (result (own $c')))))
  (alias export $counters "counter" (type $counter))
  (instance $pass (instantiate $Pass
    (with "counter" (type $counter)) (with "make" (func $counters "[constructor]counter"))))
  (export "test:guest/more" (instance $pass)))`;

/** Names that TypeScript already has, or that it cannot have. */
const NAMES = `(component
  (type $p' (record (field "delete" u8) (field "a-1" u8)))
  (import "promise" (type $p (eq $p')))
  (import "default" (func (param "this" $p) (param "in" u8) (result (map string (list $p)))))
  (import "plain-name" (instance (export "new" (func (param "arguments" u8))) (export "x" (instance (export "y" (func))))))
  (import "lib" (core module (export "f" (func))))
  (import "part" (component (import "f" (func))))
  (import "types:only/here" (instance (type $m' (enum "a" "b")) (export "map" (type (eq $m')))))
  (import "test:names/hiding" (instance
    (type $map' (record (field "x" u8))) (export "map" (type $map (eq $map')))
    (type $array' (enum "a")) (export "array" (type $array (eq $array')))
    (type $option' (variant (case "some" u8) (case "none"))) (export "option" (type $option (eq $option')))
    (type $result' (flags "a")) (export "result" (type $result (eq $result')))
    (type $some' (record (field "y" u8))) (export "option-some" (type $some (eq $some')))
    (export "error" (type $error (sub resource)))
    (export "f" (func (param "a" (list $map)) (param "b" (map u8 $array)) (param "c" (option (option $option)))
      (param "d" (option (result $result (error $some)))) (param "e" (borrow $error)) (param "e-1" u8) (param "e1" u8)))
    (export "delete" (func))
    (export "import" (func (result u8)))))
  (import "test:names/hiding@1.0.0" (instance (export "g" (func))))
  (core module $M (func (export "f")))
  (core instance $m (instantiate $M))
  (func $f (canon lift (core func $m "f")))
  (export "void" (func $f))
  (export "code" (core module $M))
  (component $Empty)
  (instance $empty (instantiate $Empty))
  (instance $deeper (export "g" (func $f)))
  (instance $inner (export "deep:er/name" (instance $deeper)) (export "nothing" (instance $empty)) (export "f" (func $f)))
  (export "outer" (instance $inner))
  (type $s (resource (rep i32)))
  (export "symbol" (type $s))
  (type $d (resource (rep i32)))
  (export "disposable" (type $d)))`;

/** Functions that return promises. */
const WAITING = `(component
  (import "test:clock/timers@1.1.0" (instance $timers
    (export "timer" (type $t (sub resource)))
    (export "[method]timer.ring" (func (param "self" (borrow $t)) (result (result u32))))
    (export "wait" (func async (param "ms" u32)))
    (export "now" (func (result u64)))))
  (core func $now (canon lower (func $timers "now")))
  (core module $M (import "" "now" (func (result i64))) (export "f" (func 0)))
  (core instance $m (instantiate $M (with "" (instance (export "now" (func $now))))))
  (func (export "ask") (result u64) (canon lift (core func $m "f"))))`;

const text = (component: string) => () => assemble(component);
const guest = (language: string) => async () =>
  readFileSync(new URL(`../../../../examples/guests/${language}/bank.wasm`, import.meta.url));

export const EXAMPLES: Readonly<Record<string, Example>> = {
  values: { bytes: text(VALUES) },
  resources: { bytes: text(RESOURCES) },
  names: { bytes: text(NAMES) },
  waiting: {
    bytes: text(WAITING),
    options: { name: 'Waiting', asyncImports: ['test:clock/timers#[method]timer.ring'] },
  },
  bank: { bytes: guest('c') },
};
