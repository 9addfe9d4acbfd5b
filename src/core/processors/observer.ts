/** The observer of processors, for logs and telemetry. The hooks of the event sourcer are in `loop/observer.ts`. */
import type { Processor } from './processor.ts';
import type { ParkedEvent, StopReason } from './processor-store.ts';

/** Hooks of the processors, for logs and telemetry. */
export interface RunnerObserver {
  /** A page was committed. `events` is the number of events that this member processed. */
  processed?(processor: Processor, events: number, position: bigint, head: bigint): void;
  /** An event was parked. */
  parked?(processor: Processor, event: ParkedEvent): void;
  /** A store is unavailable. The processor waits, and tries again. It is called after each attempt. */
  unavailable?(processor: Processor, reason: StopReason): void;
  /** The processor stopped. */
  stopped?(processor: Processor, reason: StopReason): void;
}
