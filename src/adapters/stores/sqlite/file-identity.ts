/**
 * A file that is deleted or replaced while it is open stays readable and writable, and is lost when the last process
 * closes it. SQLite does not detect that. So transactions check, before they commit, that the paths still refer to the
 * files that were opened.
 *
 * Checking one file takes 2 microseconds, a twentieth of a commit that is not flushed. So the file and its log are
 * checked once a millisecond. A commit that is flushed takes several times longer, and always checks the file.
 */
import { type Stats, statSync } from 'node:fs';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import { elapsed } from '../../../core/storage/timers.ts';
import type { CheckedOptions } from './options.ts';

/** Milliseconds between two checks of all files. */
const INTERVAL = 1;

export class FileIdentity {
  readonly #file: string;
  /** The file and its log. A log that does not exist when the file is opened is not checked. */
  readonly #opened: readonly (readonly [path: string, stats: Stats])[];
  readonly #isFlushed: boolean;
  #looked = Number.NEGATIVE_INFINITY;

  /** Records the identity of an open file. @param path the path of the open file. */
  constructor(path: string, { file, durability }: CheckedOptions) {
    this.#file = file;
    this.#isFlushed = durability === 'full';
    this.#opened = [path, `${path}-wal`].flatMap((opened) => {
      const stats = look(opened);
      return stats === undefined ? [] : [[opened, stats] as const];
    });
  }

  /**
   * Checks the files if the interval has passed.
   * @throws EngineFailure `moved` if the file or its log was deleted or replaced.
   */
  check(): void {
    const now = elapsed();
    if (now - this.#looked >= INTERVAL) {
      this.#looked = now;
      this.checkNow();
    } else if (this.#isFlushed) {
      this.#checkFirst(1);
    }
  }

  /** Checks the files, even if they were just checked. @throws EngineFailure `moved`. */
  checkNow(): void {
    this.#checkFirst(this.#opened.length);
  }

  #checkFirst(count: number): void {
    for (let index = 0; index < count; index++) {
      const [path, { ino, dev }] = this.#opened[index]!;
      const found = look(path);
      if (found?.ino !== ino || found.dev !== dev) throw this.#moved(path, found);
    }
  }

  #moved(path: string, found: Stats | undefined): EngineFailure {
    this.#looked = Number.NEGATIVE_INFINITY; // The next write checks again.
    const happened = found === undefined ? 'deleted or moved' : 'replaced';
    return new EngineFailure(
      'moved',
      `${this.#file}: ${path} was ${happened} while it was open, so nothing was written; close the store, restore the ` +
        'file and open it again',
    );
  }
}

/** Returns the file's status, or undefined if the file does not exist. */
function look(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
