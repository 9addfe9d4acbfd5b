/** Reads states by folding a stream up to a revision, without a decision. */
import { type CommandFailure, isCommandFailure } from '../errors.ts';
import type { BoundModule } from './bound-module.ts';
import { Cancellation } from './cancellation.ts';
import { invalidArgument, moduleFailure } from './failures.ts';
import type { LiveState } from './live-state.ts';
import type { Loader } from './loader.ts';
import type { StateCache } from './state-cache.ts';
import type { StreamQueue } from './stream-queue.ts';

/** Makes a result from a state. The function must not keep the handle. */
export type ReadState<Result> = (live: LiveState) => Result;

export class StateReader {
  readonly #loader: Loader;
  readonly #cache: StateCache;
  readonly #queue: StreamQueue;

  constructor(loader: Loader, cache: StateCache, queue: StreamQueue) {
    this.#loader = loader;
    this.#cache = cache;
    this.#queue = queue;
  }

  /**
   * Reads the newest state. The read waits for earlier commands to the stream, so that their senders can read their
   * effects.
   *
   * @throws CommandFailure `fault`, `trap`, `replay-limit`, `store`, `closed` or `cancelled`.
   */
  async newest<Result>(
    module: BoundModule,
    stream: string,
    signal: AbortSignal | undefined,
    read: ReadState<Result>,
  ): Promise<Result> {
    const cancellation = cancellationOf(signal, stream);
    let hasTurn = false;
    try {
      const ticket = this.#queue.enter(stream);
      if (ticket !== undefined) await this.#queue.wait(ticket, cancellation);
      hasTurn = true;
      for (let retries = 0; ; retries++) {
        const { generation } = module;
        const cached = this.#cache.take(module, stream);
        try {
          const live = await (cached === undefined
            ? this.#loader.loadToRead(module, stream, undefined, cancellation)
            : this.#loader.catchUp(cached, undefined, cancellation));
          return this.#keep(live, read);
        } catch (error) {
          if (!isModuleFailure(error)) throw error;
          // The cached state may be stale, or its instance has ended, so the state is loaded from the store.
          const again = cached !== undefined || generation !== module.generation;
          module.noteFailure(error.cause);
          if (!again || retries > 1) throw error;
        }
      }
    } finally {
      cancellation?.end();
      if (hasTurn) this.#queue.leave(stream);
    }
  }

  /**
   * Reads the state at exactly this revision. The state is folded from the store, because a cached state may have
   * another revision.
   *
   * @throws CommandFailure as {@link newest}, and `invalid-argument` if the stream does not reach the revision.
   */
  async at<Result>(
    module: BoundModule,
    stream: string,
    revision: bigint,
    signal: AbortSignal | undefined,
    read: ReadState<Result>,
  ): Promise<Result> {
    const cancellation = cancellationOf(signal, stream);
    try {
      const live = await this.#loader.loadToRead(module, stream, revision, cancellation);
      try {
        if (live.revision !== revision) throw tooShort(stream, revision, live.revision);
        return readFrom(live, read);
      } finally {
        live.release();
      }
    } finally {
      cancellation?.end();
    }
  }

  #keep<Result>(live: LiveState, read: ReadState<Result>): Result {
    let result: Result;
    try {
      result = readFrom(live, read);
    } catch (error) {
      live.release();
      throw error;
    }
    this.#cache.put(live);
    return result;
  }
}

function isModuleFailure(error: unknown): error is CommandFailure {
  return isCommandFailure(error, 'fault') || isCommandFailure(error, 'trap') || isCommandFailure(error, 'replay-limit');
}

function cancellationOf(signal: AbortSignal | undefined, stream: string): Cancellation | undefined {
  if (signal === undefined) return undefined;
  const cancellation = new Cancellation(signal, undefined, `reading the state of ${JSON.stringify(stream)}`);
  cancellation.check();
  return cancellation;
}

function readFrom<Result>(live: LiveState, read: ReadState<Result>): Result {
  try {
    return read(live);
  } catch (error) {
    throw moduleFailure(
      error,
      `module ${live.module.name} encoding its state of stream ${JSON.stringify(live.stream)}`,
      [
        ['module', live.module.name],
        ['stream', live.stream],
      ],
    );
  }
}

function tooShort(stream: string, revision: bigint, last: bigint | undefined): Error {
  const end = last === undefined ? 'has no events' : `ends at revision ${last}`;
  return invalidArgument('options.revision', `is ${revision}, but stream ${JSON.stringify(stream)} ${end}`);
}
