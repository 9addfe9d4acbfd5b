import type { StopReason, SubscriptionId } from './processor-store.ts';

/** The caller waits for a processor that has stopped. */
export class ProcessorStopped extends Error {
  override readonly name: string = 'ProcessorStopped';
  readonly code = 'processor-stopped';
  /** The processor that has stopped. */
  readonly processor: SubscriptionId;
  /** The failure that has stopped it. */
  readonly reason: StopReason;

  constructor(processor: SubscriptionId, reason: StopReason) {
    super(`${processor.name} ${processor.version} has stopped: ${reason.message} (${reason.code})`);
    this.processor = processor;
    this.reason = reason;
  }
}
