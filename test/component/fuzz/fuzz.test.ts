import assert from 'node:assert/strict';
import { test } from 'node:test';
import { corpus } from './corpus.ts';
import { mutate, random } from './mutate.ts';
import { type Outcome, run } from './run.ts';

/** About two seconds; `fuzz.ts` runs as long as one likes. */
const mutants = 15_000;

test('mutated components end in a typed error, or are valid', { timeout: 120_000 }, async () => {
  const binaries = await corpus();
  const pick = random(1);
  const outcomes: Record<Outcome, number> = { valid: 0, invalid: 0, malformed: 0, unsupported: 0 };
  for (let count = 0; count < mutants; count++) {
    const component = binaries[pick(binaries.length)] ?? new Uint8Array();
    const mutant = mutate(component, binaries[pick(binaries.length)] ?? component, pick);
    try {
      outcomes[run(mutant).outcome]++;
    } catch (error) {
      assert.fail(
        `mutant ${count}: ${error instanceof Error ? error.stack : error}\n${Buffer.from(mutant).toString('base64')}`,
      );
    }
  }
  // Mutation is worth nothing where it only spoils the outer structure: every stage must be reached often.
  assert.ok(outcomes.valid > mutants / 50, JSON.stringify(outcomes));
  assert.ok(outcomes.invalid > mutants / 10, JSON.stringify(outcomes));
  assert.ok(outcomes.malformed > mutants / 10, JSON.stringify(outcomes));
});

test('the empty input and truncated components end in a typed error', async () => {
  for (const binary of await corpus()) {
    for (const length of [0, 1, 7, 8, 9, binary.length >> 1, binary.length - 1]) run(binary.subarray(0, length));
  }
});
