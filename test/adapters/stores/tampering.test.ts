/**
 * A file that was changed, by SQL or by a bit of a page: every reader returns correct values or fails with a code, or
 * verifyChain names the position. These are samples. `npx node test/adapters/stores/soak/tampering.ts` tries all
 * changes.
 */

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { createSqliteStore } from 'decidable/sqlite';
import fc from 'fast-check';
import { newFile } from './sqlite/files.ts';
import { type Attack, attacksOn } from './tampering/attacks.ts';
import { commandIdsOf, examine, verdictOn } from './tampering/examine.ts';
import { type Answers, ask, writeStory } from './tampering/story.ts';

/** Attacks to try, spread evenly over all of them. */
const SAMPLE = 120;
const FLIPS = 80;

describe('a file that was changed', () => {
  const file = newFile();
  let truth: Answers;
  let attacks: readonly Attack[];

  before(async () => {
    await writeStory(file);
    {
      await using store = createSqliteStore({ file });
      truth = await ask(store, commandIdsOf(file));
      assert.equal(await verdictOn(store), 'intact');
    }
    attacks = attacksOn(file);
  });

  test('is read without failures before the change', () => {
    const failures = [...truth].filter(([, answer]) => answer.startsWith('failure') || answer.startsWith('RAW'));
    assert.deepEqual(failures, []);
    assert.ok(truth.size > 90);
  });

  test('is read correctly or refused after a change of its rows or its indexes', async () => {
    const step = Math.floor(attacks.length / SAMPLE);
    let felt = 0;
    for (let index = 0; index < attacks.length; index += step) {
      const { name, run } = attacks[index]!;
      const copy = newFile();
      copyFileSync(file, copy);
      run(copy);
      const { problems, isFelt, verdict } = await examine(copy, truth);
      assert.deepEqual(problems, [], `${name}: ${verdict}`);
      if (isFelt) felt++;
      remove(copy);
    }
    // At least this part of the attacks has an effect.
    assert.ok(felt > SAMPLE / 2, String(felt));
  });

  test('is read correctly or refused after one bit was flipped', async () => {
    const bytes = readFileSync(file);
    // Most of a file's bytes are unused zeros.
    const used = [...bytes.keys()].filter((at) => bytes[at] !== 0);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...used), fc.nat({ max: 7 }), async (at, bit) => {
        const copy = newFile();
        const flipped = Buffer.from(bytes);
        flipped[at]! ^= 1 << bit;
        writeFileSync(copy, flipped);
        const { problems, verdict } = await examine(copy, truth);
        assert.deepEqual(problems, [], verdict);
        remove(copy);
      }),
      { numRuns: FLIPS },
    );
  });
});

function remove(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
}
