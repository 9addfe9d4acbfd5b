/** The time during which a store is unavailable to a processor. */
import { lastPosition } from '../storage/read-events.ts';
import { backOff, stopReason } from './failure-policy.ts';
import type { StopReason } from './processor-store.ts';
import type { RunnerParts } from './runner-parts.ts';

export class Outage {
  readonly #parts: RunnerParts;
  #reason: StopReason | undefined;
  #failures = 0;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  /** The last failure, or `undefined` if the store responds. */
  get reason(): StopReason | undefined {
    return this.#reason;
  }

  /** Records a failure, and reports it to the observer. */
  note(error: unknown): void {
    const { observer, clock, processor } = this.#parts;
    this.#reason = stopReason(error, undefined, clock.now());
    observer.unavailable?.(processor, this.#reason);
  }

  /** Waits before the next attempt. An abort ends the wait. */
  async wait(signal: AbortSignal): Promise<void> {
    const { policy, clock } = this.#parts;
    await backOff(policy, clock, ++this.#failures, signal).catch(() => undefined);
  }

  /** Ends the outage if the store of the events responds. @throws StoreFailure if the store does not respond. */
  async check(): Promise<void> {
    if (this.#reason === undefined) return;
    await lastPosition(this.#parts.store);
    this.end();
  }

  end(): void {
    this.#reason = undefined;
    this.#failures = 0;
  }
}
