/**
 * Components that run, so that mutations reach the canonical ABI. Together they have every kind of type, each string
 * encoding, values in memory and as core values, resources of guests and of the host, and components in components.
 */
import { ALLOCATOR } from '../abi/guests.ts';

const OPTIONS = '(memory (core memory $m "memory")) (realloc (core func $m "realloc"))';
const PADDING = '(tuple u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8 u8)';

interface SeedType {
  readonly type: string;
  /** Definitions of `$t`. */
  readonly definitions?: string;
  readonly flat: string;
}

const named = (definition: string, flat: string): SeedType => ({
  type: '$t',
  definitions: `(type $t0 ${definition}) (import "t" (type $t (eq $t0)))`,
  flat,
});

const TYPES: readonly SeedType[] = [
  { type: 'string', flat: 'i32 i32' },
  { type: '(list u8)', flat: 'i32 i32' },
  { type: '(list (list string))', flat: 'i32 i32' },
  { type: '(list (tuple u8 u64 f32))', flat: 'i32 i32' },
  { type: '(tuple char bool s8 u16 f64)', flat: 'i32 i32 i32 i32 f64' },
  { type: '(option (option string))', flat: 'i32 i32 i32 i32' },
  { type: '(result (list u16) (error string))', flat: 'i32 i32 i32' },
  named('(variant (case "a" u64) (case "b" f32) (case "c" string) (case "d"))', 'i32 i64 i32'),
  named('(record (field "a-b" s16) (field "c" (list s64)) (field "d" (option char)))', 'i32 i32 i32 i32 i32'),
  named('(flags "a" "b" "c" "d" "e" "f" "g" "h" "i")', 'i32'),
  named('(enum "a" "b" "c")', 'i32'),
];

/** Parameters and results in memory. The guest returns the area of its parameters. */
const inMemory = ({ type, definitions = '' }: SeedType, encoding: string): string => `(component
  ${definitions}
  (core module $M ${ALLOCATOR} (func (export "echo") (param i32) (result i32) (local.get 0)))
  (core instance $m (instantiate $M))
  (func (export "echo") (param "value" ${type}) (param "padding" ${PADDING}) (result (tuple ${type} ${PADDING}))
    (canon lift (core func $m "echo") ${OPTIONS} string-encoding=${encoding} (post-return (core func $m "reset")))))`;

/** Parameters as core values, which the guest passes to an import that returns them. */
const asCoreValues = ({ type, definitions = '', flat }: SeedType, encoding: string): string => `(component
  ${definitions}
  (import "observe" (func $observe (param "value" ${type}) (result (tuple ${type} u8))))
  (core module $Libc ${ALLOCATOR})
  (core instance $m (instantiate $Libc))
  (core func $observe' (canon lower (func $observe) ${OPTIONS} string-encoding=${encoding}))
  (core module $M
    (import "" "observe" (func $observe (param ${flat} i32)))
    (func (export "pass") (param ${flat}) (result i32)
      (call $observe ${flat
        .split(' ')
        .map((_, index) => `(local.get ${index})`)
        .join(' ')} (i32.const 64)) (i32.const 64)))
  (core instance $pass (instantiate $M (with "" (instance (export "observe" (func $observe'))))))
  (func (export "pass") (param "value" ${type}) (result (tuple ${type} u8))
    (canon lift (core func $pass "pass") ${OPTIONS} string-encoding=${encoding})))`;

/** A value at an address of the guest's memory. Mutations change the pointers and lengths of its data segment. */
const fromData = ({ type, definitions = '' }: SeedType, encoding: string): string => `(component
  ${definitions}
  (core module $M (memory (export "memory") 1)
    (data (i32.const 8) "\\10\\00\\00\\00\\02\\00\\00\\00\\20\\00\\00\\00\\02\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00\\00")
    (data (i32.const 32) "\\40\\00\\00\\00\\02\\00\\00\\00\\40\\00\\00\\00\\02\\00\\00\\00")
    (data (i32.const 64) "a\\00b\\00")
    (func (export "get") (result i32) (i32.const 8)))
  (core instance $m (instantiate $M))
  (func (export "get") (result (tuple ${type} u8))
    (canon lift (core func $m "get") (memory (core memory $m "memory")) string-encoding=${encoding})))`;

/** A value that passes through two guests of different encodings. */
const between = (from: string, to: string): string => `(component
  (component $Callee
    (core module $M ${ALLOCATOR}
      (func (export "echo") (param i32 i32) (result i32)
        (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))
    (core instance $m (instantiate $M))
    (func (export "echo") (param "value" string) (result string)
      (canon lift (core func $m "echo") ${OPTIONS} string-encoding=${to})))
  (component $Caller
    (import "echo" (func $echo (param "value" string) (result string)))
    (core module $Libc ${ALLOCATOR})
    (core instance $m (instantiate $Libc))
    (core func $echo' (canon lower (func $echo) ${OPTIONS} string-encoding=${from}))
    (core module $M (import "" "echo" (func $echo (param i32 i32 i32)))
      (func (export "pass") (param i32 i32) (result i32)
        (call $echo (local.get 0) (local.get 1) (i32.const 64)) (i32.const 64)))
    (core instance $pass (instantiate $M (with "" (instance (export "echo" (func $echo'))))))
    (func (export "pass") (param "value" string) (result string)
      (canon lift (core func $pass "pass") ${OPTIONS} string-encoding=${from})))
  (instance $callee (instantiate $Callee))
  (instance $caller (instantiate $Caller (with "echo" (func $callee "echo"))))
  (export "pass" (func $caller "pass")))`;

/** A guest's own resource type with a destructor. Its resources are created, lent, passed on, listed and dropped. */
const OWN_RESOURCE = `(component
  (import "out" (func $out (param "n" u32)))
  (core func $out' (canon lower (func $out)))
  (core module $Dtor (import "" "out" (func $out (param i32))) (func (export "dtor") (param i32) (call $out (local.get 0))))
  (core instance $dtor (instantiate $Dtor (with "" (instance (export "out" (func $out'))))))
  (type $r' (resource (rep i32) (dtor (core func $dtor "dtor"))))
  (export $r "r" (type $r'))
  (core func $new (canon resource.new $r'))
  (core func $drop (canon resource.drop $r'))
  (core func $rep (canon resource.rep $r'))
  (core module $M
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    ${ALLOCATOR}
    (func (export "make") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "look") (param i32) (result i32) (local.get 0))
    (func (export "take") (param i32) (result i32) (call $rep (local.get 0)) (call $drop (local.get 0)))
    (func (export "several") (result i32)
      (i32.store (i32.const 16) (i32.const 32)) (i32.store (i32.const 20) (i32.const 2))
      (i32.store (i32.const 32) (call $new (i32.const 5))) (i32.store (i32.const 36) (call $new (i32.const 6)))
      (i32.const 16))
    (func (export "swap") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
    (func (export "count") (param i32 i32) (result i32) (local.get 1)))
  (core instance $m (instantiate $M (with "" (instance
    (export "new" (func $new)) (export "drop" (func $drop)) (export "rep" (func $rep))))))
  (func (export "[constructor]r") (param "rep" u32) (result (own $r)) (canon lift (core func $m "make")))
  (func (export "[method]r.look") (param "self" (borrow $r)) (result u32) (canon lift (core func $m "look")))
  (func (export "[static]r.take") (param "r" (own $r)) (result u32) (canon lift (core func $m "take")))
  (func (export "several") (result (list (own $r))) (canon lift (core func $m "several") ${OPTIONS}))
  (func (export "swap") (param "list" (list (own $r))) (result (list (own $r))) (canon lift (core func $m "swap") ${OPTIONS}))
  (func (export "lend") (param "list" (list (borrow $r))) (result u32) (canon lift (core func $m "count") ${OPTIONS})))`;

/** A resource type of the host, in an imported interface. */
const HOST_RESOURCE = `(component
  (import "host:files/files@1.0.0" (instance $files
    (export "file" (type $file (sub resource)))
    (export "[constructor]file" (func (param "name" string) (result (own $file))))
    (export "[method]file.read" (func (param "self" (borrow $file)) (param "count" u32) (result (list u8))))
    (export "all" (func (result (result (list (own $file)) (error string)))))))
  (alias export $files "file" (type $file))
  (core module $Libc ${ALLOCATOR})
  (core instance $m (instantiate $Libc))
  (alias export $files "[constructor]file" (func $open))
  (alias export $files "[method]file.read" (func $read))
  (alias export $files "all" (func $all))
  (core func $open' (canon lower (func $open) ${OPTIONS}))
  (core func $read' (canon lower (func $read) ${OPTIONS}))
  (core func $all' (canon lower (func $all) ${OPTIONS}))
  (core func $drop (canon resource.drop $file))
  (core module $M
    (import "" "memory" (memory 1))
    (import "" "open" (func $open (param i32 i32) (result i32)))
    (import "" "read" (func $read (param i32 i32 i32)))
    (import "" "all" (func $all (param i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "go") (param i32 i32) (result i32) (local $file i32)
      (local.set $file (call $open (local.get 0) (local.get 1)))
      (call $read (local.get $file) (i32.const 7) (i32.const 64))
      (call $drop (local.get $file))
      (call $all (i32.const 80))
      (if (i32.and (i32.eqz (i32.load8_u (i32.const 80))) (i32.gt_u (i32.load (i32.const 88)) (i32.const 0)))
        (then (call $drop (i32.load (i32.load (i32.const 84))))))
      (i32.const 64)))
  (core instance $go (instantiate $M (with "" (instance
    (export "memory" (memory $m "memory")) (export "open" (func $open')) (export "read" (func $read'))
    (export "all" (func $all')) (export "drop" (func $drop))))))
  (func (export "go") (param "name" string) (result (list u8)) (canon lift (core func $go "go") ${OPTIONS})))`;

/** Components with arguments of all sorts: types, functions, components, and a forwarded interface. */
const COMPOSED = `(component
  (type $interface (instance (export "n" (func (result u32))) (type $r' (record (field "x" u8))) (export "r" (type (eq $r')))))
  (import "a:b/c" (instance $c (type $interface)))
  (component $Inner
    (import "c" (instance $c (export "n" (func (result u32)))))
    (alias export $c "n" (func $n))
    (core func $n' (canon lower (func $n)))
    (core module $M (import "" "n" (func $n (result i32))) (table (export "table") 2 funcref) (elem (i32.const 0) $n)
      (func (export "n") (result i32) (i32.add (call $n) (call_indirect (result i32) (i32.const 0)))))
    (core instance $m (instantiate $M (with "" (instance (export "n" (func $n'))))))
    (func $twice (result u32) (canon lift (core func $m "n")))
    (instance (export "d") (export "n" (func $twice))))
  (component $Outer
    (import "inner" (component $I (import "c" (instance (export "n" (func (result u32))))) (export "d" (instance (export "n" (func (result u32)))))))
    (import "c" (instance $c (export "n" (func (result u32)))))
    (instance $one (instantiate $I (with "c" (instance $c))))
    (alias export $one "d" (instance $d))
    (instance $two (instantiate $I (with "c" (instance $d))))
    (alias export $two "d" (instance $e))
    (export "d" (instance $d))
    (export "e" (instance $e)))
  (instance $outer (instantiate $Outer (with "inner" (component $Inner)) (with "c" (instance $c))))
  (alias export $outer "e" (instance $e))
  (alias export $e "n" (func $n))
  (export "n" (func $n))
  (export "e" (instance $e)))`;

/** The texts of all seeds. */
export function seeds(): readonly string[] {
  const encodings = ['utf8', 'utf16', 'latin1+utf16'];
  const typed = TYPES.flatMap((type, index) => {
    const encoding = encodings[index % 3]!;
    return [inMemory(type, encoding), asCoreValues(type, encoding), fromData(type, encoding)];
  });
  const transcoding = encodings.flatMap((from) => encodings.map((to) => between(from, to)));
  return [...typed, ...transcoding, OWN_RESOURCE, HOST_RESOURCE, COMPOSED];
}
