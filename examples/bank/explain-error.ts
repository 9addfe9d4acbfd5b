/** An error as one paragraph: what is wrong, its code, and the way out. */
import { isCommandFailure, isFault, isStoreFailure } from 'decidable';
import { UsageError } from './options.ts';

export interface Explanation {
  readonly text: string;
  readonly exitCode: number;
}

const FAILED = 1;
const MISUSED = 2;

const WAY_OUT: Readonly<Record<string, string>> = {
  'read-only': 'Make the file and its folder writable, or name another database with --db.',
  full: 'Free some space and start again: what was stored is kept, and known commands are not decided again.',
  busy: 'Another process holds the database. Wait until it is done, then start again.',
  corrupt: 'Restore the file from a backup, or name another database with --db.',
  'newer-format': 'Update the package, or name another database with --db.',
  'not-a-store': 'Name another file with --db; this one was not touched.',
  io: 'Check the path, the permissions and the disk, then start again.',
};

/** Undefined where the error is not one that a user can do something about. */
export function explainError(error: unknown): Explanation | undefined {
  if (error instanceof UsageError) return { text: `${error.message} (usage)\n`, exitCode: MISUSED };
  if (isStoreFailure(error, 'failure') || isCommandFailure(error, 'store')) {
    const { code, message } = error.payload.val;
    return paragraph(message, code, WAY_OUT[code] ?? 'Start again: known commands are not decided again.');
  }
  if (isStoreFailure(error) || isCommandFailure(error) || isFault(error)) {
    return paragraph(error.message, error.code, 'What was stored is kept; start again to go on.');
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
