/**
 * A process is killed while it writes, again and again, on one file: what was acknowledged is there, nothing is there in
 * part. For a longer run: `node test/stores/soak/killing.ts --rounds 1000`.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { examine, killWriter } from './crash/killing.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-crash-'));
after(() => rmSync(folder, { recursive: true }));

for (const [durability, inFlight] of [
  ['full', 1],
  ['full', 20],
  ['normal', 20],
] as const) {
  test(`a killed writer loses nothing it acknowledged: durability ${durability}, ${inFlight} in flight`, async () => {
    const file = join(folder, `${durability}-${inFlight}.db`);
    const acknowledged = new Map<string, number>();
    for (let round = 0; round < 5; round++) {
      const known = await killWriter(file, durability, inFlight, Math.random() * 150);
      for (const [commandId, events] of known) acknowledged.set(commandId, events);
      await examine(file, acknowledged);
    }
    assert.ok(acknowledged.size >= 5);
  });
}
