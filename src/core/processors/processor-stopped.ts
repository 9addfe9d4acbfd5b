import type { StopReason, SubscriptionId } from './processor-store.ts';

/** The caller waits for a processor that has stopped. */
export class ProcessorStopped extends Error {
  override readonly name: string = 'ProcessorStopped';
  readonly code = 'processor-stopped';
  readonly processor: SubscriptionId;
  readonly reason: StopReason;

  constructor(processor: SubscriptionId, reason: StopReason) {
    super(`${processor.name} ${processor.version} has stopped: ${reason.message} (${reason.code})`);
    this.processor = processor;
    this.reason = reason;
  }
}
