/** Online backup (https://www.sqlite.org/backup.html): a copy of the file as it is at the end, made while it is in use. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Database } from 'better-sqlite3';
import { StoreFailureError } from '../../../core/errors.ts';
import { FileFailure } from './failures.ts';

/** How far a backup is, in pages of the file. */
export interface BackupProgress {
  readonly totalPages: number;
  readonly remainingPages: number;
}

/** How a backup is watched and called off. */
export interface BackupOptions {
  /** Called after each step. */
  readonly progress?: ((progress: BackupProgress) => void) | undefined;
  /** Ends the backup with the signal's reason; nothing is left behind. */
  readonly signal?: AbortSignal | undefined;
  /** Pages of 4 KiB to copy before others get their turn. Undefined: 1,000. */
  readonly pagesPerStep?: number | undefined;
}

/**
 * The copy is made under another name, and gets its own when it is complete.
 *
 * @throws StoreFailureError `invalid-argument` where `file` exists: it may be the database of someone.
 */
export async function backup(database: Database, file: string, options: BackupOptions): Promise<void> {
  const { progress, signal, pagesPerStep = 1_000 } = options;
  signal?.throwIfAborted();
  if (typeof file !== 'string' || file.trim() === '' || existsSync(file)) {
    const what = existsSync(file) ? 'exists' : 'is no name';
    throw refused('file', `${JSON.stringify(file)} ${what}: name a file that does not exist`);
  }
  if (!Number.isInteger(pagesPerStep) || pagesPerStep < 1) {
    throw refused('options.pagesPerStep', `a step copies a whole number of pages, at least 1, not ${pagesPerStep}`);
  }
  if (!existsSync(dirname(file))) throw new FileFailure('io', `${file}: there is no folder ${dirname(file)}: make it`);
  const partial = `${file}.partial`;
  rmSync(partial, { force: true });
  try {
    await database.backup(partial, {
      progress({ totalPages, remainingPages }) {
        signal?.throwIfAborted();
        progress?.({ totalPages, remainingPages });
        return pagesPerStep;
      },
    });
    signal?.throwIfAborted();
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
}

function refused(argument: string, message: string): StoreFailureError {
  return new StoreFailureError({ tag: 'invalid-argument', val: { argument, message } }, `${argument}: ${message}`);
}
