/**
 * *CanonicalABI.md*, `lower_own`, if a later argument cannot be lowered. The guest is not called, and JavaScript owns
 * the earlier arguments again. There is separate code for calls with few core values, for calls with many, and for
 * calls from state to state.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isComponentError, isValueError } from 'decidable/component';
import { run } from './guests.ts';
import type { Exported } from './handles.ts';

interface Shape {
  readonly params: string;
  /** Core parameters. */
  readonly core: string;
  readonly result?: string;
  readonly body?: string;
  /** Arguments that are all valid, or whose last one is invalid. `more` creates another resource. */
  readonly args: (resource: unknown, more: () => unknown, isWrong: boolean) => unknown[];
}

const SHAPES: Readonly<Record<string, Shape>> = {
  'one of two': {
    params: '(param "a" (own $r)) (param "b" char)',
    core: 'i32 i32',
    args: (r, _, isWrong) => [r, isWrong ? 5 : 'b'],
  },
  'the first of a call from state to state': {
    params: '(param "a" (own $r)) (param "b" (borrow $r))',
    core: 'i32 i32',
    result: '(result (result (own $r) (error u32)))',
    body: '(i32.store8 (i32.const 16) (i32.const 1))',
    args: (r, more, isWrong) => [r, isWrong ? {} : more()],
  },
  'two of three': {
    params: '(param "a" (own $r)) (param "b" (own $r)) (param "c" char)',
    core: 'i32 i32 i32',
    args: (r, more, isWrong) => [r, more(), isWrong ? 5 : 'c'],
  },
  'the third of four': {
    params: '(param "a" u32) (param "b" u32) (param "c" (own $r)) (param "d" char)',
    core: 'i32 i32 i32 i32',
    args: (r, _, isWrong) => [1, 2, r, isWrong ? 5 : 'd'],
  },
  'one of many': {
    params: '(param "a" (own $r)) (param "b" u32) (param "c" u32) (param "d" u32) (param "e" char)',
    core: 'i32 i32 i32 i32 i32',
    args: (r, _, isWrong) => [r, 1, 2, 3, isWrong ? 5 : 'e'],
  },
  'the only field of a record': {
    params: '(param "a" $only) (param "b" char)',
    core: 'i32 i32',
    args: (r, _, isWrong) => [{ r }, isWrong ? 5 : 'b'],
  },
  'a field of a record': {
    params: '(param "a" $record)',
    core: 'i32 i32',
    args: (r, _, isWrong) => [{ r, c: isWrong ? 5 : 'c' }],
  },
  'the case of a variant': {
    params: '(param "a" (option (own $r))) (param "b" char)',
    core: 'i32 i32 i32',
    args: (r, _, isWrong) => [r, isWrong ? 5 : 'b'],
  },
  'elements of a list': {
    params: '(param "a" (list (own $r)))',
    core: 'i32 i32',
    args: (r, more, isWrong) => [[r, more(), isWrong ? {} : more()]],
  },
  'an argument in memory': {
    params: `(param "a" (own $r)) (param "b" (list (own $r))) ${'abcdefghijklmno'.replace(/./g, '(param "x$&" u32) ')} (param "c" char)`,
    core: 'i32',
    args: (r, more, isWrong) => [r, [more()], ...new Array<number>(15).fill(1), isWrong ? 5 : 'c'],
  },
};

/** Creates a guest. The resource is defined by the guest itself, or by the host as a JavaScript class. */
async function guest(
  { params, core, result = '', body = '' }: Shape,
  owner: 'a guest' | 'the host',
  resources: 'objects' | 'handles',
  dropped: (rep: unknown) => void,
) {
  class Owned {
    [Symbol.dispose](): void {
      dropped(7);
    }
  }
  const isOwn = owner === 'a guest';
  const type = isOwn
    ? `(import "dropped" (func $dropped (param "rep" u32)))
       (core func $dropped' (canon lower (func $dropped)))
       (core module $D
         (import "" "dropped" (func $dropped (param i32)))
         (func (export "dtor") (param i32) (call $dropped (local.get 0))))
       (core instance $d (instantiate $D (with "" (instance (export "dropped" (func $dropped'))))))
       (type $r' (resource (rep i32) (dtor (core func $d "dtor")))) (export $r "owned" (type $r'))
       (core func $make (canon resource.new $r'))`
    : `(import "owned" (type $r (sub resource)))
       (core module $N (func (export "make") (param i32) (result i32) unreachable))
       (core instance $n (instantiate $N)) (alias core export $n "make" (core func $make))`;
  const { exports } = await run(
    `(component
      ${type}
      (core func $drop (canon resource.drop $r))
      (type $only' (record (field "r" (own $r)))) (export $only "only" (type $only'))
      (type $record' (record (field "r" (own $r)) (field "c" char))) (export $record "record" (type $record'))
      (core module $M
        (import "" "make" (func $make (param i32) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
        (func (export "make") (result i32) (call $make (i32.const 7)))
        (func (export "f") (param ${core})
          ${result && '(result i32)'}
          ${isOwn || result === '' ? '' : '(call $drop (local.get 1))'}
          ${body} ${result && '(i32.const 16)'}))
      (core instance $m (instantiate $M
        (with "" (instance (export "make" (func $make)) (export "drop" (func $drop))))))
      (func (export "make") (result (own $r)) (canon lift (core func $m "make")))
      (func (export "f") ${params} ${result}
        (canon lift (core func $m "f") (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))`,
    { dropped, owned: Owned },
    { resources, maxHandles: 5 },
  );
  const { f, make } = exports as Record<'f' | 'make', Exported>;
  const call = (args: readonly unknown[]): void => {
    try {
      f(...args);
    } catch (error) {
      if (!isComponentError(error)) throw error;
    }
  };
  const dispose = (value: unknown): void => {
    if (resources === 'handles' && isOwn) (exports['owned'] as { drop(handle: unknown): void }).drop(value);
    else (value as Disposable)[Symbol.dispose]();
  };
  return { call, make: isOwn ? make : () => new Owned(), dispose };
}

for (const owner of ['a guest', 'the host'] as const) {
  for (const resources of ['objects', 'handles'] as const) {
    describe(`a resource of ${owner} before an invalid argument (${resources})`, () => {
      for (const [what, shape] of Object.entries(SHAPES)) {
        test(`belongs to JavaScript again as ${what}`, async () => {
          const drops: unknown[] = [];
          const { call, make, dispose } = await guest(shape, owner, resources, (rep) => drops.push(rep));
          const resource = make();
          for (let times = 0; times < 10; times++) {
            const others: unknown[] = [];
            const more = () => others[others.push(make()) - 1];
            assert.throws(() => call(shape.args(resource, more, true)), TypeError);
            assert.equal(drops.length, 0, 'nothing was dropped');
            others.forEach(dispose);
            assert.equal(drops.length, others.length, 'the others are there still');
            drops.length = 0;
          }
          dispose(resource);
          assert.deepEqual(drops, [7]);
        });

        test(`can be passed again as ${what}`, async () => {
          const { call, make } = await guest(shape, owner, resources, () => undefined);
          const resource = make();
          assert.throws(() => call(shape.args(resource, make, true)), TypeError);
          call(shape.args(resource, make, false));
          if (owner === 'a guest') assert.throws(() => call(shape.args(resource, make, false)), isValueError);
        });
      }
    });
  }
}
