/**
 * Reads a file in a folder that cannot be written. SQLite shares the index of the write-ahead log through a file, and
 * fails if it cannot create that file. Its immutable mode does not need this file, but can only be selected by a URI,
 * and better-sqlite3 is built without URIs. So the store is read from a copy in memory.
 */
import { accessSync, type BigIntStats, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite, { type Database } from 'better-sqlite3';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';

/** The maximum number of bytes of a file that Node reads in one piece. */
const MAX_BYTES = 2n ** 31n - 1n;

/** The offsets of the two bytes of the header that are 2 if the file uses a write-ahead log, and 1 if not. */
const LOG_FLAGS = [18, 19] as const;

/** Returns whether the file could not be opened because its folder cannot be written and no process has it open. */
export function isOutOfReach(error: unknown, path: string): boolean {
  if (!(error instanceof EngineFailure) || !['io', 'read-only'].includes(error.failure.code)) return false;
  return !hasLog(path) && !isWritable(dirname(path));
}

/** Returns whether the log exists. The log exists while a process has the file open, and after a process was killed. */
function hasLog(path: string): boolean {
  const log = statSync(`${path}-wal`, { throwIfNoEntry: false });
  return existsSync(`${path}-shm`) || (log !== undefined && log.size > 0);
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Copies the file into memory. @throws EngineFailure, or the error of the file system. */
export function copyIntoMemory(file: string, path: string): Database {
  const before = stats(path);
  if (before.size > MAX_BYTES) {
    const message = `${file} has ${before.size} bytes, and its folder is not writable; copy the file to a writable folder`;
    throw new EngineFailure('io', message);
  }
  const bytes = readFileSync(path);
  const after = stats(path);
  if (before.size !== after.size || before.mtimeNs !== after.mtimeNs || hasLog(path)) {
    throw new EngineFailure('busy', `${file} was changed by another process while it was read; open it again`);
  }
  if (bytes.length > LOG_FLAGS[1]) for (const at of LOG_FLAGS) bytes[at] = 1;
  return new Sqlite(bytes, { readonly: true });
}

function stats(path: string): BigIntStats {
  return statSync(path, { bigint: true });
}
