import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { contradiction, guardOf, retryHelps, unsatisfiable } from '../../../src/core/loop/guard.ts';
import type { Precondition, WritePrecondition } from '../../../src/core/messages.ts';
import { satisfies } from '../../../src/core/storage/arguments.ts';

const revisions = fc.option(fc.bigInt(0n, 3n), { nil: undefined });
const declarations = fc.constantFrom<WritePrecondition>('stream-unchanged', 'no-stream', 'stream-exists', 'any');
const expectations: fc.Arbitrary<Precondition | undefined> = fc.oneof(
  fc.constantFrom<Precondition | undefined>(undefined, { tag: 'any' }, { tag: 'no-stream' }, { tag: 'stream-exists' }),
  fc.bigInt(0n, 3n).map((val) => ({ tag: 'at-revision', val }) as const),
);

/** What the module demands of the stream as it is, when the decision saw it at `seen`. */
function demanded(declared: WritePrecondition, seen: bigint | undefined, hasEvents: boolean): Precondition {
  if (declared !== 'stream-unchanged' && hasEvents) return { tag: declared };
  return seen === undefined ? { tag: 'no-stream' } : { tag: 'at-revision', val: seen };
}

describe('the guard of an append', () => {
  it('lets pass exactly what both the module and the caller demand', () => {
    fc.assert(
      fc.property(
        declarations,
        expectations,
        revisions,
        fc.boolean(),
        revisions,
        (declared, expected, seen, hasEvents, actual) => {
          fc.pre(contradiction(declared, expected, seen) === undefined);
          const passes = satisfies(guardOf(declared, expected, seen, hasEvents), actual);
          const both =
            satisfies(demanded(declared, seen, hasEvents), actual) && satisfies(expected ?? { tag: 'any' }, actual);
          assert.equal(passes, both);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('is never asked for where the stream as it was seen contradicts one of them', () => {
    fc.assert(
      fc.property(declarations, expectations, revisions, (declared, expected, seen) => {
        const violated = contradiction(declared, expected, seen);
        const asDeclared = declared === 'stream-unchanged' || satisfies({ tag: declared }, seen);
        assert.equal(violated === undefined, asDeclared && satisfies(expected ?? { tag: 'any' }, seen));
        if (violated !== undefined) assert.equal(satisfies(violated, seen), false, 'what is named as violated is');
        if (unsatisfiable(declared, expected)) assert.notEqual(violated, undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is tried again only where a later revision of the stream could pass', () => {
    fc.assert(
      fc.property(
        declarations,
        expectations,
        fc.bigInt(0n, 3n),
        fc.boolean(),
        (declared, expected, actual, hasEvents) => {
          if (!retryHelps(declared, expected, hasEvents)) return;
          // The stream has moved on to `actual`: deciding again there must have a guard that can hold.
          assert.equal(contradiction(declared, expected, actual), undefined);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
