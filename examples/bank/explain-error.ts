/** An error as one paragraph: what is wrong, its code, and the way out. */
import { isCommandFailure, isFault, isStoreFailure } from 'decidable';
import { UsageError } from './options.ts';

export interface Explanation {
  readonly text: string;
  readonly exitCode: number;
}

const FAILED = 1;
const MISUSED = 2;

/** What the store advises stands in its message; this is what can be done with the options of the program. */
const ANOTHER_DATABASE = 'Another database can be named with --db.';
const START_AGAIN = 'Then start again: what was stored is kept, and known commands are not decided again.';
const UNUSABLE: ReadonlySet<string> = new Set(['read-only', 'corrupt', 'newer-format', 'not-a-store', 'io']);

/** Undefined where the error is not one that a user can do something about. */
export function explainError(error: unknown): Explanation | undefined {
  if (error instanceof UsageError) return { text: `${error.message} (usage)\n`, exitCode: MISUSED };
  if (isStoreFailure(error, 'failure') || isCommandFailure(error, 'store')) {
    const { code, message } = error.payload.val;
    return paragraph(message, code, UNUSABLE.has(code) ? ANOTHER_DATABASE : START_AGAIN);
  }
  if (isStoreFailure(error) || isCommandFailure(error) || isFault(error)) {
    return paragraph(error.message, error.code, START_AGAIN);
  }
  const file = fileError(error);
  return file && paragraph(file.message, file.code, 'Name the file of commands with --file, or - for standard input.');
}

function paragraph(message: string, code: string, wayOut: string): Explanation {
  return { text: `${message.replace(/[.\s]*$/, '')} (${code}). ${wayOut}\n`, exitCode: FAILED };
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'There is no such file',
  EISDIR: 'This is a folder, not a file',
  EACCES: 'The file cannot be read',
};

function fileError(error: unknown): { message: string; code: string } | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  const what = FILE_ERRORS[error.code];
  if (what === undefined) return undefined;
  return { message: path === undefined ? what : `${what}: ${path}`, code: error.code };
}
