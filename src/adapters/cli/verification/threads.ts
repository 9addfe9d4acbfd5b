/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Distributes the streams of a store among threads. A thread gets the next streams when it is free, and another one
 * searches for damage in the meantime. The result is that of one thread, which searches for damage first and then
 * verifies the streams in the order of the store: streams are handed out in this order, and a difference is returned
 * when all streams before it are verified.
 */
import type { Difference } from '../../../core/verification/difference.ts';
import { NOTHING, sumOf, type VerificationProgress } from '../../../core/verification/extent.ts';
import type { PlannedStream } from '../../../core/verification/planned-streams.ts';
import { type ShownDifference, shown, type Task, type ThreadOptions } from './tasks.ts';
import { type Ended, ThreadHandle } from './thread-handle.ts';

/** The number of events after which a task gets no more streams. Verifying them takes about a tenth of a second. */
const TASK_EVENTS = 10_000n;
/** The maximum number of streams in one task. */
const TASK_STREAMS = 100;
/** The number of tasks that a thread has, so that it can start the second one without waiting. */
const TASKS_OF_THREAD = 2;

/** The part of a verification that is done. */
export interface Verified {
  /** The extent of the streams before the first one that is not verified. */
  readonly extent: VerificationProgress;
  /** True if the search for damage has ended and found nothing. */
  readonly isSearched: boolean;
}

/** The result of a verification in threads. */
export interface Result extends Verified {
  readonly difference: ShownDifference | undefined;
}

/** The observer of a verification in threads. */
export interface ThreadsObserver {
  /**
   * Called when a thread reports progress.
   * @param total the extent of all verified streams, in the order in which they are done.
   */
  onProgress(verified: Verified, total: VerificationProgress): void;
}

/** A task, or adjacent tasks that are done. */
interface Slot {
  extent: VerificationProgress;
  ended: Ended | undefined;
}

export class Threads implements AsyncDisposable {
  readonly #options: ThreadOptions;
  readonly #count: number;
  readonly #observer: ThreadsObserver;
  readonly #threads: ThreadHandle[] = [];
  #extent: VerificationProgress = NOTHING;
  /** The search for damage, or `undefined` if it is done or not needed. */
  #search: Slot | undefined;
  /** The thread that searches for damage. */
  #searching: ThreadHandle | undefined;
  /** The tasks that are not added to the extent, in the order of their streams. */
  #slots: Slot[] = [];
  #isPlanned = false;
  #changed = Promise.withResolvers<void>();

  /**
   * Starts threads, which load the system while the caller prepares the verification.
   * @param count the maximum number of threads.
   */
  constructor(options: ThreadOptions, count: number, observer: ThreadsObserver) {
    this.#options = options;
    this.#count = count;
    this.#observer = observer;
    // The first thread searches for damage, and the second one verifies streams. Small stores need no more.
    for (let index = 0; index < Math.min(count, 2); index++) this.#start();
  }

  /**
   * Verifies streams.
   * @param done the part that is done already.
   */
  async run(
    streams: AsyncGenerator<PlannedStream, Difference | undefined>,
    done: Verified,
    signal: AbortSignal,
  ): Promise<Result> {
    this.#extent = done.extent;
    if (!done.isSearched) {
      this.#search = { extent: NOTHING, ended: undefined };
      this.#searching = this.#threads[0]!;
      this.#add({ tag: 'damage' }, this.#search, this.#searching);
    }
    const onAbort = Promise.withResolvers<never>();
    const abort = (): void => onAbort.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      signal.throwIfAborted();
      return await Promise.race([this.#result(this.#plan(streams)), onAbort.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.end()));
  }

  /** Hands out the streams. A difference in the plan itself is known only after all streams. */
  async #plan(streams: AsyncGenerator<PlannedStream, Difference | undefined>): Promise<void> {
    const tasks = tasksOf(streams);
    try {
      for (;;) {
        const thread = await this.#freeThread();
        if (thread === undefined) return;
        const next = await tasks.next();
        if (next.done === true) {
          const ended = { extent: NOTHING, difference: next.value && shown(next.value) };
          this.#slots.push({ extent: NOTHING, ended });
          return;
        }
        const slot: Slot = { extent: NOTHING, ended: undefined };
        this.#slots.push(slot);
        this.#add({ tag: 'streams', streams: next.value }, slot, thread);
      }
    } catch (error) {
      this.#slots.push({ extent: NOTHING, ended: { error } });
    } finally {
      await tasks.return(undefined);
      this.#isPlanned = true;
      this.#change();
    }
  }

  /**
   * Waits for a thread that can get a task. Returns undefined if a difference or an error makes more tasks needless.
   */
  async #freeThread(): Promise<ThreadHandle | undefined> {
    for (;;) {
      if ([this.#search, ...this.#slots].some((slot) => isLast(slot?.ended))) return undefined;
      const free = this.#threads
        .filter((thread) => thread !== this.#searching && thread.load < TASKS_OF_THREAD)
        .sort((one, other) => one.load - other.load)[0];
      if (free?.load === 0) return free;
      if (this.#threads.length < this.#count) return this.#start();
      if (free !== undefined) return free;
      await this.#changed.promise;
    }
  }

  #start(): ThreadHandle {
    const thread = new ThreadHandle(this.#options);
    this.#threads.push(thread);
    return thread;
  }

  #add(task: Task, slot: Slot, thread: ThreadHandle): void {
    thread.add(task, {
      onProgress: (extent) => {
        slot.extent = extent;
        this.#change();
      },
      onEnd: (ended) => {
        slot.ended = ended;
        if ('extent' in ended) slot.extent = ended.extent;
        if (slot === this.#search) {
          this.#searching = undefined;
          if (!isLast(ended)) this.#search = undefined;
        }
        this.#change();
      },
    });
  }

  #change(): void {
    this.#compact();
    this.#observer.onProgress(this.#verified(), this.#total());
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Merges adjacent tasks that are done. Only few slots remain, even while one thread verifies a long stream. */
  #compact(): void {
    const slots: Slot[] = [];
    for (const slot of this.#slots) {
      const before = slots.at(-1);
      if (!isEqual(slot.ended)) slots.push(slot);
      else if (before === undefined) this.#extent = sumOf(this.#extent, slot.extent);
      else if (isEqual(before.ended)) before.extent = sumOf(before.extent, slot.extent);
      else slots.push(slot);
    }
    this.#slots = slots;
  }

  async #result(planned: Promise<void>): Promise<Result> {
    for (;;) {
      const changed = this.#changed.promise;
      const first = this.#search ?? this.#slots[0];
      if (isLast(first?.ended)) {
        if ('error' in first.ended) throw first.ended.error;
        // With damage, one thread would not have begun with the streams.
        const verified = this.#search === undefined ? this.#verified() : { extent: NOTHING, isSearched: false };
        return { ...verified, difference: first.ended.difference };
      }
      if (first === undefined && this.#isPlanned) {
        await planned;
        return { ...this.#verified(), difference: undefined };
      }
      await changed;
    }
  }

  #verified(): Verified {
    const [first] = this.#slots;
    const extent = first === undefined ? this.#extent : sumOf(this.#extent, first.extent);
    return { extent, isSearched: this.#search === undefined };
  }

  #total(): VerificationProgress {
    return this.#slots.reduce((sum, { extent }) => sumOf(sum, extent), this.#extent);
  }
}

/** Returns whether a task found a difference or failed, so that the following tasks are not needed. */
function isLast(ended: Ended | undefined): ended is Ended {
  return ended !== undefined && !isEqual(ended);
}

function isEqual(ended: Ended | undefined): boolean {
  return ended !== undefined && 'extent' in ended && ended.difference === undefined;
}

/** Groups streams for one task. */
async function* tasksOf(
  streams: AsyncGenerator<PlannedStream, Difference | undefined>,
): AsyncGenerator<readonly PlannedStream[], Difference | undefined> {
  let task: PlannedStream[] = [];
  let events = 0n;
  try {
    for (;;) {
      let next: IteratorResult<PlannedStream, Difference | undefined>;
      try {
        next = await streams.next();
      } catch (error) {
        // The streams before the failure are verified first.
        if (task.length > 0) yield task;
        throw error;
      }
      if (next.done === true) {
        if (task.length > 0) yield task;
        return next.value;
      }
      task.push(next.value);
      events += (next.value.head?.revision ?? 0n) + 1n;
      if (events < TASK_EVENTS && task.length < TASK_STREAMS) continue;
      yield task;
      task = [];
      events = 0n;
    }
  } finally {
    await streams.return(undefined);
  }
}
