import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Immer } from 'immer';
import { fold, frozen, type Recipe } from '../../../src/core/define/draft.ts';

type Shelf = Record<string, unknown>;

/** One step of a handler: at a path, set a value, take a value of the event, delete, or copy from another field. */
interface Step {
  readonly path: readonly string[];
  readonly act: 'set' | 'take' | 'delete' | 'move' | 'push';
  readonly value: unknown;
}

const key = fc.constantFrom('title', 'count', 'owner', 'place');
const leaf = fc.oneof(fc.string(), fc.integer(), fc.bigInt(), fc.boolean(), fc.constant(null), fc.constant(undefined));
const nested = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, leaf, tie('record'), fc.array(tie('value'), { maxLength: 3 })),
  record: fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
}));
const state = nested.record as fc.Arbitrary<Shelf>;
const step: fc.Arbitrary<Step> = fc.record(
  {
    path: fc.array(key, { minLength: 1, maxLength: 3 }),
    act: fc.constantFrom('set', 'take', 'delete', 'move', 'push'),
    value: nested.value,
  },
  { noNullPrototype: true },
);

/** A handler that follows the steps on its draft: the same code for both ways of folding. */
function handler(steps: readonly Step[], returns: boolean): Recipe {
  const recipe = (draft: Shelf, data: { value: unknown }): unknown => {
    if (returns) return { replaced: data.value, kept: steps.map(({ value }) => value) };
    for (const { path, act, value } of steps) {
      let at: unknown = draft;
      for (const name of path.slice(0, -1)) at = isRecord(at) ? at[name] : undefined;
      const name = path.at(-1)!;
      if (!isRecord(at)) continue;
      if (act === 'set') at[name] = structuredClone(value);
      else if (act === 'take') at[name] = data.value;
      else if (act === 'delete') delete at[name];
      else if (act === 'push' && Array.isArray(at[name])) at[name].push(structuredClone(value));
      else if (act === 'move') at[name] = draft['owner'];
    }
    return undefined;
  };
  return recipe as unknown as Recipe;
}

function isRecord(value: unknown): value is Shelf {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function deeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(deeplyFrozen);
}

describe('folding', () => {
  const immer = new Immer({ autoFreeze: true });

  it('gives what immer gives, for small states that are copied and large ones that are drafted', () => {
    fc.assert(
      fc.property(
        state,
        fc.array(step, { maxLength: 4 }),
        nested.value,
        fc.boolean(),
        (before, steps, value, returns) => {
          const recipe = handler(steps, returns);
          const outcome = (run: () => unknown): unknown => {
            try {
              return { value: run() };
            } catch (error) {
              // A state that would hold itself: refused by immer, and here where the frozen record is met again.
              return { error: error instanceof Error };
            }
          };
          const cyclic = steps.some(({ act }) => act === 'move');
          fc.pre(!cyclic || !returns);
          const ours = outcome(() => fold(frozen(structuredClone(before)), recipe, { value: structuredClone(value) }));
          const theirs = outcome(() =>
            immer.produce(frozen(structuredClone(before)), (draft: unknown) =>
              recipe(draft as never, { value: structuredClone(value) } as never, undefined as never),
            ),
          );
          if (cyclic) return;
          assert.deepEqual(ours, theirs);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('leaves the state before as it was, and freezes the one after', () => {
    fc.assert(
      fc.property(state, fc.array(step, { maxLength: 4 }), nested.value, (before, steps, value) => {
        // One value in two places could be put into itself: no state, and no tree.
        fc.pre(steps.filter(({ act }) => act === 'move' || act === 'take').length < 2);
        fc.pre(!steps.some(({ act }) => act === 'move'));
        const copy = structuredClone(before);
        const after = fold(frozen(before), handler(steps, false), { value: structuredClone(value) });
        assert.deepEqual(before, copy);
        assert.ok(deeplyFrozen(after));
      }),
      { numRuns: 500 },
    );
  });

  it('keeps dates as they are, and drafts maps and sets', () => {
    const now = new Date(0);
    const shelf = frozen({ since: now, tags: new Set(['old']), places: new Map([['a', 1]]) });
    const recipe = (draft: typeof shelf) => {
      draft.tags.add('new');
      draft.places.set('b', 2);
    };
    const after = fold(shelf, recipe as unknown as Recipe, undefined) as typeof shelf;
    assert.deepEqual([...after.tags], ['old', 'new']);
    assert.deepEqual([...shelf.tags], ['old']);
    assert.equal(after.since, now);
    assert.throws(() => after.places.set('c', 3));
  });

  it('refuses a handler that waits', () => {
    const later = (async () => {}) as unknown as Recipe;
    for (const state of [{ small: 1 }, { large: [1] }, 5]) {
      assert.throws(() => fold(frozen(state), later, undefined), /the handler is asynchronous/);
    }
  });

  it('takes states that are no objects', () => {
    const add = ((total: number, { by }: { by: number }) => total + by) as unknown as Recipe;
    assert.equal(fold(fold(0, add, { by: 2 }), add, { by: 3 }), 5);
  });
});
