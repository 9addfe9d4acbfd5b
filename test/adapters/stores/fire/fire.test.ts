/**
 * Processes that are killed at random while eight writers, three read models, two process managers and a group of
 * three processes are at work, on each store that several processes can open. The servers of the store are killed and
 * replaced in the meantime. `npm run soak` does the same for as long as you like.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { skipWithoutBinary } from '../../../servers/nats.ts';
import { DISTURBED_ENGINES, startDisturbedEngine } from './disturbed-engines.ts';
import { underFire } from './under-fire.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-fire-'));
after(() => rmSync(folder, { recursive: true }));

for (const name of DISTURBED_ENGINES) {
  const isNats = name === 'NATS' || name === 'NATS cluster';
  test(`processes on ${name} that are killed at random lose no event and repeat no effect`, {
    skip: isNats && skipWithoutBinary,
  }, async () => {
    await using engine = await startDisturbedEngine(name);
    const acknowledged = await underFire({
      ...engine.newStore(),
      receipts: join(folder, name),
      members: 3,
      writers: 8,
      kills: 3,
      commands: 60,
    });
    assert.ok(acknowledged >= 60);
  });
}
