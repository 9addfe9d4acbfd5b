/** The stores pass the suites of the contract. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore, type SqliteStore } from 'decidable/sqlite';
import { commitStoreSuite, eventStoreSuite } from 'decidable/testing';

const folder = mkdtempSync(join(tmpdir(), 'decidable-contract-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

const openFile = (): SqliteStore => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' });

eventStoreSuite('the memory store', { open: () => createMemoryStore(), describe, test });
eventStoreSuite('the SQLite store', { open: openFile, describe, test });

commitStoreSuite('the memory store', { open: () => createMemoryStore(), describe, test });
commitStoreSuite('the SQLite store', { open: openFile, describe, test });
