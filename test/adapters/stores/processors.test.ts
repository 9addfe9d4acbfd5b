/** The memory store and the SQLite store pass the suite for the storage of processors. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { processorStoreSuite } from 'decidable/testing';

const folder = mkdtempSync(join(tmpdir(), 'decidable-processors-'));
after(() => rmSync(folder, { recursive: true }));

let files = 0;
processorStoreSuite('the memory store', {
  open: () => createMemoryStore(),
  lacks: ['tables', 'inline'],
  describe,
  test,
});
processorStoreSuite('the SQLite store', {
  open: () => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' }),
  describe,
  test,
});
