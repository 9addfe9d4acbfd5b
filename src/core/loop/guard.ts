/**
 * The precondition of an append (docs/architecture.md, "Concurrency"). The module declares the one that a command type needs. The
 * caller's expectation can only strengthen it.
 */
import type { Precondition, WritePrecondition } from '../messages.ts';

const ANY: Precondition = { tag: 'any' };
const NO_STREAM: Precondition = { tag: 'no-stream' };
const STREAM_EXISTS: Precondition = { tag: 'stream-exists' };

/** The stream as it was seen, at this last revision. */
function asSeen(revision: bigint | undefined): Precondition {
  return revision === undefined ? NO_STREAM : { tag: 'at-revision', val: revision };
}

/**
 * The guard of a decision that saw the stream at `revision`, once {@link contradiction} has found nothing.
 *
 * A decision without events (a rejection, or nothing to do) takes no revision: nothing in the stream would tell that it
 * came too late. It holds only for the stream that it saw, whatever the command's own guard.
 */
export function guardOf(
  declared: WritePrecondition,
  expected: Precondition | undefined,
  revision: bigint | undefined,
  hasEvents: boolean,
): Precondition {
  if (!hasEvents || declared === 'stream-unchanged') return asSeen(revision);
  if (declared === 'no-stream') return NO_STREAM;
  // What the caller expects is at least as strong as these two, or was found to contradict them.
  if (expected !== undefined && expected.tag !== 'any') return expected;
  return declared === 'stream-exists' ? STREAM_EXISTS : ANY;
}

/** What was demanded and does not hold of a stream whose last revision is `revision`; undefined: all of it holds. */
export function contradiction(
  declared: WritePrecondition,
  expected: Precondition | undefined,
  revision: bigint | undefined,
): Precondition | undefined {
  if (declared === 'stream-exists' && revision === undefined) return STREAM_EXISTS;
  if (declared === 'no-stream' && revision !== undefined) return NO_STREAM;
  switch (expected?.tag) {
    case 'no-stream':
      return revision === undefined ? undefined : expected;
    case 'stream-exists':
      return revision === undefined ? expected : undefined;
    case 'at-revision':
      return revision === expected.val ? undefined : expected;
    default:
      return undefined;
  }
}

/** Whether declared and expected exclude each other, so that no stream can satisfy both. */
export function unsatisfiable(declared: WritePrecondition, expected: Precondition | undefined): boolean {
  if (expected === undefined || expected.tag === 'any') return false;
  if (declared === 'no-stream') return expected.tag !== 'no-stream';
  return declared === 'stream-exists' && expected.tag === 'no-stream';
}

/**
 * Whether reading again and deciding again can help after the append found another revision. It can where the guard was
 * the stream as seen. It cannot where a revision was named, by the caller or by `no-stream`: streams only grow, so what
 * has been passed does not come back.
 */
export function retryHelps(
  declared: WritePrecondition,
  expected: Precondition | undefined,
  hasEvents: boolean,
): boolean {
  if (expected?.tag === 'no-stream' || expected?.tag === 'at-revision') return false;
  if (declared === 'stream-unchanged') return true;
  return declared !== 'no-stream' && !hasEvents;
}
