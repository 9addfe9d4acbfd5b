import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { current, Immer, isDraft, original } from 'immer';
import { fold, type Recipe } from '../../../src/core/define/draft.ts';
import { keep } from '../../../src/core/define/state-value.ts';

type Shelf = Record<string, unknown>;

/** One step of a handler: set a value at a path, use a value of the event, delete, or copy from another field. */
interface Step {
  readonly path: readonly string[];
  readonly act: 'set' | 'take' | 'delete' | 'move' | 'push';
  readonly value: unknown;
}

const key = fc.constantFrom('title', 'count', 'owner', 'place');
const leaf = fc.oneof(fc.string(), fc.integer(), fc.bigInt(), fc.boolean(), fc.constant(null));
const nested = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, leaf, tie('record'), fc.array(tie('value'), { maxLength: 3 })),
  record: fc.dictionary(key, fc.option(tie('value'), { nil: undefined, freq: 8 }), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
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

/** A handler that performs the steps on its draft, for immer and for ours. */
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

const subject = { kind: 'state', type: 'shelf', schemaVersion: 1 } as const;

/** A state in the form of a module. */
function kept(value: unknown): unknown {
  return keep(value, subject);
}

/** The state after a handler, or the error that the handler or immer threw. */
function outcome(run: () => unknown): unknown {
  try {
    return { state: kept(run()) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : error };
  }
}

describe('folding', () => {
  const immer = new Immer({ autoFreeze: true });
  /** Calls the function with a copy of the data, because immer freezes its arguments. */
  const immers = (before: unknown, recipe: Recipe, data: unknown): unknown =>
    outcome(() =>
      immer.produce(before, (draft: unknown) => recipe(draft as never, structuredClone(data) as never, {} as never)),
    );
  const ours = (before: unknown, recipe: Recipe, data: unknown): unknown =>
    outcome(() => fold(before, recipe, structuredClone(data)));

  test('returns the same states as immer', () => {
    fc.assert(
      fc.property(
        state,
        fc.array(step, { maxLength: 4 }),
        nested.value,
        fc.boolean(),
        (before, steps, value, returns) => {
          // A value at two positions could be put into itself.
          fc.pre(steps.filter(({ act }) => act === 'move' || act === 'take').length < 2);
          const recipe = handler(steps, returns);
          assert.deepEqual(ours(kept(before), recipe, { value }), immers(kept(before), recipe, { value }));
        },
      ),
      { numRuns: 2000 },
    );
  });

  const WIDTHS = [1, 3, 32, 33, 100];
  const wide = (width: number): Shelf => ({
    ...Object.fromEntries(Array.from({ length: width }, (_, index) => [`field${index}`, index])),
    child: { name: 'x', list: [1, 2] },
  });
  type Wide = { child: { name: string; list: number[] }; count?: number } & Record<string, unknown>;
  const handlers: Record<string, (draft: Wide) => unknown> = {
    'changes its draft and returns a copy of it': (draft) => {
      draft.child.name = 'y';
      return { ...draft };
    },
    'returns a copy of its draft': (draft) => ({ ...draft, count: 1 }),
    'returns a child': (draft) => draft.child,
    'changes a child and returns it': (draft) => {
      draft.child.name = 'y';
      return draft.child;
    },
    'changes its draft and returns it': (draft) => {
      draft.child.list.push(3);
      return draft;
    },
    'defines a property': (draft) => {
      Object.defineProperty(draft, 'count', { value: 1 });
    },
    'sets a prototype': (draft) => {
      Object.setPrototypeOf(draft, null);
    },
    'asks for the current draft': (draft) => {
      draft.count = 1;
      return void (draft['copy'] = current(draft.child));
    },
    'asks for the original': (draft) => {
      draft.child.name = 'y';
      draft['before'] = original(draft.child);
    },
    'asks for a draft': (draft) => void (draft['is'] = isDraft(draft)),
    'deletes a field': (draft) => void delete draft['field0'],
    'puts one child into two places': (draft) => {
      draft['first'] = draft.child;
      draft['second'] = draft.child;
      draft.child.name = 'y';
    },
    'puts its draft into itself': (draft) => void (draft['self'] = draft),
    'returns a list with its draft': (draft) => [draft, draft.child],
  };
  for (const [words, recipe] of Object.entries(handlers)) {
    for (const width of WIDTHS) {
      test(`has the same result as immer if a handler ${words}, for a state of ${width + 1} fields`, () => {
        const run = recipe as unknown as Recipe;
        assert.deepEqual(ours(kept(wide(width)), run, {}), immers(kept(wide(width)), run, {}));
      });
    }
  }

  test('does not change the previous state, and freezes the new state', () => {
    fc.assert(
      fc.property(state, fc.array(step, { maxLength: 4 }), nested.value, (before, steps, value) => {
        // A value at two positions could be put into itself, and the result would not be a tree.
        fc.pre(steps.filter(({ act }) => act === 'move' || act === 'take').length < 2);
        fc.pre(!steps.some(({ act }) => act === 'move'));
        const first = kept(before);
        const copy = structuredClone(first);
        const after = kept(fold(first, handler(steps, false), { value: structuredClone(value) }));
        assert.deepEqual(first, copy);
        assert.ok(deeplyFrozen(after));
      }),
      { numRuns: 500 },
    );
  });

  test('neither freezes nor keeps the objects of the handler', () => {
    const constant = { list: [1], inner: { at: new Date(0), bytes: Uint8Array.of(1) } };
    const replace = (() => constant) as unknown as Recipe;
    const assign = ((draft: Shelf) => void (draft['constant'] = constant)) as unknown as Recipe;
    for (const [recipe, before] of [
      [replace, {}],
      [assign, { a: 1 }],
      [assign, wide(40)],
    ] as const) {
      const after = kept(fold(kept(before), recipe, {}));
      const expected = structuredClone(after);
      constant.list.push(2);
      constant.inner.at.setTime(5);
      constant.inner.bytes[0] = 9;
      assert.deepEqual(after, expected);
      constant.inner.at.setTime(0);
    }
  });

  test('drafts maps and sets', () => {
    const shelf = kept({ tags: new Set(['old']), places: new Map([['a', { n: 1 }]]) });
    const recipe = (draft: { tags: Set<string>; places: Map<string, { n: number }> }) => {
      draft.tags.add('new');
      draft.places.get('a')!.n = 2;
    };
    const after = fold(shelf, recipe as unknown as Recipe, undefined);
    assert.deepEqual(kept(after), { tags: new Set(['new', 'old']), places: new Map([['a', { n: 2 }]]) });
    assert.deepEqual(shelf, { tags: new Set(['old']), places: new Map([['a', { n: 1 }]]) });
  });

  test('refuses an asynchronous handler', () => {
    const later = (async () => {}) as unknown as Recipe;
    for (const state of [{ small: 1 }, { large: [1] }, 5, new Date(0), Uint8Array.of(1)]) {
      assert.throws(() => fold(kept(state), later, undefined), TypeError);
    }
  });

  test('accepts states that are not objects, and states that have no draft', () => {
    const add = ((total: number, { by }: { by: number }) => total + by) as unknown as Recipe;
    assert.equal(fold(fold(0, add, { by: 2 }), add, { by: 3 }), 5);
    const next = ((day: Date) => new Date(day.getTime() + 1)) as unknown as Recipe;
    assert.deepEqual(fold(kept(new Date(0)), next, {}), new Date(1));
    const write = ((bytes: Uint8Array) => void (bytes[0] = 7)) as unknown as Recipe;
    const before = kept(Uint8Array.of(1, 2));
    assert.deepEqual(fold(before, write, {}), Uint8Array.of(7, 2));
    assert.deepEqual(before, Uint8Array.of(1, 2));
  });
});
