/** *CanonicalABI.md*, "Type Predicates": `contains_borrow` and `contains_async_value`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isInvalidError, isUnsupportedError } from 'decidable/component';
import { ValueTypeNode } from '../../../../src/adapters/component/types/nodes.ts';
import { run } from './guests.ts';

const borrow = new ValueTypeNode('borrow', [], []);
const own = new ValueTypeNode('own', [], []);
const u8 = new ValueTypeNode('u8', [], []);
const list = (element: ValueTypeNode, length?: number) => new ValueTypeNode('list', [element], [], length);
const option = (value: ValueTypeNode) => new ValueTypeNode('option', [value], []);
const tuple = (...elements: ValueTypeNode[]) => new ValueTypeNode('tuple', elements, []);

/** A type inside another one, at each position where a type can be. */
const AROUND: Readonly<Record<string, (inside: ValueTypeNode) => ValueTypeNode>> = {
  itself: (inside) => inside,
  'a list': list,
  'a fixed-length list': (element) => list(element, 3),
  'a record': (type) => new ValueTypeNode('record', [u8, type], ['a', 'b']),
  'a tuple': (inside) => tuple(u8, inside),
  'a variant': (type) => new ValueTypeNode('variant', [undefined, type], ['a', 'b']),
  'an option': option,
  'a result, as ok': (ok) => new ValueTypeNode('result', [ok, undefined], []),
  'a result, as error': (error) => new ValueTypeNode('result', [u8, error], []),
  'a map': (value) => new ValueTypeNode('map', [u8, value], []),
  'types inside types': (value) => list(tuple(option(value))),
};

describe('contains_borrow', () => {
  for (const [place, around] of Object.entries(AROUND)) {
    test(`finds a borrow in ${place}, and does not count an own handle`, () => {
      assert.equal(around(borrow).borrow, true);
      for (const other of [own, u8]) assert.equal(around(other).borrow, false);
    });
  }

  test('makes results with borrows invalid', async () => {
    for (const result of ['(borrow $r)', '(list (borrow $r))', '(tuple u8 (option (borrow $r)))']) {
      const text = `(component (import "r" (type $r (sub resource))) (import "f" (func (result ${result}))))`;
      await assert.rejects(run(text), isInvalidError, result);
    }
  });
});

// There is no test for "Waitable State", "Stream State" and "Future State", because functions that need them are
// refused, at the latest when they are called.
describe('contains_async_value', () => {
  const lowered = (type: string) => `(component
    (import "f" (func $f (param "x" ${type})))
    (core module $L (memory (export "memory") 1)) (core instance $m (instantiate $L))
    (core func (canon lower (func $f) (memory (core memory $m "memory")))))`;
  const lifted = (type: string) => `(component
    (core module $M (memory (export "memory") 1) (data (i32.const 8) "\\01")
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
      (func (export "f") (result i32) (i32.const 8)))
    (core instance $m (instantiate $M))
    (func (export "f") (result ${type}) (canon lift (core func $m "f") (memory (core memory $m "memory")))))`;

  for (const [type, feature] of [
    ['(stream u8)', 'stream'],
    ['(stream)', 'stream'],
    ['(future u8)', 'future'],
    ['(list (stream u8))', 'stream'],
    ['(option (tuple u8 (future)))', 'future'],
    ['(result u8 (error (stream u8)))', 'stream'],
  ] as const) {
    test(`is true for ${type}, so that a function with it is refused by name`, async () => {
      const isRefused = (error: unknown) => isUnsupportedError(error) && error.feature === feature;
      await assert.rejects(run(lowered(type), { f: () => undefined }), isRefused);
      // The first call that returns a result in memory stages the result, here with its last case.
      await assert.rejects(async () => ((await run(lifted(type))).exports.f as () => unknown)(), isRefused);
    });
  }
});
