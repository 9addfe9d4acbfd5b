/** Copies a store to another one, of the same engine or of another. */
import type { EventStore } from '../event-store.ts';
import { checkOptionNames } from '../option-names.ts';
import { sleepFor, systemClock } from '../processors/clock.ts';
import type { CommitImport, CommitLog } from '../storage/commit-transfer.ts';
import { lastPosition } from '../storage/read-events.ts';
import { Turns } from '../storage/turns.ts';
import type { CommitSource } from '../storage/verify-chain.ts';
import type { OptionNames } from '../unknown-names.ts';
import { CopyError } from './copy-error.ts';
import { type CopiedProcessors, copyProcessors, refuseRunning, type StoreWithProcessors } from './copy-processors.ts';
import {
  type DifferentCommit,
  differentCommit,
  headsOf,
  LOG_START,
  type LogPlace,
  LogReader,
  placeAfter,
  sameHeads,
} from './log-comparison.ts';

/** A store that can be copied. */
export interface CopySource extends EventStore, CommitSource, CommitLog, StoreWithProcessors {}

/** A store to which another one can be copied. */
export interface CopyDestination extends CopySource, CommitImport {}

/** The progress of a copy. */
export interface CopyProgress {
  /**
   * `comparing`: the commits of the copy are read and compared. `copying`: commits are added. `following`: the copy has
   * all commits and waits for new ones. `processors`: the processors are moved.
   */
  readonly phase: 'comparing' | 'copying' | 'following' | 'processors';
  /** The number of commits in the copy. */
  readonly commits: number;
  /** The number of events in the copy. */
  readonly events: number;
}

/** The options of {@link copyStore}. */
export interface CopyStoreOptions {
  /**
   * Moves process managers and reactors too: their checkpoints, parked events and deadlines. No process may run the
   * system on the source.
   * @default true
   */
  readonly processors?: boolean | undefined;
  /**
   * Also adds commits that are written to the source until this signal is aborted. Then the copy is finished. Stop all
   * programs that write to the source before you abort it.
   */
  readonly follow?: AbortSignal | undefined;
  /** Called after each page of commits. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
  /** Ends the copy with the signal's reason. The same call continues it later. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<CopyStoreOptions> = { processors: true, follow: true, onProgress: true, signal: true };

/** The result of a copy. */
export interface CopyResult {
  /** The number of commits in the copy, which equals that of the source. */
  readonly commits: number;
  /** The number of events in the copy. */
  readonly events: number;
  /** The number of streams in the copy. */
  readonly streams: number;
  /** The number of commits that this call added. */
  readonly added: number;
  /** The copied processors, or `undefined` if they were not copied. */
  readonly processors: CopiedProcessors | undefined;
}

/** The maximum number of comparisons of the ends of the chains, if programs write to the source in the meantime. */
const MAX_ROUNDS = 5;

/** The maximum delay in milliseconds before the destination is read again, if not all commits are visible yet. */
const LONGEST_PAUSE = 1_000;

/**
 * Copies the commits of a store to another one: events, rejections and decisions without events, with their revisions,
 * times and hashes, in the order of the source. Positions are new. Each commit of the copy is read back and compared.
 *
 * An interrupted copy continues when the function is called again. The destination may contain only commits of the
 * source.
 *
 * Process managers and reactors continue at the same event in the copy. Read models are built from the first event when
 * the system is started. Snapshots are not copied. The event sourcer creates them again.
 *
 * @example
 * await using from = await openStore('bank.db', { readOnly: true });
 * await using to = await openStore('sqlite:copy.db');
 * const { commits } = await copyStore(from, to);
 *
 * @throws CopyError `other-contents` if the destination has other commits, `source-in-use` or `destination-in-use` if
 * the system runs, `copy-differs` if a commit of the copy is not the one of the source.
 * @throws StoreFailure if a store cannot be read or written.
 * @throws DefinitionError if an option is unknown.
 */
export async function copyStore(
  from: CopySource,
  to: CopyDestination,
  options: CopyStoreOptions = {},
): Promise<CopyResult> {
  checkOptionNames(options, NAMES, 'copyStore');
  const { processors = true, follow, signal } = options;
  if (to.processors !== undefined) await refuseRunning(to.processors, 'destination-in-use');
  if (processors && follow === undefined && from.processors !== undefined) {
    await refuseRunning(from.processors, 'source-in-use');
  }
  const copy = new Copy(from, to, options);
  await copy.resume();
  if (follow !== undefined) await copy.follow(follow);
  const streams = await copy.finish();
  const { commits, events } = copy.copied;
  if (processors) await copy.report('processors');
  const moved = processors ? await copyProcessors(from, to, signal) : undefined;
  return { commits, events, streams, added: copy.added, processors: moved };
}

class Copy {
  readonly #from: CopySource;
  readonly #to: CopyDestination;
  readonly #source: LogReader;
  readonly #copy: LogReader;
  readonly #options: CopyStoreOptions;
  readonly #turns = new Turns();
  /** The last commit of the destination. */
  copied: LogPlace = LOG_START;
  /** The last commit that was compared. */
  #compared: LogPlace = LOG_START;
  added = 0;

  constructor(from: CopySource, to: CopyDestination, options: CopyStoreOptions) {
    this.#from = from;
    this.#to = to;
    this.#source = new LogReader(from);
    this.#copy = new LogReader(to);
    this.#options = options;
  }

  async report(phase: CopyProgress['phase'], { commits, events }: LogPlace = this.copied): Promise<void> {
    this.#options.onProgress?.({ phase, commits, events });
    await this.#turns.next();
    this.#options.signal?.throwIfAborted();
  }

  /** Compares the commits that the destination already has. */
  async resume(): Promise<void> {
    await this.#compare('other-contents');
    this.copied = this.#compared;
  }

  /** Adds the commits that the destination does not have. The next page is read while one is added. */
  async #addRest(): Promise<void> {
    let next = this.#source.next(this.copied);
    for (;;) {
      const page = await next;
      if (page.length === 0) return;
      const place = placeAfter(this.copied, page);
      next = this.#source.next(place);
      next.catch(() => {}); // The promise is awaited in the next round, unless this page fails.
      await this.#to.importCommits(page);
      this.copied = place;
      this.added += page.length;
      await this.report('copying');
    }
  }

  /** Compares the visible commits of the destination. Returns whether it compared at least one commit. */
  async #compare(code: 'other-contents' | 'copy-differs'): Promise<boolean> {
    const before = this.#compared;
    for (;;) {
      const page = await this.#copy.next(this.#compared);
      if (page.length === 0) return this.#compared !== before;
      let place = this.#compared;
      for (let start = 0; start < page.length; ) {
        const original = await this.#source.next(place, page.length - start);
        const part = page.slice(start, start + Math.max(1, original.length));
        const different = differentCommit(original, part);
        if (different !== undefined) throw differs(code, different);
        place = placeAfter(place, part);
        start += part.length;
      }
      this.#compared = place;
      await this.report('comparing', place);
    }
  }

  /**
   * Compares all added commits. A store shows a commit to readers only when no earlier one can follow, so this may have
   * to wait for another transaction to end.
   */
  async #compareAdded(): Promise<void> {
    const { signal = new AbortController().signal } = this.#options;
    let pause = 10;
    while (this.#compared.commits < this.copied.commits) {
      if (await this.#compare('copy-differs')) continue;
      await sleepFor(systemClock, pause, signal);
      pause = Math.min(LONGEST_PAUSE, pause * 2);
    }
  }

  /** Adds and compares new commits of the source, until the signal is aborted. */
  async follow(until: AbortSignal): Promise<void> {
    const { signal } = this.#options;
    const ended = signal === undefined ? until : AbortSignal.any([until, signal]);
    while (!ended.aborted) {
      const last = await lastPosition(this.#from);
      await this.#addRest();
      await this.#compareAdded();
      await this.report('following');
      await this.#from.awaitEvents(last, ended).catch((error: unknown) => {
        if (!until.aborted) throw error;
      });
    }
    signal?.throwIfAborted();
  }

  /** Adds the rest until both stores have the same heads. Returns the number of streams. */
  async finish(): Promise<number> {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await this.#addRest();
      await this.#compareAdded();
      const [source, copy] = [
        await headsOf(this.#from, this.#options.signal),
        await headsOf(this.#to, this.#options.signal),
      ];
      if (sameHeads(source, copy)) return copy.streams;
      const rest = await this.#source.next(this.copied, 1);
      if (rest.length === 0) {
        throw new CopyError(
          'copy-differs',
          [],
          `the source has ${source.streams} streams, the copy has ${copy.streams}, and the ends of their chains differ, ` +
            'although all commits are equal; verify both stores',
        );
      }
    }
    throw new CopyError(
      'source-in-use',
      [],
      'programs write to the source faster than the copy can be compared; stop them, and copy again',
    );
  }
}

function differs(
  code: 'other-contents' | 'copy-differs',
  { stream, commandId, hasSameHash }: DifferentCommit,
): CopyError {
  const place = `the commit of command ${commandId} of stream ${JSON.stringify(stream)}`;
  if (hasSameHash) {
    const message = `${place} has the same hash in both stores but different contents; verify both stores`;
    return new CopyError('copy-differs', [stream, commandId], message);
  }
  const message =
    code === 'other-contents'
      ? `the destination has ${place}, but the source has a different one at the same place; copy into an empty store`
      : `${place} of the copy is not the commit of the source at the same place; stop other programs that write to the copy`;
  return new CopyError(code, [stream, commandId], message);
}
