/**
 * *Explainer.md*, "JS API": own handles that are not dropped explicitly are dropped after their objects were
 * garbage-collected.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isTrap } from 'decidable/component';
import { maxRecentObjects } from '../../../../src/adapters/component/limits.ts';
import { DROPPED_RESOURCE, run } from './guests.ts';
import type { Exported } from './handles.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** A component with a resource whose destructor passes its rep to the host, and traps if the rep is 666. */
async function guest() {
  const dropped: number[] = [];
  const { exports } = await run(
    `(component
      ${DROPPED_RESOURCE}
      (core func $drop (canon resource.drop $r))
      (core module $M (import "" "drop" (func $drop (param i32)))
        (func (export "take") (param i32 i32) (call $drop (local.get 0))))
      (core instance $m (instantiate $M (with "" (instance (export "drop" (func $drop))))))
      (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $new)))
      (func (export "take") (param "r" (own $r)) (param "c" char) (canon lift (core func $m "take"))))`,
    { dropped: (rep: number) => dropped.push(rep) },
  );
  const { make, take } = exports as Record<'make' | 'take', Exported>;
  return { dropped, make, take };
}

/**
 * Collects garbage until the condition holds. Finalizers run in later turns, which take some time on a busy machine.
 */
async function collectUntil(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 1000 && !condition(); turn++) {
    await setImmediate();
    collectGarbage();
  }
}

/** Collects garbage in enough turns for any finalizer that is due. */
async function collectForSomeTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await setImmediate();
    collectGarbage();
  }
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => 1000 + index);
const sorted = (numbers: readonly number[]): number[] => numbers.toSorted((a, b) => a - b);

describe('objects that are not dropped explicitly', () => {
  for (const [turns, many] of [
    ['one turn', 3],
    ['one turn, more than wait for its end', 3 * maxRecentObjects + 5],
  ] as const) {
    test(`release their handles once they are garbage (${turns})`, async () => {
      const { dropped, make } = await guest();
      for (const rep of range(many)) make(rep);
      await collectUntil(() => dropped.length === many);
      assert.deepEqual(sorted(dropped), range(many));
    });
  }

  test('release their handles while more are created, turn after turn', async () => {
    const { dropped, make } = await guest();
    for (let round = 0; round < 20; round++) {
      for (const rep of range(maxRecentObjects)) make(rep);
      await setImmediate();
      collectGarbage();
    }
    await collectUntil(() => dropped.length === 20 * maxRecentObjects);
    assert.equal(dropped.length, 20 * maxRecentObjects);
  });

  test('release no handle as long as they are referenced', async () => {
    const { dropped, make } = await guest();
    const held = range(10).map((rep) => make(rep));
    await collectForSomeTurns();
    assert.deepEqual(dropped, []);
    assert.equal(held.length, 10);
  });

  test('release no handle twice if they were dropped or consumed, in their turn or a later one', async () => {
    const { dropped, make, take } = await guest();
    (make(1) as Disposable)[Symbol.dispose]();
    take(make(2), 'c');
    const later = [make(3), make(4)];
    await collectForSomeTurns();
    (later[0] as Disposable)[Symbol.dispose]();
    take(later[1], 'c');
    later.length = 0;
    await collectForSomeTurns();
    assert.deepEqual(dropped, [1, 2, 3, 4]);
  });

  test('release their handles if a call that would consume them failed before it started', async () => {
    const { dropped, make, take } = await guest();
    const failToGive = (r: unknown): void => assert.throws(() => take(r, 'more than one character'), TypeError);
    failToGive(make(1));
    const later = [make(2)];
    await collectForSomeTurns();
    failToGive(later.pop());
    await collectUntil(() => dropped.length === 2);
    assert.deepEqual(sorted(dropped), [1, 2]);
  });

  test('end only their instance if the destructor traps', async () => {
    const { make } = await guest();
    make(666);
    const hasEnded = (): boolean => {
      try {
        (make(1) as Disposable)[Symbol.dispose]();
        return false;
      } catch (error) {
        return isTrap(error);
      }
    };
    await collectUntil(hasEnded);
    assert.ok(hasEnded());
  });
});
