/** Reads the progress of the processors of a store. */
import { readParked } from './parked-events.ts';
import type { ProcessorStore, Share, StopReason, SubscriptionId, SubscriptionRecord } from './processor-store.ts';
import { lowestCheckpoint } from './share-progress.ts';

/** The progress of a processor. */
export interface ProcessorStatus {
  readonly name: string;
  readonly version: string;
  /** The kind of the processor. */
  readonly kind: SubscriptionRecord['kind'];
  /** True if readers of the read model read this version. Other versions are being built, or were replaced. */
  readonly isActive: boolean;
  /** The position up to which all events are processed or parked, or `undefined` before the first event. */
  readonly checkpoint: bigint | undefined;
  /** The position of the store's last event, or `undefined` if the store has no events. */
  readonly head: bigint | undefined;
  /** The shares of the keys, each with its progress and the member that holds it. */
  readonly shares: readonly Pick<Share, 'share' | 'checkpoint' | 'holder' | 'expiresAt'>[];
  /** The number of parked events. */
  readonly parked: number;
  /** The failure that has stopped the processor, or `undefined` if it has not stopped. */
  readonly stopped: StopReason | undefined;
  /** The failure of a store that is unavailable, for which the processor waits in this process. */
  readonly outage: StopReason | undefined;
}

/** Returns the progress of every processor that has run on a store. */
export async function statusOf(
  processors: ProcessorStore,
  head: bigint | undefined,
): Promise<readonly ProcessorStatus[]> {
  const statuses: ProcessorStatus[] = [];
  for (const { subscription, kind, active, stopped } of await processors.listSubscriptions()) {
    const shares = await processors.listShares(subscription);
    statuses.push({
      ...subscription,
      kind,
      isActive: active,
      checkpoint: lowestCheckpoint(shares),
      head,
      shares: shares.map(({ share, checkpoint, holder, expiresAt }) => ({ share, checkpoint, holder, expiresAt })),
      parked: await countParked(processors, subscription),
      stopped,
      outage: undefined,
    });
  }
  return statuses;
}

async function countParked(processors: ProcessorStore, subscription: SubscriptionId): Promise<number> {
  let count = 0;
  for await (const _ of readParked(processors, { subscription })) count++;
  return count;
}
