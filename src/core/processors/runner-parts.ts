/** The types of a runner's parts, and of the values that it keeps between pages. */
import type { EventStore } from '../event-store.ts';
import type { Clock } from './clock.ts';
import type { CompletePolicy } from './failure-policy.ts';
import type { RunnerObserver } from './observer.ts';
import type { Item, Processor } from './processor.ts';
import type { ProcessorStore } from './processor-store.ts';

/** The delay in milliseconds before the write of a checkpoint that only moved past foreign events. */
export const IDLE_FLUSH = 100;

/**
 * The reason for the aborts that end a runner's wait. The default reason is a new `DOMException` with a stack, which
 * takes longer than the rest of the abort.
 */
export const WAIT_ENDED: Error = new Error('the wait has ended');

/** The parts that a runner needs. */
export interface RunnerParts {
  readonly store: EventStore;
  readonly processors: ProcessorStore;
  readonly processor: Processor;
  readonly shares: number;
  readonly policy: CompletePolicy;
  readonly clock: Clock;
  readonly observer: RunnerObserver;
  /**
   * Reads the shares before each page. Another member may have claimed them, and its effects must not be repeated. An
   * append may also have moved the checkpoints of an inline read model.
   * @default false
   */
  readonly readsShares?: boolean | undefined;
  /**
   * Allows the stored definition to differ from that of the processor.
   * @default false
   */
  readonly acceptsChanges?: boolean | undefined;
}

/** An event that concerns a processor, with the share of its key. */
export interface SharedItem extends Item {
  readonly share: number;
  /** The reason why the event could not be read. */
  readonly unreadable?: unknown;
}

/**
 * The state in which all events were read, but the stored checkpoints are lower, because all newer events are foreign.
 */
export interface Idle {
  readonly position: bigint;
  /** The time at which the checkpoints have to be written. */
  readonly flushAt: number;
}
