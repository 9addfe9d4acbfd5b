/**
 * Two components whose functions each perform one operation on one handle, so that a test can observe the indices in
 * their tables. `Def` defines the resource types `r` and `s`; `User` imports `r`, and the functions of `Def` that take
 * one.
 */
import assert from 'node:assert/strict';
import { type InstantiateOptions, isTrap, type TrapCode } from 'decidable/component';
import { ALLOCATOR, run } from './guests.ts';

/** A function of a guest. Indices, reps and results are numbers, and resources are values of the host. */
export type Exported = (...args: unknown[]) => unknown;

const DEF = `(component $Def
  (core module $Log
    (memory (export "memory") 1)
    (global $count (mut i32) (i32.const 0))
    (func (export "dtor") (param $rep i32)
      (if (i32.eq (local.get $rep) (i32.const 666)) (then unreachable))
      (i32.store (i32.shl (global.get $count) (i32.const 2)) (local.get $rep))
      (global.set $count (i32.add (global.get $count) (i32.const 1))))
    (func (export "destroyed") (result i32)
      (i32.store (i32.const 65528) (i32.const 0)) (i32.store (i32.const 65532) (global.get $count)) (i32.const 65528)))
  (core instance $log (instantiate $Log))
  (type $r' (resource (rep i32) (dtor (core func $log "dtor")))) (export $r "r" (type $r'))
  (type $s' (resource (rep i32))) (export $s "s" (type $s'))
  (core func $new (canon resource.new $r'))
  (core func $rep (canon resource.rep $r'))
  (core func $drop (canon resource.drop $r'))
  (core func $new-s (canon resource.new $s'))
  (core func $rep-s (canon resource.rep $s'))
  (core func $drop-s (canon resource.drop $s'))
  (core module $Lists ${ALLOCATOR}
    (global $posts (mut i32) (i32.const 0))
    (func (export "some") (param $from i32) (param $count i32) (result i32)
      (local $n i32)
      (loop $next
        (i32.store (i32.add (i32.const 64) (i32.shl (local.get $n) (i32.const 2))) (i32.add (local.get $from) (local.get $n)))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $next (i32.lt_u (local.get $n) (local.get $count))))
      (i32.store (i32.const 16) (i32.const 64)) (i32.store (i32.const 20) (local.get $count)) (i32.const 16))
    (func (export "same") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16))
    (func (export "case") (param $handle i32) (param $error i32) (result i32)
      (i32.store8 (i32.const 16) (i32.ne (local.get $error) (i32.const 0)))
      (i32.store (i32.const 20) (select (local.get $error) (local.get $handle) (local.get $error))) (i32.const 16))
    (func (export "post") (param i32) (global.set $posts (i32.add (global.get $posts) (local.get 0))))
    (func (export "posts") (result i32) (global.get $posts)))
  (core instance $lists (instantiate $Lists))
  (core module $M
    (func (export "same") (param i32) (result i32) (local.get 0))
    (func (export "first") (param i32 i32) (result i32) (local.get 0))
    (func (export "ignore") (param i32)))
  (core instance $m (instantiate $M))
  (func (export "new") (param "rep" u32) (result u32) (canon lift (core func $new)))
  (func (export "rep") (param "index" u32) (result u32) (canon lift (core func $rep)))
  (func (export "drop") (param "index" u32) (canon lift (core func $drop)))
  (func (export "new-s") (param "rep" u32) (result u32) (canon lift (core func $new-s)))
  (func (export "rep-s") (param "index" u32) (result u32) (canon lift (core func $rep-s)))
  (func (export "drop-s") (param "index" u32) (canon lift (core func $drop-s)))
  (func (export "give") (param "index" u32) (result (own $r)) (canon lift (core func $m "same")))
  (func (export "give-s") (param "index" u32) (result (own $s)) (canon lift (core func $m "same")))
  (func (export "take") (param "r" (own $r)) (result u32) (canon lift (core func $m "same")))
  (func (export "see") (param "r" (borrow $r)) (result u32) (canon lift (core func $m "same")))
  (func (export "see-and-take") (param "a" (borrow $r)) (param "b" (own $r)) (result u32) (canon lift (core func $m "first")))
  (func (export "take-and-see") (param "a" (own $r)) (param "b" (borrow $r)) (result u32) (canon lift (core func $m "first")))
  (func (export "give-all") (param "from" u32) (param "count" u32) (result (list (own $r)))
    (canon lift (core func $lists "some") (memory (core memory $lists "memory"))))
  (func (export "take-all") (param "all" (list (own $r))) (result (list u32))
    (canon lift (core func $lists "same") (memory (core memory $lists "memory")) (realloc (core func $lists "realloc"))))
  (func (export "see-all") (param "all" (list (borrow $r))) (result (list u32))
    (canon lift (core func $lists "same") (memory (core memory $lists "memory")) (realloc (core func $lists "realloc"))))
  (func (export "give-or-fail") (param "index" u32) (param "error" u32) (result (result (own $r) (error u32)))
    (canon lift (core func $lists "case") (memory (core memory $lists "memory")) (post-return (core func $lists "post"))))
  (func (export "posts") (result u32) (canon lift (core func $lists "posts")))
  (func (export "destroyed") (result (list u32)) (canon lift (core func $log "destroyed") (memory (core memory $log "memory")))))`;

const USER = `(component $User
  (import "r" (type $r (sub resource)))
  (import "s" (type $s (sub resource)))
  (import "see" (func $see (param "r" (borrow $r)) (result u32)))
  (import "take" (func $take (param "r" (own $r)) (result u32)))
  (import "see-and-take" (func $see-and-take (param "a" (borrow $r)) (param "b" (own $r)) (result u32)))
  (import "take-and-see" (func $take-and-see (param "a" (own $r)) (param "b" (borrow $r)) (result u32)))
  (core func $drop (canon resource.drop $r))
  (core func $see' (canon lower (func $see)))
  (core func $take' (canon lower (func $take)))
  (core func $see-and-take' (canon lower (func $see-and-take)))
  (core func $take-and-see' (canon lower (func $take-and-see)))
  (core module $M
    (import "" "drop" (func $drop (param i32)))
    (import "" "see" (func $see (param i32) (result i32)))
    (func (export "same") (param i32) (result i32) (local.get 0))
    (func (export "keep") (param i32))
    (func (export "see-and-drop") (param i32) (result i32)
      (call $see (local.get 0)) (call $drop (local.get 0)))
    (func (export "drop-index") (param i32) (result i32) (call $drop (local.get 0)) (local.get 0))
    (func (export "drop-twice") (param i32) (call $drop (local.get 0)) (call $drop (local.get 0)))
    (func (export "drop-one") (param i32 i32) (call $drop (local.get 1)))
    (func (export "drop-other") (param i32 i32) (call $drop (local.get 0)) (call $drop (local.get 1))))
  (core instance $m (instantiate $M (with "" (instance (export "drop" (func $drop)) (export "see" (func $see'))))))
  (func (export "user-take") (param "r" (own $r)) (result u32) (canon lift (core func $m "same")))
  (func (export "user-take-s") (param "s" (own $s)) (result u32) (canon lift (core func $m "same")))
  (func (export "user-give") (param "index" u32) (result (own $r)) (canon lift (core func $m "same")))
  (func (export "user-drop") (param "index" u32) (canon lift (core func $drop)))
  (func (export "user-lend") (param "index" u32) (result u32) (canon lift (core func $see')))
  (func (export "user-pass") (param "index" u32) (result u32) (canon lift (core func $take')))
  (func (export "user-lend-and-pass") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $see-and-take')))
  (func (export "user-pass-and-lend") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $take-and-see')))
  (func (export "user-index") (param "r" (borrow $r)) (result u32) (canon lift (core func $m "drop-index")))
  (func (export "user-lend-on") (param "r" (borrow $r)) (result u32) (canon lift (core func $m "see-and-drop")))
  (func (export "user-keep") (param "r" (borrow $r)) (canon lift (core func $m "keep")))
  (func (export "user-drop-twice") (param "r" (borrow $r)) (canon lift (core func $m "drop-twice")))
  (func (export "user-own") (param "r" (borrow $r)) (result (own $r)) (canon lift (core func $m "same")))
  (func (export "user-drop-one") (param "a" (borrow $r)) (param "b" (borrow $r)) (canon lift (core func $m "drop-one")))
  (func (export "user-drop-both") (param "a" (borrow $r)) (param "b" (borrow $r)) (canon lift (core func $m "drop-other"))))`;

/** The exports of both components with their types, which refer to the resource type `r` of the root. */
const EXPORTS: Record<'def' | 'user', Readonly<Record<string, string>>> = {
  def: {
    ...Object.fromEntries(['new', 'new-s'].map((name) => [name, '(param "rep" u32) (result u32)'])),
    ...Object.fromEntries(['rep', 'rep-s'].map((name) => [name, '(param "index" u32) (result u32)'])),
    ...Object.fromEntries(['drop', 'drop-s'].map((name) => [name, '(param "index" u32)'])),
    give: '(param "index" u32) (result (own $r))',
    'give-s': '(param "index" u32) (result (own $s))',
    take: '(param "r" (own $r)) (result u32)',
    see: '(param "r" (borrow $r)) (result u32)',
    'see-and-take': '(param "a" (borrow $r)) (param "b" (own $r)) (result u32)',
    'give-all': '(param "from" u32) (param "count" u32) (result (list (own $r)))',
    'take-all': '(param "all" (list (own $r))) (result (list u32))',
    'see-all': '(param "all" (list (borrow $r))) (result (list u32))',
    'give-or-fail': '(param "index" u32) (param "error" u32) (result (result (own $r) (error u32)))',
    posts: '(result u32)',
    destroyed: '(result (list u32))',
  },
  user: {
    'user-take': '(param "r" (own $r)) (result u32)',
    'user-take-s': '(param "s" (own $s)) (result u32)',
    'user-give': '(param "index" u32) (result (own $r))',
    'user-drop': '(param "index" u32)',
    'user-lend': '(param "index" u32) (result u32)',
    'user-pass': '(param "index" u32) (result u32)',
    'user-lend-and-pass': '(param "a" u32) (param "b" u32) (result u32)',
    'user-pass-and-lend': '(param "a" u32) (param "b" u32) (result u32)',
    'user-index': '(param "r" (borrow $r)) (result u32)',
    'user-lend-on': '(param "r" (borrow $r)) (result u32)',
    'user-keep': '(param "r" (borrow $r))',
    'user-drop-twice': '(param "r" (borrow $r))',
    'user-own': '(param "r" (borrow $r)) (result (own $r))',
    'user-drop-one': '(param "a" (borrow $r)) (param "b" (borrow $r))',
    'user-drop-both': '(param "a" (borrow $r)) (param "b" (borrow $r))',
  },
};

const GUEST = `(component
  ${DEF}
  ${USER}
  (instance $def (instantiate $Def))
  (instance $user (instantiate $User (with "r" (type $def "r")) (with "s" (type $def "s")) (with "see" (func $def "see"))
    (with "take" (func $def "take")) (with "see-and-take" (func $def "see-and-take"))
    (with "take-and-see" (func $def "take-and-see"))))
  (export $r "r" (type $def "r"))
  (export $s "s" (type $def "s"))
  ${Object.entries(EXPORTS)
    .flatMap(([instance, types]) =>
      Object.entries(types).map(([name, type]) => `(export "${name}" (func $${instance} "${name}") (func ${type}))`),
    )
    .join('\n')})`;

/** Creates both components. */
export async function handles(options: InstantiateOptions = {}): Promise<Record<string, Exported>> {
  return (await run(GUEST, {}, options)).exports as Record<string, Exported>;
}

/**
 * Checks that the call traps with this code. For the code `trap`, the reason is the text of the reference test suite,
 * because this suite distinguishes traps by their texts.
 */
export function traps(call: () => unknown, reason: RegExp | TrapCode): void {
  assert.throws(call, (error) => {
    assert.ok(isTrap(error), String(error));
    if (reason instanceof RegExp) assert.match(error.message, reason);
    else assert.equal(error.code, reason);
    return true;
  });
}
