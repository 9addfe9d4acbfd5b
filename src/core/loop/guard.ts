/**
 * The precondition of an append (docs/architecture.md, "Concurrency"). The module declares one for each command type.
 * The caller may request another one in addition, which can only strengthen it.
 */
import type { Precondition, WritePrecondition } from '../messages.ts';

const ANY: Precondition = { tag: 'any' };
const NO_STREAM: Precondition = { tag: 'no-stream' };
const STREAM_EXISTS: Precondition = { tag: 'stream-exists' };

/** Returns the precondition that the stream's last revision is still this one. */
function atLastRevision(revision: bigint | undefined): Precondition {
  return revision === undefined ? NO_STREAM : { tag: 'at-revision', val: revision };
}

/**
 * Returns the precondition of the append for a decision that is based on `revision`. The caller has checked {@link
 * violatedPrecondition}.
 *
 * A decision without events (a rejection, or nothing to do) adds no revision to the stream, so the stream would not
 * show that the state of the decision was outdated. It therefore requires that the stream is unchanged, even if the
 * module declares a weaker precondition.
 */
export function appendPrecondition(
  declared: WritePrecondition,
  requested: Precondition | undefined,
  revision: bigint | undefined,
  hasEvents: boolean,
): Precondition {
  if (!hasEvents || declared === 'stream-unchanged') return atLastRevision(revision);
  if (declared === 'no-stream') return NO_STREAM;
  // The requested precondition is at least as strong as `any` and `stream-exists`. If it excluded the declared one,
  // `violatedPrecondition` would have found that.
  if (requested !== undefined && requested.tag !== 'any') return requested;
  return declared === 'stream-exists' ? STREAM_EXISTS : ANY;
}

/** Returns the precondition that a stream with this last revision violates, or `undefined` if it satisfies both. */
export function violatedPrecondition(
  declared: WritePrecondition,
  requested: Precondition | undefined,
  revision: bigint | undefined,
): Precondition | undefined {
  if (declared === 'stream-exists' && revision === undefined) return STREAM_EXISTS;
  if (declared === 'no-stream' && revision !== undefined) return NO_STREAM;
  switch (requested?.tag) {
    case 'no-stream':
      return revision === undefined ? undefined : requested;
    case 'stream-exists':
      return revision === undefined ? requested : undefined;
    case 'at-revision':
      return revision === requested.val ? undefined : requested;
    default:
      return undefined;
  }
}

/** Returns whether the two preconditions exclude each other, so that no stream satisfies both. */
export function excludeEachOther(declared: WritePrecondition, requested: Precondition | undefined): boolean {
  if (requested === undefined || requested.tag === 'any') return false;
  if (declared === 'no-stream') return requested.tag !== 'no-stream';
  return declared === 'stream-exists' && requested.tag === 'no-stream';
}

/**
 * Returns whether reading and deciding again can succeed after the append found another revision. A second attempt can
 * succeed if the precondition was that the stream is unchanged. It cannot succeed if the caller required a revision or
 * `no-stream`, because a stream never returns to an earlier revision.
 */
export function isRetryable(
  declared: WritePrecondition,
  requested: Precondition | undefined,
  hasEvents: boolean,
): boolean {
  if (requested?.tag === 'no-stream' || requested?.tag === 'at-revision') return false;
  if (declared === 'stream-unchanged') return true;
  return declared !== 'no-stream' && !hasEvents;
}
