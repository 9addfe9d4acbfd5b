/** The file with the progress of a verification, so that it can continue after an interruption. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { VerificationProgress } from '../../../core/verification/verify-store.ts';
import { CommandLineError } from '../failures.ts';

/** Milliseconds between two writes of the file. */
const INTERVAL = 1_000;

export class ResumeFile {
  readonly #file: string | undefined;
  #writtenAt = 0;

  constructor(file: string | undefined) {
    this.#file = file;
  }

  /**
   * Returns the progress of each part of the interrupted verification, or `undefined` if no verification was
   * interrupted.
   * @throws CommandLineError if the file has other contents.
   */
  read(): readonly VerificationProgress[] | undefined {
    if (this.#file === undefined || !existsSync(this.#file)) return undefined;
    try {
      const { verification } = JSON.parse(readFileSync(this.#file, 'utf8')) as { verification?: unknown };
      if (Array.isArray(verification) && verification.every(isProgress)) return verification;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
    throw new CommandLineError(
      'usage',
      `${this.#file} does not contain the progress of a verification; remove it, or name another file`,
      { argument: '--resume' },
    );
  }

  /** Saves the progress, at most once in each interval. */
  keep(parts: readonly VerificationProgress[]): void {
    if (performance.now() - this.#writtenAt > INTERVAL) this.write(parts);
  }

  write(parts: readonly VerificationProgress[]): void {
    if (this.#file === undefined) return;
    this.#writtenAt = performance.now();
    writeFileSync(`${this.#file}.unfinished`, `${JSON.stringify({ verification: parts })}\n`);
    renameSync(`${this.#file}.unfinished`, this.#file);
  }

  /** Removes the file of a verification that is complete. */
  remove(): void {
    if (this.#file !== undefined) rmSync(this.#file, { force: true });
  }
}

function isProgress(value: unknown): value is VerificationProgress {
  const { streams, commits, events, decisions, unverified } = Object(value) as Partial<VerificationProgress>;
  return [streams, commits, events, decisions].every(Number.isInteger) && Array.isArray(unverified);
}
