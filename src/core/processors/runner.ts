import type { RecordedEvent } from '../messages.ts';
import { DueDeadlines } from './due-deadlines.ts';
import { EventFailed, failureKind, isStaleHandle, isUnavailable, retrying, stopReason } from './failure-policy.ts';
import { advance, fencesOf, type HeldShare, hasReached, refresh, unmovedFence } from './held-shares.ts';
import { inLanes } from './lanes.ts';
import { Outage } from './outage.ts';
import { parkedByKey, parkedEvent } from './parked-events.ts';
import { replayParked } from './parked-replay.ts';
import type { Batch, Opened, Processor } from './processor.ts';
import { FencedError, type ParkedEvent, type Share, type StopReason } from './processor-store.ts';
import { IDLE_FLUSH, type Idle, type RunnerParts, type SharedItem, WAIT_ENDED } from './runner-parts.ts';
import { shareOf } from './shares.ts';
import { type SubscriptionPage, subscribe } from './subscription.ts';
import { endReason } from './versions.ts';

export class Runner {
  readonly processor: Processor;
  readonly shares: number;
  readonly #parts: RunnerParts;
  readonly #held = new Map<number, HeldShare>();
  readonly #parkedKeys = new Set<string>();
  readonly #stopping = new AbortController();
  /** The controller that is aborted to interrupt the wait for events. */
  #interruption = new AbortController();
  #refreshParked = true;
  /** Set if all events were read, but the stored checkpoints are lower, because all newer events are foreign. */
  #idle: Idle | undefined;
  /** True if a caller waits for the checkpoint, which is then written as soon as it can move. */
  #flushRequested = false;
  #failure: StopReason | undefined;
  readonly #outage: Outage;
  /** True if a commit was fenced off, so that shares may be lost. */
  #wasFenced = false;
  readonly #deadlines: DueDeadlines | undefined;
  readonly #failureListeners = new Set<() => void>();
  #running: Promise<void> | undefined;
  #processed = 0;
  /** True if deadlines were set after the alarm, which may then be too late. */
  #hasNewDeadlines = false;
  /** Resolves a wait for shares. */
  #sharesChanged: (() => void) | undefined;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#outage = new Outage(parts);
    this.processor = parts.processor;
    this.shares = parts.shares;
    const { deadlines } = parts.processor;
    if (deadlines === undefined) return;
    this.#deadlines = new DueDeadlines(parts, deadlines, {
      held: this.#held,
      parkedKeys: this.#parkedKeys,
      stopping: this.#stopping.signal,
      lowest: () => this.#lowest(),
      onUnavailable: (error) => this.#outage.note(error),
    });
  }

  /** The reason why the processor stopped, or `undefined` while it runs. */
  get failure(): StopReason | undefined {
    return this.#failure;
  }

  /** The failure of a store that is unavailable, or `undefined` if the processor does not wait for a store. */
  get outage(): StopReason | undefined {
    return this.#outage.reason;
  }

  /** The shares that this member holds. */
  get held(): readonly Pick<Share, 'share' | 'token'>[] {
    return [...this.#held.values()];
  }

  /** The number of events that this member has processed since it started. */
  get processedEvents(): number {
    return this.#processed;
  }

  /** Starts the loop, which ends when {@link stop} is called or the processor fails. */
  start(): void {
    this.#running ??= this.#run();
  }

  /** Calls `listener` when the processor stops because of a failure. Returns a function that removes the listener. */
  onFailure(listener: () => void): () => void {
    this.#failureListeners.add(listener);
    return () => this.#failureListeners.delete(listener);
  }

  /** Starts the loop again after a failure whose cause was removed. */
  resume(): void {
    if (this.#failure === undefined || this.#stopping.signal.aborted) return;
    this.#failure = undefined;
    this.#idle = undefined;
    this.#running = this.#run();
  }

  /**
   * Ends the loop if the subscription no longer exists or was rebuilt with different code, and returns whether the loop
   * has ended.
   */
  async endIfRemoved(): Promise<boolean> {
    const { processors, processor, clock, acceptsChanges = false } = this.#parts;
    if (this.#failure !== undefined) return true;
    const reason = await endReason(processors, processor, acceptsChanges, clock.now());
    if (reason === undefined) return false;
    this.#stopped(reason);
    return true;
  }

  /** Adds a share that was claimed. */
  addShare({ share, token, checkpoint }: Share): void {
    this.#held.set(share, { share, token, checkpoint });
    this.#idle = undefined;
    this.#refreshParked = true;
    this.#interrupt();
  }

  /** Stops working on shares. The commit of a page that is being processed will be refused. */
  removeShares(shares: readonly number[]): void {
    let removed = false;
    for (const share of shares) removed = this.#held.delete(share) || removed;
    if (!removed) return;
    this.processor.sharesLost?.();
    this.#interrupt();
  }

  /** Reads the parked keys again, because a retry or drop may have been requested. */
  refresh(): void {
    this.#refreshParked = true;
    this.#interrupt();
  }

  /** Writes a checkpoint that has only moved past foreign events. */
  flush(): void {
    this.#flushRequested = true;
    if (this.#idle === undefined || this.#idle.flushAt === 0) return;
    this.#idle = { ...this.#idle, flushAt: 0 };
    this.#interrupt();
  }

  /** Finishes the page that is being processed, writes the checkpoint and ends. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#interrupt();
    await this.#running;
  }

  #interrupt(): void {
    this.#interruption.abort(WAIT_ENDED);
    this.#sharesChanged?.();
  }

  async #run(): Promise<void> {
    const { clock } = this.#parts;
    try {
      while (!this.#stopping.signal.aborted && this.#failure === undefined) {
        this.#interruption = new AbortController();
        if (this.#held.size === 0) {
          await this.#awaitShares();
          continue;
        }
        await this.#guarded(async () => {
          if (this.#wasFenced) await this.#dropLostShares();
          if (this.#refreshParked) await this.#retryParked();
          await this.#outage.check();
          await this.#deadlines?.fire();
          if (this.#idle !== undefined && clock.now() >= this.#idle.flushAt) await this.#writeIdleCheckpoint();
          await this.#readOn();
        });
      }
      await this.#guarded(() => this.#writeIdleCheckpoint());
    } catch (error) {
      await this.#fail(error);
    }
  }

  /**
   * Runs work that may fail. If a commit was fenced off, shares were lost, and the loop continues with the remaining
   * ones. If a store is unavailable, the loop continues after a delay.
   */
  async #guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof FencedError) {
        this.#idle = undefined;
        this.#wasFenced = true;
        return;
      }
      if (this.#stopping.signal.aborted || !isUnavailable(error)) throw error;
      this.#outage.note(error);
      // The parked keys may have changed in the meantime.
      this.#refreshParked = true;
      await this.#outage.wait(this.#stopping.signal);
    }
  }

  async #dropLostShares(): Promise<void> {
    const stored = await this.#parts.processors.listShares(this.processor.subscription);
    this.#wasFenced = false;
    const lost = [...this.#held.values()].filter(({ share, token }) => stored[share]?.token !== token);
    this.removeShares(lost.map(({ share }) => share));
    // If another writer has moved a checkpoint, cached values are stale.
    if (refresh(this.#held.values(), stored)) this.processor.sharesLost?.();
    await this.endIfRemoved();
  }

  async #awaitShares(): Promise<void> {
    if (this.#stopping.signal.aborted || this.#failure !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#sharesChanged = resolve;
    await promise;
    this.#sharesChanged = undefined;
  }

  /** Reads pages until the reading is interrupted. */
  async #readOn(): Promise<void> {
    const { store, processor } = this.#parts;
    const { events, pageSize } = processor;
    const interruption = this.#interruption;
    const { signal } = interruption;
    const alarm = await this.#setAlarm(interruption);
    try {
      const pages = subscribe(store, { after: this.#lowest(), events, pageSize, signal });
      for await (const page of pages) {
        if (this.#parts.readsShares) await this.#dropLostShares();
        // If a share was added while the page or the shares were read, its earlier events have not been read yet.
        if (signal.aborted) return;
        await this.#process(page);
        if (signal.aborted || this.#held.size === 0 || this.#hasNewDeadlines || this.#deadlines?.isWaiting) return;
        if (page.position === page.head && this.#idle !== undefined) return;
      }
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) throw error;
    } finally {
      alarm.abort(WAIT_ENDED);
    }
  }

  /** Interrupts the reading when a deadline is due or an idle checkpoint has to be written. */
  async #setAlarm(interruption: AbortController): Promise<AbortController> {
    const alarm = new AbortController();
    const interrupt = (): void => interruption.abort(WAIT_ENDED);
    this.#hasNewDeadlines = false;
    if (this.#idle !== undefined) {
      this.#parts.clock.sleepUntil(this.#idle.flushAt, alarm.signal).then(interrupt, () => undefined);
    }
    await this.#deadlines?.setAlarm(interrupt, alarm.signal);
    return alarm;
  }

  /** Returns the lowest checkpoint of the shares. Foreign events that were read before are not read again. */
  #lowest(): bigint | undefined {
    if (this.#idle !== undefined) return this.#idle.position;
    let lowest: bigint | undefined;
    for (const { checkpoint } of this.#held.values()) {
      if (checkpoint === undefined) return undefined;
      if (lowest === undefined || checkpoint < lowest) lowest = checkpoint;
    }
    return lowest;
  }

  async #process({ events, position, head }: SubscriptionPage): Promise<void> {
    const { processors, observer, clock } = this.#parts;
    // Shares may be added while the page is processed. They get no event of the page, so their checkpoints stay.
    const held = [...this.#held.values()];
    const items = this.#itemsOf(events);
    if (items.length === 0) {
      if (hasReached(held, position)) return;
      const flushAt = this.#flushRequested ? 0 : (this.#idle?.flushAt ?? clock.now() + IDLE_FLUSH);
      this.#idle = { position, flushAt };
      return;
    }
    const commitFailures = new Map<bigint, unknown>();
    let { batch, park, failed } = await this.#apply(items, commitFailures);
    let checkpoint: bigint;
    for (;;) {
      checkpoint = failed === undefined ? position : failed.position - 1n;
      try {
        const commit = { ...batch.changes(), fences: fencesOf(this.processor.subscription, held, checkpoint), park };
        this.#hasNewDeadlines = (commit.setDeadlines?.length ?? 0) > 0;
        await this.#retrying(() => processors.commit(commit));
        break;
      } catch (error) {
        // If an event made the commit fail, the page is processed again. The event then fails, and the policy is
        // applied. The page is also processed again if its folded states have become stale before they were encoded.
        const failedAt = batch.failedItem?.(error)?.event.context.position;
        if (!isStaleHandle(error) && (failedAt === undefined || commitFailures.has(failedAt))) throw error;
        if (failedAt !== undefined) commitFailures.set(failedAt, error);
        for (const { key, reason } of park) if (reason !== undefined) this.#parkedKeys.delete(key);
        ({ batch, park, failed } = await this.#apply(items, commitFailures));
      }
    }
    batch.committed?.();
    advance(held, checkpoint);
    this.#idle = undefined;
    this.#processed += items.length;
    for (const event of park) observer.parked?.(this.processor, event);
    observer.processed?.(this.processor, items.length, checkpoint, head);
    if (failed !== undefined) throw failed;
  }

  /** Returns the unprocessed events of the page that concern the processor and belong to a share that is held. */
  #itemsOf(events: readonly RecordedEvent[]): readonly SharedItem[] {
    const { processor, shares } = this.#parts;
    const items: SharedItem[] = [];
    for (const event of events) {
      let opened: Opened | undefined;
      let failure: { readonly unreadable: unknown } | undefined;
      try {
        opened = processor.open(event);
      } catch (error) {
        // The key is unknown, so the name of the stream is used.
        opened = { key: event.context.stream };
        failure = { unreadable: error };
      }
      if (opened === undefined) continue;
      const { key, message } = opened;
      const share = shareOf(key, shares);
      const held = this.#held.get(share);
      if (held === undefined) continue;
      if (held.checkpoint !== undefined && event.context.position <= held.checkpoint) continue;
      items.push(failure === undefined ? { event, key, share, message } : { event, key, share, ...failure });
    }
    return items;
  }

  async #apply(
    items: readonly SharedItem[],
    commitFailures: ReadonlyMap<bigint, unknown>,
  ): Promise<{ batch: Batch; park: readonly ParkedEvent[]; failed: EventFailed | undefined }> {
    const { processor, policy, clock } = this.#parts;
    const { signal } = this.#stopping;
    const batch = processor.batch(signal);
    const park: ParkedEvent[] = [];
    await batch.load?.(items.map(({ key }) => key));
    let failed: EventFailed | undefined;
    const parking = ({ event, key, share }: SharedItem, reason: StopReason | undefined): void => {
      this.#parkedKeys.add(key);
      park.push(parkedEvent(processor.subscription, share, key, event, reason, clock.now()));
    };
    const again = async (item: SharedItem, first: unknown): Promise<void> => {
      const failure = await this.#again(batch, item, first);
      if (failure === undefined) return;
      const { error } = failure;
      const { position } = item.event.context;
      if (policy.finally === 'park' && failureKind(error) !== 'store' && !signal.aborted) {
        parking(item, stopReason(error, position, clock.now()));
      } else if (failed === undefined || position < failed.position) {
        failed = new EventFailed(position, error);
      }
    };
    // An event is applied synchronously if possible, because a promise for each is a tenth of the time of a document.
    const one = (item: SharedItem): void | Promise<void> => {
      if (this.#parkedKeys.has(item.key)) return parking(item, undefined);
      try {
        if ('unreadable' in item) throw item.unreadable;
        if (commitFailures.size > 0 && commitFailures.has(item.event.context.position))
          throw commitFailures.get(item.event.context.position);
        return batch.apply(item, item.share)?.catch((error: unknown) => again(item, error));
      } catch (error) {
        return again(item, error);
      }
    };
    if (processor.concurrency === 1) {
      for (const item of items) {
        const done = one(item);
        if (done !== undefined) await done;
        if (failed !== undefined) break;
      }
    } else {
      await inLanes(items, processor.concurrency, one, () => failed !== undefined);
    }
    return { batch, park, failed };
  }

  /**
   * Retries an event according to the policy. Returns the last error, or `undefined` if a retry succeeded. The error is
   * in an object, because a handler can also throw `undefined`.
   */
  async #again(batch: Batch, item: SharedItem, first: unknown): Promise<{ readonly error: unknown } | undefined> {
    let failures = 0;
    try {
      await this.#retrying(() => {
        if (failures++ === 0) throw first;
        return batch.apply(item, item.share);
      });
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  async #retrying<Result>(attempt: () => Result | Promise<Result>): Promise<Result> {
    const { policy, clock } = this.#parts;
    const result = await retrying(policy, clock, this.#stopping.signal, attempt, (error) => this.#outage.note(error));
    this.#outage.end();
    return result;
  }

  async #writeIdleCheckpoint(): Promise<void> {
    const idle = this.#idle;
    this.#idle = undefined;
    this.#flushRequested = false;
    if (idle === undefined || this.#held.size === 0) return;
    const held = [...this.#held.values()];
    await this.#parts.processors.commit({ fences: fencesOf(this.processor.subscription, held, idle.position) });
    advance(held, idle.position);
    this.#parts.observer.processed?.(this.processor, 0, idle.position, idle.position);
  }

  /** Reads the parked keys, and retries those with a request to retry, or whose failed event was dropped. */
  async #retryParked(): Promise<void> {
    const { processors, processor } = this.#parts;
    this.#refreshParked = false;
    this.#parkedKeys.clear();
    for (const [key, events] of await parkedByKey(processors, processor.subscription)) {
      this.#parkedKeys.add(key);
      const [first] = events;
      if (first === undefined || !this.#held.has(first.share)) continue;
      const isRequested = events.some(({ requested }) => requested === 'retry');
      if (isRequested || first.reason === undefined) await this.#retryKey(key, events);
    }
  }

  /** Processes the parked events of a key in order, up to the first one that fails again. */
  async #retryKey(key: string, events: readonly ParkedEvent[]): Promise<void> {
    const { processors, processor, clock, observer, shares } = this.#parts;
    const held = this.#held.get(events[0]!.share);
    if (held === undefined) return;
    const { subscription } = processor;
    const { signal } = this.#stopping;
    const fences = [unmovedFence(subscription, held)];
    const commitFailures = new Map<bigint, unknown>();
    for (;;) {
      const replay = { processor, shares, signal, now: clock.now() };
      const { batch, unpark, park, moved } = await replayParked(replay, key, events, commitFailures);
      try {
        await processors.commit({ ...batch.changes(), fences, unpark, park: [...park, ...moved] });
      } catch (error) {
        const failedAt = batch.failedItem?.(error)?.event.context.position;
        if (!isStaleHandle(error) && (failedAt === undefined || commitFailures.has(failedAt))) throw error;
        if (failedAt !== undefined) commitFailures.set(failedAt, error);
        continue;
      }
      held.checkpoint ??= 0n;
      batch.committed?.();
      this.#processed += unpark.length - moved.length;
      for (const event of park) observer.parked?.(processor, event);
      if (park.length === 0) this.#parkedKeys.delete(key);
      if (moved.length > 0) this.refresh();
      return;
    }
  }

  async #fail(error: unknown): Promise<void> {
    const { clock } = this.#parts;
    const [cause, position] = error instanceof EventFailed ? [error.cause, error.position] : [error, undefined];
    const reason = stopReason(cause, position, clock.now());
    // The reason is stored first, so that a waiting caller that gets the failure finds it in the status too.
    if (!this.#stopping.signal.aborted) await this.#recordStop(reason);
    this.#stopped(reason);
  }

  async #recordStop(reason: StopReason): Promise<void> {
    try {
      await this.#parts.processors.setStopped(this.processor.subscription, reason);
    } catch {
      // The store may be the cause of the failure. This process keeps the reason in memory.
    }
  }

  #stopped(reason: StopReason): void {
    this.#failure = reason;
    this.#interrupt();
    if (!this.#stopping.signal.aborted) this.#parts.observer.stopped?.(this.processor, reason);
    for (const listener of this.#failureListeners) listener();
  }
}
