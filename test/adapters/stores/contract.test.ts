/** Both stores pass the suite of the contract. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { eventStoreSuite } from 'decidable/testing';

const folder = mkdtempSync(join(tmpdir(), 'decidable-contract-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

eventStoreSuite('the memory store', { open: () => createMemoryStore(), describe, test });
eventStoreSuite('the SQLite store', {
  open: () => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' }),
  describe,
  test,
});
