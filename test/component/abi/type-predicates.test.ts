/** *CanonicalABI.md*, "Type Predicates": `contains_borrow` and `contains_async_value`. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { containsBorrow } from '../../../src/adapters/component/abi/layout.ts';
import { isInvalidError, isUnsupportedError, type ValueType } from '../../../src/adapters/component/index.ts';
import { Context } from '../../../src/adapters/component/validation/context.ts';
import { facts } from '../../../src/adapters/component/validation/layout.ts';
import { run } from './guests.ts';

const resource = { kind: 'resource' } as const;
const borrow: ValueType = { kind: 'borrow', resource };
const own: ValueType = { kind: 'own', resource };
const u8: ValueType = { kind: 'u8' };

/** One type around another, in each place where a type may stand. */
const AROUND: Readonly<Record<string, (inside: ValueType) => ValueType>> = {
  itself: (inside) => inside,
  'a list': (element) => ({ kind: 'list', element }),
  'a fixed-length list': (element) => ({ kind: 'list', element, length: 3 }),
  'a record': (type) => ({
    kind: 'record',
    fields: [
      { name: 'a', type: u8 },
      { name: 'b', type },
    ],
  }),
  'a tuple': (inside) => ({ kind: 'tuple', elements: [u8, inside] }),
  'a variant': (type) => ({ kind: 'variant', cases: [{ name: 'a' }, { name: 'b', type }] }),
  'an option': (value) => ({ kind: 'option', value }),
  'a result, as ok': (ok) => ({ kind: 'result', ok }),
  'a result, as error': (error) => ({ kind: 'result', ok: u8, error }),
  'a map': (value) => ({ kind: 'map', key: u8, value }),
  'types inside types': (value) => ({
    kind: 'list',
    element: { kind: 'tuple', elements: [{ kind: 'option', value }] },
  }),
};

describe('contains_borrow', () => {
  for (const [place, around] of Object.entries(AROUND)) {
    it(`finds a borrow in ${place}, and an own is none`, () => {
      assert.equal(containsBorrow(around(borrow)), true);
      assert.equal(facts(new Context(), around(borrow)).borrow, true);
      for (const other of [own, u8]) {
        assert.equal(containsBorrow(around(other)), false);
        assert.equal(facts(new Context(), around(other)).borrow, false);
      }
    });
  }

  it('keeps borrows out of results', async () => {
    for (const result of ['(borrow $r)', '(list (borrow $r))', '(tuple u8 (option (borrow $r)))']) {
      const text = `(component (import "r" (type $r (sub resource))) (import "f" (func (result ${result}))))`;
      await assert.rejects(run(text), isInvalidError, result);
    }
  });
});

describe('contains_async_value', () => {
  for (const type of ['(stream u8)', '(future u8)', '(stream)', '(list (stream u8))', '(option (tuple u8 (future)))']) {
    it(`is true of ${type}: a function that takes one is refused by name`, async () => {
      await assert.rejects(async () => {
        const { exports } = await run(
          `(component
            (import "f" (func $f (param "x" ${type})))
            (core module $L (memory (export "memory") 1)
              (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
            (core instance $m (instantiate $L))
            (core func $f' (canon lower (func $f) (memory (core memory $m "memory"))))
            (export "f" (func $f)))`,
          { f: () => undefined },
        );
        (exports.f as (value: unknown) => void)(0);
      }, isUnsupportedError);
    });
  }
});
