/** Explains an error in one paragraph: the problem, the code and the remedy. */
import { DecidableError, isCommandFailure, isFault, isStoreFailure, ProcessorStopped } from 'decidable';
import { UsageError } from './options.ts';

export interface Explanation {
  readonly text: string;
  readonly exitCode: number;
}

const FAILED = 1;
const MISUSED = 2;

/** Remedies that the options of this program offer. The store's own advice is in its message. */
const ANOTHER_STORE = 'Another store can be named with --store.';
const START_AGAIN = 'Then start again: stored commands are kept, and are not decided again.';
const UNUSABLE: ReadonlySet<string> = new Set(['read-only', 'corrupt', 'newer-format', 'not-a-store', 'io']);

/** Returns undefined if the user cannot fix the error. */
export function explainError(error: unknown): Explanation | undefined {
  if (error instanceof UsageError) return { text: `${error.message} (usage)\n`, exitCode: MISUSED };
  // The address is wrong, a package is missing, or the store cannot run the system.
  if (error instanceof DecidableError && error.family === 'decidable/definition')
    return { text: `${error.message} (${error.code})\n`, exitCode: MISUSED };
  if (isStoreFailure(error, 'failure') || isCommandFailure(error, 'store')) {
    const { code, message } = error.payload.val;
    return paragraph(message, code, UNUSABLE.has(code) ? ANOTHER_STORE : START_AGAIN);
  }
  if (isStoreFailure(error) || isCommandFailure(error) || isFault(error)) {
    return paragraph(error.message, error.code, START_AGAIN);
  }
  if (error instanceof ProcessorStopped) return paragraph(error.message, error.code, START_AGAIN);
  const file = fileError(error);
  return file && paragraph(file.message, file.code, 'Name the file of commands with --file, or - for standard input.');
}

function paragraph(message: string, code: string, remedy: string): Explanation {
  return { text: `${message.replace(/[.\s]*$/, '')} (${code}). ${remedy}\n`, exitCode: FAILED };
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: 'The file does not exist',
  EISDIR: 'This is a folder and not a file',
  EACCES: 'The file cannot be read',
};

function fileError(error: unknown): { message: string; code: string } | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined;
  const problem = FILE_ERRORS[error.code];
  if (problem === undefined) return undefined;
  return { message: path === undefined ? problem : `${problem}: ${path}`, code: error.code };
}
