/** The file with the progress of a verification, so that it can continue after an interruption. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { CommandLineError } from '../failures.ts';
import type { Verified } from './threads.ts';

/** Milliseconds between two writes of the file. */
const INTERVAL = 1_000;

export class ResumeFile {
  readonly #file: string | undefined;
  #writtenAt = 0;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  /**
   * Returns the part that the interrupted verification has done, or `undefined` if no verification was interrupted.
   * @throws CommandLineError if the file has other contents.
   */
  read(): Verified | undefined {
    if (this.#file === undefined || !existsSync(this.#file)) return undefined;
    try {
      const { verification } = JSON.parse(readFileSync(this.#file, 'utf8')) as { verification?: unknown };
      if (isVerified(verification)) return verification;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    throw new CommandLineError(
      'usage',
      `${this.#file} does not contain the progress of a verification; remove it, or name another file`,
      { argument: '--resume' },
    );
  }

  /** Saves the part that is done, at most once in each interval. */
  keep(verified: Verified): void {
    if (performance.now() - this.#writtenAt > INTERVAL) this.write(verified);
  }

  write(verified: Verified): void {
    if (this.#file === undefined) return;
    this.#writtenAt = performance.now();
    writeFileSync(`${this.#file}.unfinished`, `${JSON.stringify({ verification: verified })}\n`);
    renameSync(`${this.#file}.unfinished`, this.#file);
  }

  /** Removes the file of a verification that is complete. */
  remove(): void {
    if (this.#file !== undefined) rmSync(this.#file, { force: true });
  }
}

function isVerified(value: unknown): value is Verified {
  const { extent, isSearched } = Object(value) as Partial<Verified>;
  const { streams, commits, events, decisions, unverified, last } = Object(extent) as Partial<Verified['extent']>;
  return (
    [streams, commits, events, decisions].every(Number.isInteger) &&
    Array.isArray(unverified) &&
    (last === undefined || typeof last === 'string') &&
    typeof isSearched === 'boolean'
  );
}
