/** Processes that are killed at random, on each store that several processes can open. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type EngineName, Engines, skipWithout } from '../../../servers/engines.ts';
import { underFire } from './under-fire.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-fire-'));
after(() => rmSync(folder, { recursive: true }));
const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());

const names: readonly EngineName[] = ['SQLite', 'PostgreSQL', 'NATS'];
for (const name of names) {
  test(`processes on ${name} that are killed at random lose no event and repeat no effect`, {
    skip: skipWithout(name),
  }, async () => {
    const acknowledged = await underFire({
      address: await engines.newAddress(name),
      receipts: join(folder, name),
      members: 4,
      writers: 8,
      kills: 5,
      commands: 6,
    });
    assert.ok(acknowledged >= 48);
  });
}
