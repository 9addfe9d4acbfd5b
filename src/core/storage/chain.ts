/**
 * The hash chain (docs/architecture.md, "Commits are chained"; docs/chain.md). Each commit has the SHA-256 over the
 * hash of the previous commit in its stream and the canonical content of the commit itself. If a hash is kept
 * elsewhere, any change, insertion, removal or reordering of the commits up to it is detected.
 *
 * The content is a fixed sequence of big-endian fields. Each field has a known length or is preceded by its length, so
 * two contents are equal only if the commits are equal. The position is not part of the content, so a stream that is
 * copied to another store keeps its chain.
 */
import type { Decision, Envelope, RecordedDecision } from '../messages.ts';
import {
  finish,
  putEnvelope,
  putFixed,
  putOptionalBytes,
  putOptionalText,
  putOptionalU64,
  putSameTexts,
  putText,
  putU8,
  putU32,
  putU64,
  putUuid,
  start,
} from './field-writer.ts';
import { isSha256, sha256 } from './sha256.ts';

/** A commit of a stream: one decision with its events. */
export interface Commit {
  readonly stream: string;
  /** The revision of the first event, or `undefined` if the commit has no events. */
  readonly firstRevision: bigint | undefined;
  readonly recordedAt: bigint;
  readonly decision: Decision;
  readonly events: readonly Envelope[];
}

/** The form in which a store returns a commit. */
export interface RecordedCommit {
  readonly decision: RecordedDecision;
  readonly events: readonly Envelope[];
}

/** The length of a commit's hash in bytes. */
export const HASH_BYTES = 32;

/** The previous hash of a stream's first commit: 32 zero bytes. */
export const CHAIN_START: Uint8Array = new Uint8Array(HASH_BYTES);

/** The version of the content's layout, which is the content's first byte. */
export const CONTENT_VERSION = 1;

/** Returns the hash of a commit: SHA-256 over `previous`, which is the previous commit's hash, and the content. */
export function commitHash(previous: Uint8Array, commit: Commit): Uint8Array {
  return sha256(chainedContent(previous, commit));
}

/** Returns whether a hash is the {@link commitHash} of a commit. */
export function isCommitHash(hash: Uint8Array, previous: Uint8Array, commit: Commit): boolean {
  return isSha256(chainedContent(previous, commit), hash);
}

/** Returns the canonical content of a commit (docs/chain.md). */
export function commitContent(commit: Commit): Uint8Array {
  return chainedContent(CHAIN_START, commit).slice(HASH_BYTES);
}

/** Returns the bytes that a commit's hash covers: `previous` and the content. The next call overwrites the view. */
export function chainedContent(
  previous: Uint8Array,
  { stream, firstRevision, recordedAt, decision, events }: Commit,
): Uint8Array {
  start();
  putFixed(previous);
  putU8(CONTENT_VERSION);
  putText(stream);
  putOptionalU64(firstRevision);
  putU64(recordedAt);
  putDecided(decision, events);
  return finish();
}

/**
 * Returns the part of a commit's content after the time, which is the decision and its events. A store that stamps the
 * revision and the time in its engine gets this part from its client. The next call overwrites the returned view.
 */
export function decidedContent(decision: Decision, events: readonly Envelope[]): Uint8Array {
  start();
  putDecided(decision, events);
  return finish();
}

function putDecided(decision: Decision, events: readonly Envelope[]): void {
  putUuid(decision.commandId);
  putEnvelope(decision.command);
  putSameTexts(decision.contentType, decision.module.name, decision.module.version);
  putOptionalBytes(decision.module.digest);
  putOptionalU64(decision.seenRevision);
  const { outcome } = decision;
  putU8(outcome.tag === 'accepted' ? 0 : 1);
  if (outcome.tag === 'rejected') {
    putText(outcome.val.code);
    putText(outcome.val.message);
    putU32(outcome.val.details.length);
    for (const [name, value] of outcome.val.details) {
      putText(name);
      putText(value);
    }
  }
  putOptionalText(decision.causationId);
  putText(decision.correlationId);
  putOptionalText(decision.actor);
  putOptionalText(decision.keyId);
  putU32(events.length);
  for (const event of events) putEnvelope(event);
}
