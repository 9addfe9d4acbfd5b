import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { underFire } from './under-fire.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-fire-'));
after(() => rmSync(folder, { recursive: true }));

test('four processes that are killed at random lose no event and repeat no effect', async () => {
  const acknowledged = await underFire({ file: join(folder, 'bank.db'), processes: 4, kills: 5, commands: 12 });
  assert.ok(acknowledged >= 48);
});
