/**
 * Fires the deadlines of processes when they are due.
 *
 * An event that was stored before may move or cancel a deadline. So a deadline waits until its process manager has
 * processed all of its events in the store, and the dispatcher has processed all reactions. Then the command of a
 * deadline that an earlier event has cancelled is never sent, even after a pause of days.
 */
import type { EventName } from '../messages.ts';
import { EventFailed, failureKind, retrying, stopReason } from './failure-policy.ts';
import { type HeldShare, unmovedFence } from './held-shares.ts';
import { parkedEvent } from './parked-events.ts';
import type { Processor } from './processor.ts';
import type { ParkedEvent, StopReason, StoredDeadline } from './processor-store.ts';
import type { RunnerParts } from './runner-parts.ts';
import { lowestCheckpoint } from './share-progress.ts';

/** The maximum number of deadlines that fire in one round. */
const DEADLINES_PER_ROUND = 100;

/** The state of the runner that deadlines depend on. */
export interface DueDeadlinesState {
  readonly held: ReadonlyMap<number, HeldShare>;
  readonly parkedKeys: Set<string>;
  readonly stopping: AbortSignal;
  /** Returns the position up to which the dispatcher has read its events. */
  lowest(): bigint | undefined;
  /** Reports that a store is unavailable. */
  onUnavailable(error: unknown): void;
}

/** Stored events that may move or cancel deadlines. */
interface UnreadEvents {
  /**
   * Resolves when the checkpoint of the process manager may have moved. It is absent if the dispatcher itself has
   * events to read.
   */
  readonly change?: Promise<void>;
}

export class DueDeadlines {
  readonly #parts: RunnerParts;
  readonly #deadlines: NonNullable<Processor['deadlines']>;
  readonly #state: DueDeadlinesState;
  /** The stored events for which due deadlines wait. */
  #waiting: UnreadEvents | undefined;

  constructor(parts: RunnerParts, deadlines: NonNullable<Processor['deadlines']>, state: DueDeadlinesState) {
    this.#parts = parts;
    this.#deadlines = deadlines;
    this.#state = state;
  }

  /** True if deadlines are due, and have to be checked again after the next page of events. */
  get isWaiting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Calls `alarm` when deadlines have to be checked again without a new event. */
  async setAlarm(alarm: () => void, signal: AbortSignal): Promise<void> {
    const { processors, processor, clock } = this.#parts;
    if (this.#waiting !== undefined) {
      // Without `change`, the next page of events causes the next check. If the wait fails, the next check reports the
      // failure of the store.
      this.#waiting.change?.then(alarm, alarm);
      return;
    }
    const [next] = await processors.listDeadlines(processor.subscription, { shares: this.#shares(), limit: 1 });
    if (next !== undefined) clock.sleepUntil(next.dueAt, signal).then(alarm, () => undefined);
  }

  /** Fires the due deadlines if all events that were stored before have been read. */
  async fire(): Promise<void> {
    const { processors, processor, clock, observer } = this.#parts;
    const { subscription } = processor;
    for (;;) {
      this.#waiting = undefined;
      const dueBefore = clock.now() + 1;
      const shares = this.#shares();
      const due = await processors.listDeadlines(subscription, { shares, dueBefore, limit: DEADLINES_PER_ROUND });
      if (due.length === 0 || this.#state.stopping.aborted) return;
      this.#waiting = await this.#unreadEvents();
      if (this.#waiting !== undefined) return;
      for (const deadline of due) {
        const held = this.#state.held.get(deadline.share);
        if (held === undefined) continue;
        const park = await this.#fire(deadline);
        const { stream, id } = deadline;
        await processors.commit({
          fences: [unmovedFence(subscription, held)],
          removeDeadlines: [{ subscription, stream, id }],
          park,
        });
        held.checkpoint ??= 0n;
        for (const event of park) observer.parked?.(processor, event);
      }
    }
  }

  #shares(): readonly number[] {
    return [...this.#state.held.keys()];
  }

  /**
   * Returns the events that the dispatcher or the process manager has not processed yet, or `undefined` if both have
   * processed all.
   */
  async #unreadEvents(): Promise<UnreadEvents | undefined> {
    const { processors, processor } = this.#parts;
    const { subscription, events } = this.#deadlines.source;
    if (await this.#isAfter(this.#state.lowest(), processor.events)) return {};
    const waitEnded = new AbortController();
    // The wait begins before the checkpoints are read, so that no change is missed.
    const change = processors.awaitChange(AbortSignal.any([waitEnded.signal, this.#state.stopping]));
    change.catch(() => undefined);
    if (await this.#isAfter(lowestCheckpoint(await processors.listShares(subscription)), events)) return { change };
    waitEnded.abort();
    // The process manager may have reacted between the two reads.
    return (await this.#isAfter(this.#state.lowest(), processor.events)) ? {} : undefined;
  }

  async #isAfter(afterPosition: bigint | undefined, events: readonly EventName[]): Promise<boolean> {
    const options = { direction: 'forward', categories: [], eventTypes: [], limit: 1 } as const;
    return (await this.#parts.store.readAll({ ...options, afterPosition, events })).length > 0;
  }

  /**
   * Sends the command of a deadline. If that fails, returns the event that set the deadline, so that it can be parked.
   */
  async #fire(deadline: StoredDeadline): Promise<readonly ParkedEvent[]> {
    const { clock, policy, processor } = this.#parts;
    const { parkedKeys, stopping, onUnavailable } = this.#state;
    const event = this.#deadlines.eventOf(deadline);
    const { position, stream: key } = event.context;
    const parked = (reason: StopReason | undefined): readonly ParkedEvent[] => {
      parkedKeys.add(key);
      return [parkedEvent(processor.subscription, deadline.share, key, event, reason, clock.now())];
    };
    if (parkedKeys.has(key)) return parked(undefined);
    try {
      await retrying(policy, clock, stopping, () => this.#deadlines.fire(deadline), onUnavailable);
      return [];
    } catch (error) {
      if (policy.finally !== 'park' || failureKind(error) === 'store' || stopping.aborted) {
        throw new EventFailed(position, error);
      }
      return parked(stopReason(error, position, clock.now()));
    }
  }
}
