/** The parts of a runner, and the hooks of its observer. */
import type { EventStore } from '../event-store.ts';
import type { Clock } from './clock.ts';
import type { CompletePolicy } from './failure-policy.ts';
import type { Processor } from './processor.ts';
import type { ParkedEvent, ProcessorStore, StopReason } from './processor-store.ts';

/** The parts that a runner needs. */
export interface RunnerParts {
  readonly store: EventStore;
  readonly processors: ProcessorStore;
  readonly processor: Processor;
  readonly shares: number;
  readonly policy: CompletePolicy;
  readonly clock: Clock;
  readonly observer: RunnerObserver;
}

/** Hooks for logs and telemetry. */
export interface RunnerObserver {
  /** A page was committed. `events` are those that this member processed. */
  processed?(processor: Processor, events: number, position: bigint, head: bigint): void;
  /** An event was parked. */
  parked?(processor: Processor, event: ParkedEvent): void;
  /** The processor stopped. */
  stopped?(processor: Processor, reason: StopReason): void;
}
