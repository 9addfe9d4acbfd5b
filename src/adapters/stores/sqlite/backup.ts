/**
 * Online backup (https://www.sqlite.org/backup.html). It copies the state of the file at the start of the backup, while
 * the file is in use.
 */
import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { StoreFailure } from '../../../core/errors.ts';
import { isPositiveU32, isSignal, mustBe } from '../../../core/predicates.ts';
import { checkNames } from '../../../core/storage/arguments.ts';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import type { OptionNames } from '../../../core/unknown-names.ts';

/** The progress of a backup, in pages of 4 KiB. */
export interface BackupProgress {
  /** The number of pages of the database. */
  readonly totalPages: number;
  /** The number of pages that are not copied yet. */
  readonly remainingPages: number;
}

/** The options of a backup. */
export interface BackupOptions {
  /** Called after each step. */
  readonly onProgress?: ((progress: BackupProgress) => void) | undefined;
  /** Cancels the backup, which then rejects with the signal's reason and leaves no file. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The number of pages of 4 KiB to copy in one step. Between two steps, the process can do other work.
   * @default 1_000
   */
  readonly pagesPerStep?: number | undefined;
}

const NAMES: OptionNames<BackupOptions> = { onProgress: true, signal: true, pagesPerStep: true };

/** The part of the driver's connection that a backup needs. The driver's own types are not published. */
interface Source {
  backup(file: string, options: { progress(progress: BackupProgress): number }): Promise<unknown>;
}

/** Checks the arguments. @throws StoreFailure `invalid-argument` if an argument is invalid, or `file` exists. */
export function checkBackup(file: string, options: BackupOptions): void {
  if (typeof file !== 'string' || file.trim() === '' || file !== file.trim()) {
    throw refused('file', mustBe('the name of a file that does not exist, without outer spaces', file));
  }
  refuseExisting(file);
  checkNames(options, NAMES);
  const { onProgress, signal, pagesPerStep } = options;
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw refused('options.onProgress', mustBe('a function', onProgress));
  }
  if (signal !== undefined && !isSignal(signal)) throw refused('options.signal', mustBe('an AbortSignal', signal));
  if (pagesPerStep !== undefined && !isPositiveU32(pagesPerStep)) {
    throw refused('options.pagesPerStep', mustBe('a positive integer, the number of pages', pagesPerStep));
  }
}

/**
 * Copies the file. The copy has a temporary name until it is complete, so that two backups do not write one file. A
 * process that is killed leaves a `.partial` file, which may be deleted.
 *
 * @param source a connection with an unchanging view of the file. Otherwise each commit of another connection would
 * restart the backup.
 * @throws StoreFailure, EngineFailure, or an error of the driver or the file system.
 */
export async function backup(source: Source, file: string, options: BackupOptions): Promise<void> {
  const { onProgress, signal, pagesPerStep = 1_000 } = options;
  signal?.throwIfAborted();
  const folder = dirname(file);
  if (!existsSync(folder)) throw new EngineFailure('io', `${file}: the folder ${folder} does not exist; create it`);
  const partial = `${file}.${randomUUID()}.partial`;
  try {
    await source.backup(partial, {
      progress({ totalPages, remainingPages }) {
        signal?.throwIfAborted();
        onProgress?.({ totalPages, remainingPages });
        return pagesPerStep;
      },
    });
    signal?.throwIfAborted();
    // Another backup may have used the name in the meantime.
    refuseExisting(file);
    renameSync(partial, file);
    flushNames(folder);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** Makes the new name durable. Windows makes names durable itself, and cannot open folders. */
function flushNames(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function refuseExisting(file: string): void {
  if (existsSync(file))
    throw refused('file', `${JSON.stringify(file)} exists; pass the name of a file that does not exist`);
}

function refused(argument: string, message: string): StoreFailure {
  return new StoreFailure({ tag: 'invalid-argument', val: { argument, message } }, `${argument}: ${message}`);
}
