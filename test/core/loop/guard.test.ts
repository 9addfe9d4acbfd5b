import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Precondition, WritePrecondition } from 'decidable';
import { satisfies } from 'decidable/storage';
import fc from 'fast-check';
import {
  appendPrecondition,
  excludeEachOther,
  isRetryable,
  violatedPrecondition,
} from '../../../src/core/loop/guard.ts';

const revisions = fc.option(fc.bigInt(0n, 3n), { nil: undefined });
const declarations = fc.constantFrom<WritePrecondition>('stream-unchanged', 'no-stream', 'stream-exists', 'any');
const requests: fc.Arbitrary<Precondition | undefined> = fc.oneof(
  fc.constantFrom<Precondition | undefined>(undefined, { tag: 'any' }, { tag: 'no-stream' }, { tag: 'stream-exists' }),
  fc.bigInt(0n, 3n).map((val) => ({ tag: 'at-revision', val }) as const),
);

/** The precondition of the module for a decision that is based on the revision `seen`. */
function ofModule(declared: WritePrecondition, seen: bigint | undefined, hasEvents: boolean): Precondition {
  if (declared !== 'stream-unchanged' && hasEvents) return { tag: declared };
  return seen === undefined ? { tag: 'no-stream' } : { tag: 'at-revision', val: seen };
}

describe('the precondition of an append', () => {
  test('is satisfied if and only if the preconditions of the module and the caller are satisfied', () => {
    fc.assert(
      fc.property(
        declarations,
        requests,
        revisions,
        fc.boolean(),
        revisions,
        (declared, requested, seen, hasEvents, actual) => {
          fc.pre(violatedPrecondition(declared, requested, seen) === undefined);
          const passes = satisfies(appendPrecondition(declared, requested, seen, hasEvents), actual);
          const both =
            satisfies(ofModule(declared, seen, hasEvents), actual) && satisfies(requested ?? { tag: 'any' }, actual);
          assert.equal(passes, both);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('is computed only if the known state of the stream violates neither of them', () => {
    fc.assert(
      fc.property(declarations, requests, revisions, (declared, requested, seen) => {
        const violated = violatedPrecondition(declared, requested, seen);
        const asDeclared = declared === 'stream-unchanged' || satisfies({ tag: declared }, seen);
        assert.equal(violated === undefined, asDeclared && satisfies(requested ?? { tag: 'any' }, seen));
        if (violated !== undefined) assert.equal(satisfies(violated, seen), false, 'the returned one is violated');
        if (excludeEachOther(declared, requested)) assert.notEqual(violated, undefined);
      }),
      { numRuns: 2_000 },
    );
  });

  test('is retried only if a later revision of the stream could satisfy it', () => {
    fc.assert(
      fc.property(declarations, requests, fc.bigInt(0n, 3n), fc.boolean(), (declared, requested, actual, hasEvents) => {
        if (!isRetryable(declared, requested, hasEvents)) return;
        // The stream is now at revision `actual`. A second decision there must have a precondition that can be
        // satisfied.
        assert.equal(violatedPrecondition(declared, requested, actual), undefined);
      }),
      { numRuns: 2_000 },
    );
  });
});
