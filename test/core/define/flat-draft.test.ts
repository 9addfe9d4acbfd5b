/** Handlers of flat states, compared with the same handlers run by immer alone. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { current, Immer, isDraft, isDraftable, nothing, original, produce } from 'immer';
import { fold, type Recipe } from '../../../src/core/define/draft.ts';
import { keep } from '../../../src/core/define/state-value.ts';

type Shelf = Record<string, unknown>;

/** Immer makes every draft of these tests, if the handler is not run by `fold`. */
const immer = new Immer({ autoFreeze: false });

function kept(value: unknown): unknown {
  return keep(value, { kind: 'state', type: 'shelf', schemaVersion: 1 });
}

const KEYS = ['title', 'count', 'then', 'base', 'draft', 'toString', 'constructor', '__proto__'];
const key = fc.constantFrom(...KEYS);
const leaf = fc.oneof(
  fc.constantFrom('', 'Emma', 0, -0, 7, 2.5, 5n, true, false, null, undefined),
  fc.string(),
  fc.integer(),
);
const flat: fc.Arbitrary<Shelf> = fc.dictionary(fc.constantFrom('title', 'count', 'then', 'base', 'draft'), leaf, {
  noNullPrototype: true,
});

/** Values that a handler may set, some of which have no encoding. */
const given = fc.oneof(leaf, fc.constantFrom('\ud800', Number.NaN, Number.NEGATIVE_INFINITY, 2n ** 70n, 2n ** 9000n));

/** All operations of a handler on a draft. Each returns what the handler observes. */
const ACTS: Record<string, (draft: Shelf, name: string, value: unknown) => unknown> = {
  get: (draft, name) => draft[name],
  set: (draft, name, value) => {
    draft[name] = value;
  },
  'set to an object': (draft, name, value) => {
    draft[name] = { list: [value] };
  },
  'change an object that was set': (draft, name, value) => {
    const held = draft[name] as { list?: unknown[] } | undefined;
    if (Array.isArray(held?.list)) held.list.push(value);
  },
  'set to itself': (draft, name) => {
    draft[name] = draft;
  },
  delete: (draft, name) => delete draft[name],
  in: (draft, name) => name in draft,
  own: (draft, name) => Object.hasOwn(draft, name),
  keys: (draft) => Object.keys(draft),
  'own keys': (draft) => Reflect.ownKeys(draft),
  entries: (draft) => Object.entries(draft),
  spread: (draft) => ({ ...draft }),
  descriptor: (draft, name) => Object.getOwnPropertyDescriptor(draft, name),
  json: (draft) => JSON.stringify(draft, (_, held) => (typeof held === 'bigint' ? String(held) : held)),
  define: (draft, name, value) => Object.defineProperty(draft, name, { value }),
  'set the prototype': (draft) => Object.setPrototypeOf(draft, null),
  prototype: (draft) => Object.getPrototypeOf(draft) === Object.prototype,
  frozen: (draft) => Object.isFrozen(draft),
  assign: (draft, name, value) => Object.assign(draft, { [name]: value }),
  'is a draft': (draft) => isDraft(draft),
  'is draftable': (draft) => isDraftable(draft),
  current: (draft) => current(draft),
  original: (draft) => original(draft),
  'nested produce': (draft, name, value) => produce(draft, (inner) => void (inner[name] = value)),
};

const RETURNS: Record<string, (draft: Shelf, value: unknown) => unknown> = {
  nothing: () => undefined,
  'its draft': (draft) => draft,
  'a copy': (draft) => ({ ...draft }),
  'a changed copy': (draft, value) => ({ ...draft, count: value }),
  'a record of a leaf': (_, value) => ({ title: value }),
  'a record with its draft': (draft) => ({ inner: draft }),
  'a list with its draft': (draft) => [[draft], draft],
  'a map with its draft': (draft) => new Map([['inner', draft]]),
  'a leaf': (_, value) => value,
  'the original': (draft) => original(draft),
  'the current draft': (draft) => current(draft),
  'the nothing of immer': () => nothing,
  'the result of a nested produce': (draft, value) => produce(draft, (inner) => void (inner['title'] = value)),
};

interface Handler {
  readonly acts: readonly (readonly [act: string, name: string, value: unknown])[];
  readonly returns: string;
  readonly value: unknown;
}

const handler: fc.Arbitrary<Handler> = fc.record({
  acts: fc.array(fc.tuple(fc.constantFrom(...Object.keys(ACTS)), key, given), { maxLength: 5 }),
  returns: fc.constantFrom(...Object.keys(RETURNS)),
  value: given,
});

/** Runs a handler, and returns the values that it observed and the state or the error at its end. */
function observed({ acts, returns, value }: Handler, run: (recipe: Recipe) => unknown): unknown {
  const seen: unknown[] = [];
  const recipe = (draft: Shelf): unknown => {
    for (const [act, name, given] of acts) {
      const result = ACTS[act]!(draft, name, given);
      seen.push(result === draft ? 'the draft' : shown(result));
    }
    return RETURNS[returns]!(draft, value);
  };
  try {
    const state = kept(run(recipe as unknown as Recipe));
    // `inspect` shows -0 and the order of the fields.
    return { seen, state, text: inspect(state), isFrozen: Object.isFrozen(state) };
  } catch (error) {
    return { seen, error: error instanceof Error ? [error.name, error.message] : error };
  }
}

/** A copy without drafts, which are revoked later. */
function shown(value: unknown): unknown {
  if (typeof value === 'function') return value.name;
  if (typeof value !== 'object' || value === null) return value;
  if (isDraft(value)) return { draft: current(value) };
  if (value === Object.prototype) return 'Object.prototype';
  return Array.isArray(value)
    ? value.map(shown)
    : Object.fromEntries(Object.entries(value).map(([name, held]) => [name, shown(held)]));
}

describe('the draft of a flat state', () => {
  test('behaves as a draft of immer, whatever the handler does', () => {
    fc.assert(
      fc.property(flat, handler, (before, steps) => {
        const names = steps.acts.map(([act]) => act);
        // A draft that contains itself has no finite form, with immer too.
        fc.pre(!names.includes('set to itself') || names.length === 1);
        // This is the only difference. The last test shows it.
        fc.pre(!names.includes('nested produce') || !names.includes('change an object that was set'));
        const base = kept(before);
        assert.deepEqual(
          observed(steps, (recipe) => fold(base, recipe, undefined)),
          observed(steps, (recipe) => immer.produce(base, recipe as never)),
        );
        assert.deepEqual(base, kept(before));
      }),
      { numRuns: 3000 },
    );
  });

  test('can no longer be used when the handler has returned', () => {
    let leaked: Shelf = {};
    const leak = ((draft: Shelf) => {
      draft['count'] = 2;
      leaked = draft;
    }) as unknown as Recipe;
    assert.deepEqual(fold(kept({ count: 1 }), leak, undefined), { count: 2 });
    assert.throws(() => leaked['count'], TypeError);
    assert.throws(() => {
      leaked['count'] = 3;
    }, TypeError);
  });

  test('can no longer be used when the handler has failed', () => {
    let leaked: Shelf = {};
    const leak = ((draft: Shelf) => {
      leaked = draft;
      throw new RangeError('no');
    }) as unknown as Recipe;
    assert.throws(() => fold(kept({ count: 1 }), leak, undefined), RangeError);
    assert.throws(() => leaked['count'], TypeError);
  });

  test('leaves it to a nested produce to freeze its result', () => {
    const recipe = ((draft: Shelf) => {
      draft['list'] = produce([1], (list) => void list.push(2));
      assert.ok(Object.isFrozen(draft['list']));
    }) as unknown as Recipe;
    assert.deepEqual(kept(fold(kept({ count: 1 }), recipe, undefined)), { count: 1, list: [1, 2] });
  });
});
