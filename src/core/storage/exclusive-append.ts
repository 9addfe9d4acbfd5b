/**
 * An operation that a store may offer in addition to its contract. It decides while no other writer can append to the
 * stream.
 *
 * An optimistic append fails if another writer was faster. A writer that appends rarely can fail each time if another
 * one appends continuously. Decisions are synchronous, so a store can run one inside a short reservation of the stream.
 * The memory store does so in one turn of the event loop, SQLite between BEGIN IMMEDIATE and COMMIT, PostgreSQL while
 * it has locked the row of the stream, and NATS while the other processes wait for the writer's turn to end. The event
 * sourcer uses the operation after a conflict. If the store does not have it, the event sourcer retries optimistically
 * (docs/decisions.md, "A command that loses is decided inside the store").
 */
import type { Appended } from '../event-store.ts';
import { MAX_EVENTS_IN_RESERVATION } from '../limits.ts';
import type { Decision, Envelope, Precondition, RecordedEvent } from '../messages.ts';
import { conflict } from './arguments.ts';

/** The arguments of an append that a decision inside a reservation returns. */
export interface DecidedAppend {
  readonly events: readonly Envelope[];
  readonly precondition: Precondition;
  readonly decision: Decision;
}

/** The optional operation of a store that reserves streams. */
export interface ExclusiveAppend {
  /**
   * Reserves the stream, reads its events after `after`, calls `decide` with them and appends the result.
   *
   * `decide` is synchronous, and is called at most once. If it throws, nothing is written and the promise is rejected
   * with the same error. If the store loses the reservation, or more than 1,000 events follow `after`, it throws
   * `conflict`.
   *
   * @param after the last revision that the caller has read, or `undefined` to read the stream from its first event.
   * @throws AppendFailure with an `AppendError` as its `payload`.
   */
  appendExclusively?(
    stream: string,
    after: bigint | undefined,
    decide: (events: readonly RecordedEvent[]) => DecidedAppend,
  ): Promise<Appended>;
}

/**
 * The number of events to read inside a reservation. It is one more than the limit, so that a longer tail is detected.
 */
export const RESERVATION_READ_LIMIT: number = MAX_EVENTS_IN_RESERVATION + 1;

/**
 * Checks the number of events inside a reservation.
 * @throws AppendFailure `conflict` if more events follow `after` than a reservation may read.
 */
export function checkReservedEvents(stream: string, after: bigint | undefined, events: readonly RecordedEvent[]): void {
  if (events.length <= MAX_EVENTS_IN_RESERVATION) return;
  const seen: Precondition = after === undefined ? { tag: 'no-stream' } : { tag: 'at-revision', val: after };
  throw conflict(stream, seen, events.at(-1)?.context.revision);
}
