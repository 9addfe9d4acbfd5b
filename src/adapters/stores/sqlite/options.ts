/** The options of a SQLite store, and their checks, which are made before any file is opened. */
import { DefinitionError } from '../../../core/errors.ts';
import { checkOptionNames } from '../../../core/option-names.ts';
import { millisecondsProblem, mustBe } from '../../../core/predicates.ts';
import type { OptionNames } from '../../../core/unknown-names.ts';

/** The options of `createSqliteStore`. */
export interface SqliteStoreOptions {
  /** The name of the file. */
  readonly file: string;
  /**
   * Creates the store if the file does not exist or is empty. With `false`, opening such a file fails.
   * @default true, and `false` with `readOnly`
   */
  readonly create?: boolean | undefined;
  /**
   * With `full`, an acknowledged commit survives a power loss. With `normal`, it survives the end of the process, but a
   * power loss may lose the last commits, each as a whole.
   * @default 'full'
   */
  readonly durability?: 'full' | 'normal' | undefined;
  /**
   * Opens the file only for reading. Appends and snapshots fail with `read-only`. A file in a folder that is not
   * writable is copied into memory if no process has it open.
   * @default false
   */
  readonly readOnly?: boolean | undefined;
  /**
   * The time that a write waits for other processes before it fails with `busy`, in milliseconds.
   * @default 10_000
   */
  readonly busyTimeout?: number | undefined;
  /**
   * The maximum size of the file in pages of 4 KiB. Writes that need more fail with `full`.
   * @default the limit of SQLite
   */
  readonly maxPages?: number | undefined;
  /**
   * Returns the time of a commit (`recordedAt`), in milliseconds since the Unix epoch.
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

/** The options with their defaults. */
export interface CheckedOptions {
  readonly file: string;
  readonly create: boolean;
  readonly durability: 'full' | 'normal';
  readonly readOnly: boolean;
  readonly busyTimeout: number;
  readonly maxPages: number | undefined;
  readonly now: () => number;
}

/** Checks the options, and sets the defaults. @throws DefinitionError that names the option. */
export function checkOptions(options: SqliteStoreOptions): CheckedOptions {
  checkOptionNames(options, NAMES, 'createSqliteStore');
  const { file, durability = 'full', readOnly = false, busyTimeout = 10_000, maxPages, now = Date.now } = options;
  const { create = readOnly !== true } = options;
  // SQLite opens a temporary file for an empty name.
  if (typeof file !== 'string' || file.trim() === '') throw invalid('file', 'the name of a file', file);
  // The driver removes outer spaces, and would open another file.
  if (file !== file.trim() || file.includes('\0'))
    throw invalid('file', 'a file name without NUL and without leading or trailing spaces', file);
  if (typeof create !== 'boolean') throw invalid('create', 'true or false', create);
  if (durability !== 'full' && durability !== 'normal') throw invalid('durability', `'full' or 'normal'`, durability);
  if (typeof readOnly !== 'boolean') throw invalid('readOnly', 'true or false', readOnly);
  if (create && readOnly)
    throw invalid('create', 'false or omitted, because a store with readOnly creates no file', create);
  const problem = millisecondsProblem(busyTimeout, 0);
  if (problem !== undefined) throw new DefinitionError('createSqliteStore.busyTimeout', problem);
  if (maxPages !== undefined && !(Number.isInteger(maxPages) && maxPages > 0)) {
    throw invalid('maxPages', 'a positive integer, the number of pages', maxPages);
  }
  if (typeof now !== 'function') throw invalid('now', 'a function that returns milliseconds', now);
  return { file, create, durability, readOnly, busyTimeout, maxPages, now };
}

function invalid(name: string, expected: string, actual: unknown): DefinitionError {
  return new DefinitionError(`createSqliteStore.${name}`, mustBe(expected, actual));
}
