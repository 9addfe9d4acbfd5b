/**
 * The messages of a commit. The payload is the hash of the previous commit in the stream, the canonical content and the
 * hash of both, as in the chain. A commit that exceeds the server's `max_payload` is divided into several messages,
 * which an atomic batch stores in order. The last one identifies the commit and has the command id. Its sequence number
 * is that of the commit.
 *
 * The header `Decidable-Commit` has three or four numbers: the number of events in the stream after this commit, the
 * number of events in this commit, and in a divided commit the number of the part and the number of parts.
 */
import type { Decision, Envelope, RecordedDecision, RecordedEvent } from '../../../core/messages.ts';
import { CHAIN_START, chainedContent, HASH_BYTES, type RecordedCommit } from '../../../core/storage/chain.ts';
import { type ReadCommit, readCommit, readCommitEvents } from '../../../core/storage/commit-reader.ts';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import { StoredEventContext } from '../../../core/storage/recorded-events.ts';
import { sha256 } from '../../../core/storage/sha256.ts';

export const COMMIT_HEADER = 'Decidable-Commit';

/**
 * The lowest ten bits of a position are the event's index in its commit. The others are the message's sequence number.
 */
const INDEX_BITS = 10n;
const INDEX_MASK = (1n << INDEX_BITS) - 1n;

export function positionOf(sequence: number, index: number): bigint {
  return (BigInt(sequence) << INDEX_BITS) | BigInt(index);
}

export function sequenceOf(position: bigint): number {
  return Number(position >> INDEX_BITS);
}

export function indexOf(position: bigint): number {
  return Number(position & INDEX_MASK);
}

/** The end of a stream. */
export interface Head {
  /** The sequence number of the stream's last message, or 0 if the stream has no messages. */
  readonly sequence: number;
  /** The number of the stream's events. */
  readonly events: number;
  /** The hash of the stream's last commit. */
  readonly hash: Uint8Array;
}

export const NO_HEAD: Head = { sequence: 0, events: 0, hash: CHAIN_START };

/** A commit in the format in which it is sent. */
export interface CommitMessage {
  readonly bytes: Uint8Array;
  readonly hash: Uint8Array;
  readonly firstRevision: bigint | undefined;
  /** The number of events in the stream after the commit. */
  readonly events: number;
}

export function encodeCommit(
  stream: string,
  head: Head,
  events: readonly Envelope[],
  decision: Decision,
  recordedAt: bigint,
): CommitMessage {
  const firstRevision = events.length > 0 ? BigInt(head.events) : undefined;
  const chained = chainedContent(head.hash, { stream, firstRevision, recordedAt, decision, events });
  const hash = sha256(chained);
  // The bytes are in Node's pool, because a separate buffer for each commit keeps the garbage collector busy.
  const bytes = Buffer.allocUnsafe(chained.length + HASH_BYTES);
  bytes.set(chained);
  bytes.set(hash, chained.length);
  return { bytes, hash, firstRevision, events: head.events + events.length };
}

/** The numbers in the header of a commit's message. */
export interface CommitNumbers {
  readonly events: number;
  readonly count: number;
  /** The number of the part, from 1. */
  readonly part: number;
  readonly parts: number;
}

export function numbersText(events: number, count: number, part: number, parts: number): string {
  return parts === 1 ? `${events} ${count}` : `${events} ${count} ${part} ${parts}`;
}

export function parseNumbers(text: string): CommitNumbers {
  const second = text.indexOf(' ') + 1;
  // Nearly every commit is one message, whose header has two numbers.
  if (second > 0 && text.indexOf(' ', second) < 0) {
    return { events: Number(text.slice(0, second - 1)), count: Number(text.slice(second)), part: 1, parts: 1 };
  }
  const [events = 0, count = 0, part = 1, parts = 1] = text.split(' ').map(Number);
  return { events, count, part, parts };
}

/** A commit that was read. */
export interface StoredCommit {
  /** The sequence number of the commit's last message. */
  readonly sequence: number;
  readonly numbers: CommitNumbers;
  readonly bytes: Uint8Array;
}

export function headOf({ sequence, numbers, bytes }: StoredCommit): Head {
  return { sequence, events: numbers.events, hash: bytes.slice(bytes.length - HASH_BYTES) };
}

/** Adds the events of a commit to `events`, from the index `from` up to `to`, exclusive. */
export function addEvents(
  { sequence, bytes }: StoredCommit,
  events: RecordedEvent[],
  from: number = 0,
  to: number = Infinity,
  isWanted: (type: string, stream: string) => boolean = () => true,
): void {
  const commit = decoded(bytes, readCommitEvents);
  const { stream, firstRevision = 0n, recordedAt, commandId, contentType, correlationId } = commit;
  const end = Math.min(commit.events.length, to);
  for (let index = from; index < end; index++) {
    const event = commit.events[index]!;
    if (!isWanted(event.type, stream)) continue;
    const revision = firstRevision + BigInt(index);
    const position = positionOf(sequence, index);
    const context = new StoredEventContext(stream, revision, position, recordedAt, correlationId, commandId, index);
    events.push({ context, event, contentType });
  }
}

/** Decodes the decision of a commit. @throws EngineFailure `corrupt` if the bytes are not a commit. */
export function recordedDecisionOf({ bytes }: Pick<StoredCommit, 'bytes'>): RecordedDecision {
  return decisionOf(bytes, decoded(bytes, readCommit));
}

/** Decodes a commit. @throws EngineFailure `corrupt` if the bytes are not a commit. */
export function recordedCommitOf({ bytes }: StoredCommit): RecordedCommit {
  const commit = decoded(bytes, readCommit);
  return { decision: decisionOf(bytes, commit), events: commit.events };
}

/** Reads a commit, and checks that its hash follows its content directly. */
function decoded<Content extends { readonly end: number }>(
  bytes: Uint8Array,
  read: (bytes: Uint8Array, at: number) => Content,
): Content {
  let content: Content | undefined;
  try {
    content = read(bytes, 0);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  if (content?.end === bytes.length - HASH_BYTES) return content;
  throw new EngineFailure('corrupt', 'the content of a commit cannot be read; restore a backup');
}

function decisionOf(bytes: Uint8Array, commit: ReadCommit): RecordedDecision {
  const { stream, decision, events, firstRevision, recordedAt, end } = commit;
  return {
    stream,
    decision,
    firstRevision,
    eventCount: events.length,
    recordedAt,
    hash: bytes.slice(end, end + HASH_BYTES),
  };
}
