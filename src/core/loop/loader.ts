/** Loads a state from the snapshot, if it exists, and from the later events, page by page. */
import type { EventStore } from '../event-store.ts';
import { DEFAULT_READ_LIMIT } from '../limits.ts';
import type { BoundModule } from './bound-module.ts';
import { type Cancellation, readStore } from './cancellation.ts';
import { moduleFailure, refused } from './failures.ts';
import { foldRecorded } from './fold.ts';
import { LiveState } from './live-state.ts';
import type { StateSnapshots } from './state-snapshots.ts';
import { checkPage } from './store-answers.ts';

/** Returns the state before any event. @throws CommandFailure `fault` or `trap`. */
export function initialState(module: BoundModule, stream: string): LiveState {
  try {
    return new LiveState(module, stream, module.decider.initialState(), undefined);
  } catch (error) {
    throw moduleFailure(error, `module ${module.name} making its initial state`, [['module', module.name]]);
  }
}

export class Loader {
  readonly #store: EventStore;
  readonly #snapshots: StateSnapshots;
  readonly #replayLimit: number;

  constructor(store: EventStore, snapshots: StateSnapshots, replayLimit: number) {
    this.#store = store;
    this.#snapshots = snapshots;
    this.#replayLimit = replayLimit;
  }

  /**
   * Loads the state of a stream from the store, at a revision or at the newest one. The caller must release it.
   *
   * @throws CommandFailure `fault`, `trap`, `replay-limit`, `store`, `closed`, `cancelled` or `deadline-exceeded`.
   */
  async load(
    module: BoundModule,
    stream: string,
    until: bigint | undefined,
    cancellation: Cancellation | undefined,
  ): Promise<LiveState> {
    const live = (await this.#snapshots.load(module, stream, until, cancellation)) ?? initialState(module, stream);
    return this.catchUp(live, until, cancellation);
  }

  /**
   * Loads the state for a reader. If a snapshot is newer than its stream, the precondition of an append fails. A reader
   * does not append, so this method checks that the stream has the snapshot's last event.
   *
   * @throws CommandFailure as {@link load}.
   */
  async loadToRead(
    module: BoundModule,
    stream: string,
    until: bigint | undefined,
    cancellation: Cancellation | undefined,
  ): Promise<LiveState> {
    const live = await this.load(module, stream, until, cancellation);
    const { revision, snapshotRevision } = live;
    // Events were folded after the snapshot, or the state was loaded without a snapshot.
    if (snapshotRevision === undefined || snapshotRevision !== revision) return live;
    let last: bigint | undefined;
    try {
      last = await this.lastRevision(stream, cancellation);
    } catch (error) {
      live.release();
      throw error;
    }
    if (last !== undefined && last >= snapshotRevision) return live;
    live.release();
    const reason = new RangeError(`the snapshot is of revision ${snapshotRevision}, which the stream does not have`);
    await this.#snapshots.drop(module, stream, snapshotRevision, reason);
    return this.catchUp(initialState(module, stream), until, cancellation);
  }

  /**
   * Folds the events after the state's revision. The method owns the state until it returns, and releases it if it
   * fails.
   *
   * @throws CommandFailure as {@link load}.
   */
  async catchUp(
    live: LiveState,
    until: bigint | undefined,
    cancellation: Cancellation | undefined,
  ): Promise<LiveState> {
    try {
      let allowed = this.#replayLimit;
      for (;;) {
        const next = live.revision === undefined ? 0n : live.revision + 1n;
        // The limit is one more than the events that may be folded, to distinguish a stream that ends there from a
        // longer one.
        let limit = Math.min(DEFAULT_READ_LIMIT, allowed + 1);
        if (until !== undefined && until - next < BigInt(limit)) limit = Number(until - next) + 1;
        if (limit < 1) break;
        const page = await readStore(
          () => this.#store.readStream(live.stream, { direction: 'forward', fromRevision: next, limit }),
          cancellation,
        );
        checkPage(live.stream, page, next, limit);
        if (page.length > allowed) throw this.#tooLong(live.stream);
        foldRecorded(live, page);
        if (page.length < limit) break;
        allowed -= page.length;
      }
      live.isOutdated = false;
      return live;
    } catch (error) {
      live.release();
      throw error;
    }
  }

  /**
   * Returns the last revision of a stream.
   *
   * @throws CommandFailure `store`, `closed`, `cancelled` or `deadline-exceeded`.
   */
  async lastRevision(stream: string, cancellation: Cancellation | undefined): Promise<bigint | undefined> {
    const last = await readStore(
      () => this.#store.readStream(stream, { direction: 'backward', limit: 1 }),
      cancellation,
    );
    return last[0]?.context.revision;
  }

  #tooLong(stream: string): Error {
    return refused(
      'replay-limit',
      stream,
      `stream ${JSON.stringify(stream)} has more than the ${this.#replayLimit} events that a command may replay; set a ` +
        'snapshot policy for its commands, or raise `replayLimit`',
    );
  }
}
