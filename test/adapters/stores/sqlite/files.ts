/** Files in a separate folder, and the codes of the failures that they cause. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { createSqliteStore, type SqliteStoreOptions } from '../../../../src/adapters/stores/sqlite/index.ts';
import { isAppendFailure, isStoreFailure } from '../../../../src/core/errors.ts';
import { ANY, decision, envelope } from '../commands.ts';

/** The folder is deleted after the tests of the file that imports this one. */
export const folder: string = mkdtempSync(join(tmpdir(), 'decidable-sqlite-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

/** The name of a file that does not exist. */
export function newFile(): string {
  return join(folder, `${files++}.db`);
}

/** Returns the code of the store failure with which opening fails. Its message must name the file. */
export function refusal(options: SqliteStoreOptions): string {
  try {
    void createSqliteStore(options).close();
  } catch (error) {
    if (!isStoreFailure(error, 'failure')) throw error;
    assert.ok(error.message.startsWith(options.file), error.message);
    return error.payload.val.code;
  }
  return 'opened';
}

/** Returns the code of the store failure with which an append, a read or a snapshot fails. */
export async function failureOf(using: Promise<unknown>): Promise<string> {
  try {
    await using;
  } catch (error) {
    if (!isAppendFailure(error, 'failure') && !isStoreFailure(error, 'failure')) throw error;
    return error.payload.val.code;
  }
  return 'none';
}

/** A store of `count` commits on ten streams, closed. */
export async function filled(count = 100, file: string = newFile()): Promise<string> {
  const store = createSqliteStore({ file, durability: 'normal' });
  await Promise.all(
    Array.from({ length: count }, (_, index) => store.append(`s-${index % 10}`, [envelope('Done')], ANY, decision())),
  );
  await store.close();
  return file;
}
