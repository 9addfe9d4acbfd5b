/** Processes the parked events of a key again. */
import { failureKind, stopReason } from './failure-policy.ts';
import type { Batch, Processor } from './processor.ts';
import type { ParkedEvent, ParkedPlace } from './processor-store.ts';
import { shareOf } from './shares.ts';

/** The outcome of a replay, before it is committed. */
export interface Replay {
  readonly batch: Batch;
  /** The events that were processed. */
  readonly unpark: readonly ParkedPlace[];
  /** The event that failed again, and the later ones, whose requests to retry are removed. */
  readonly park: readonly ParkedEvent[];
  /** Events that now wait under another key. */
  readonly moved: readonly ParkedEvent[];
}

/** The parts that a replay needs. */
export interface ReplayParts {
  readonly processor: Processor;
  /** The number of shares of the subscription. */
  readonly shares: number;
  readonly signal: AbortSignal;
  readonly now: number;
}

/**
 * Processes the parked events of a key in order, up to the first one that fails again.
 * @param commitFailures the positions of events that made the commit of an earlier replay fail, with their errors.
 */
export async function replayParked(
  { processor, shares, signal, now }: ReplayParts,
  key: string,
  events: readonly ParkedEvent[],
  commitFailures: ReadonlyMap<bigint, unknown>,
): Promise<Replay> {
  const batch = processor.batch(signal);
  await batch.load?.([key]);
  const unpark: ParkedPlace[] = [];
  const park: ParkedEvent[] = [];
  const moved: ParkedEvent[] = [];
  for (const parked of events) {
    const { event, share } = parked;
    const { position } = event.context;
    if (park.length > 0) {
      if (parked.requested !== undefined) park.push({ ...parked, requested: undefined });
      continue;
    }
    try {
      if (commitFailures.has(position)) throw commitFailures.get(position);
      const opened = processor.open(event);
      if (opened !== undefined && opened.key !== key) moved.push(underKey(parked, opened.key, shares));
      else if (opened !== undefined) await batch.apply({ event, ...opened, wasParked: true }, share);
      unpark.push({ subscription: processor.subscription, key, position });
    } catch (error) {
      if (failureKind(error) === 'store') throw error;
      park.push({
        ...parked,
        reason: stopReason(error, position, now),
        attempts: parked.attempts + 1,
        requested: undefined,
      });
    }
  }
  return { batch, unpark, park, moved };
}

/**
 * Returns a parked event under its key. An event that could not be read is parked under the name of its stream. When
 * its key is known, the event waits under that key, because another member may hold the share of the key and cache its
 * documents.
 */
function underKey(parked: ParkedEvent, key: string, shares: number): ParkedEvent {
  return { ...parked, key, share: shareOf(key, shares), reason: undefined, attempts: 0, requested: 'retry' };
}
