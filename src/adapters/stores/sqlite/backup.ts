/** Online backup (https://www.sqlite.org/backup.html): a copy of the file as it is at the end, made while it is in use. */
import { randomUUID } from 'node:crypto';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
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

/** What a backup needs of the driver's connection: its own types are no part of what we publish. */
interface Source {
  backup(file: string, options: { progress(progress: BackupProgress): number }): Promise<unknown>;
}

/**
 * The copy is made under a name that no other backup has, and gets its own when it is complete. A process that is killed
 * meanwhile leaves a `.partial` file, which may be deleted.
 *
 * @throws StoreFailureError `invalid-argument` where `file` exists: it may be the database of someone.
 */
export async function backup(database: Source, file: string, options: BackupOptions): Promise<void> {
  const { progress, signal, pagesPerStep = 1_000 } = options;
  signal?.throwIfAborted();
  if (typeof file !== 'string' || file.trim() === '') {
    throw refused('file', `${JSON.stringify(file)} is no name: name a file that does not exist`);
  }
  refuseExisting(file);
  if (!Number.isInteger(pagesPerStep) || pagesPerStep < 1) {
    throw refused('options.pagesPerStep', `a step copies a whole number of pages, at least 1, not ${pagesPerStep}`);
  }
  if (!existsSync(dirname(file))) throw new FileFailure('io', `${file}: there is no folder ${dirname(file)}: make it`);
  const partial = `${file}.${randomUUID()}.partial`;
  try {
    await database.backup(partial, {
      progress({ totalPages, remainingPages }) {
        signal?.throwIfAborted();
        progress?.({ totalPages, remainingPages });
        return pagesPerStep;
      },
    });
    signal?.throwIfAborted();
    // Another may have got the name meanwhile.
    refuseExisting(file);
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
}

function refuseExisting(file: string): void {
  if (existsSync(file)) throw refused('file', `${JSON.stringify(file)} exists: name a file that does not exist`);
}

function refused(argument: string, message: string): StoreFailureError {
  return new StoreFailureError({ tag: 'invalid-argument', val: { argument, message } }, `${argument}: ${message}`);
}
