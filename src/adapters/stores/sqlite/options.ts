/** The options of a SQLite store, checked before any file is touched. */
import { DefinitionError } from '../../../core/errors.ts';
import { checkOptionNames, type OptionNames } from '../../../core/option-names.ts';
import { mustBe } from '../../../core/predicates.ts';

/** The options that open a SQLite file. */
export interface SqliteStoreOptions {
  /** The name of the file. */
  readonly file: string;
  /**
   * Make the store if the file does not exist, or is empty. With `false`, such a file is a failure.
   * @default true, and `false` with `readOnly`
   */
  readonly create?: boolean | undefined;
  /**
   * `full`: an acknowledged commit survives a power loss. `normal`: it survives the end of the process, and a power
   * loss may take the last commits, the latest first and each as a whole.
   * @default 'full'
   */
  readonly durability?: 'full' | 'normal' | undefined;
  /**
   * Reads the file and never changes it. Appends and snapshots fail with `read-only`. A file in a folder that cannot be
   * written, and that no process has open, is copied into memory.
   * @default false
   */
  readonly readOnly?: boolean | undefined;
  /**
   * Milliseconds that a write waits while other processes write, before it fails with `busy`.
   * @default 10_000
   */
  readonly busyTimeout?: number | undefined;
  /**
   * Pages of 4 KiB that the file may grow to, before writes fail with `full`.
   * @default as many as SQLite can
   */
  readonly maxPages?: number | undefined;
  /**
   * The clock of `recordedAt`: milliseconds since the Unix epoch.
   * @default Date.now
   */
  readonly now?: (() => number) | undefined;
}

const NAMES: OptionNames<SqliteStoreOptions> = {
  file: true,
  create: true,
  durability: true,
  readOnly: true,
  busyTimeout: true,
  maxPages: true,
  now: true,
};

/** The same with the defaults filled in. */
export interface CheckedOptions {
  readonly file: string;
  readonly create: boolean;
  readonly durability: 'full' | 'normal';
  readonly readOnly: boolean;
  readonly busyTimeout: number;
  readonly maxPages: number | undefined;
  readonly now: () => number;
}

/** @throws DefinitionError that names the option. */
export function checkOptions(options: SqliteStoreOptions): CheckedOptions {
  checkOptionNames(options, NAMES, 'createSqliteStore');
  const { file, durability = 'full', readOnly = false, busyTimeout = 10_000, maxPages, now = Date.now } = options;
  const { create = readOnly !== true } = options;
  // SQLite takes an empty name for a temporary file.
  if (typeof file !== 'string' || file.trim() === '') throw invalid('file', 'the name of a file', file);
  // The driver cuts spaces off, and would open another file.
  if (file !== file.trim() || file.includes('\0')) throw invalid('file', 'a name without NUL and outer spaces', file);
  if (typeof create !== 'boolean') throw invalid('create', 'true or false', create);
  if (durability !== 'full' && durability !== 'normal') throw invalid('durability', `'full' or 'normal'`, durability);
  if (typeof readOnly !== 'boolean') throw invalid('readOnly', 'true or false', readOnly);
  if (create && readOnly) throw invalid('create', 'false with readOnly, which makes no file', create);
  if (!Number.isInteger(busyTimeout) || busyTimeout < 0 || busyTimeout >= 2 ** 31) {
    throw invalid('busyTimeout', 'an integer from 0 to 2^31 - 1, in milliseconds', busyTimeout);
  }
  if (maxPages !== undefined && !(Number.isInteger(maxPages) && maxPages > 0)) {
    throw invalid('maxPages', 'a positive integer, the number of pages', maxPages);
  }
  if (typeof now !== 'function') throw invalid('now', 'a function that returns milliseconds', now);
  return { file, create, durability, readOnly, busyTimeout, maxPages, now };
}

function invalid(name: string, expected: string, actual: unknown): DefinitionError {
  return new DefinitionError(`createSqliteStore.${name}`, mustBe(expected, actual));
}
