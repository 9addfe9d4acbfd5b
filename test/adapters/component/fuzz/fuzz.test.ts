import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENDLESS } from '../endless.ts';
import { corpus, runnable } from './corpus.ts';
import { mutate, random } from './mutate.ts';
import { check, type Outcome, run } from './run.ts';

/** The numbers of mutants, which take a few seconds. `fuzz.ts` can run longer. */
const CHECKED = 12_000;
const RUN = 2_500;

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

function blame(what: string, mutant: Uint8Array, error: unknown): never {
  assert.fail(`${what}: ${error instanceof Error ? error.stack : error}\n${base64(mutant)}`);
}

test('mutated components end in a typed error, or are valid', { timeout: ENDLESS }, async () => {
  const binaries = await corpus();
  const pick = random(1);
  const outcomes: Partial<Record<Outcome | 'valid', number>> = {};
  for (let count = 0; count < CHECKED; count++) {
    const component = binaries[pick(binaries.length)] ?? new Uint8Array();
    const mutant = mutate(component, binaries[pick(binaries.length)] ?? component, pick);
    try {
      const { outcome } = check(mutant);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      blame(`mutant ${count}`, mutant, error);
    }
  }
  // Mutation is useless if it only breaks the outer structure. It must reach every stage often.
  const { valid = 0, invalid = 0, malformed = 0 } = outcomes;
  assert.ok(valid > CHECKED / 50, JSON.stringify(outcomes));
  assert.ok(invalid > CHECKED / 10, JSON.stringify(outcomes));
  assert.ok(malformed > CHECKED / 20, JSON.stringify(outcomes));
});

test('mutated components that are valid run to a value or a typed error', { timeout: ENDLESS }, async () => {
  const binaries = await runnable();
  const pick = random(2);
  const outcomes: Partial<Record<Outcome, number>> = {};
  for (let count = 0; count < RUN; count++) {
    const mutant = mutate(binaries[pick(binaries.length)]!, binaries[pick(binaries.length)]!, pick);
    try {
      const { outcome } = await run(mutant, pick);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    } catch (error) {
      blame(`mutant ${count}`, mutant, error);
    }
  }
  const { ran = 0, trapped = 0 } = outcomes;
  assert.ok(ran > RUN / 10, JSON.stringify(outcomes));
  assert.ok(trapped > RUN / 20, JSON.stringify(outcomes));
});

test('each seed runs to its end, or traps because its data is invalid', async () => {
  for (const binary of await runnable()) {
    const { outcome, message } = await run(binary, random(1));
    assert.ok(outcome === 'ran' || /discriminant|unaligned/.test(message), `${outcome}: ${message}`);
  }
});

test('the empty input and truncated components end in a typed error', async () => {
  for (const binary of await corpus()) {
    for (const length of [0, 1, 7, 8, 9, binary.length >> 1, binary.length - 1]) check(binary.subarray(0, length));
  }
});
