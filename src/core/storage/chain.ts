/**
 * The hash chain (docs/architecture.md, "Commits are chained"; docs/chain.md). Each commit has the SHA-256 of the
 * previous commit's hash in its stream and of its own canonical content. If a hash is kept elsewhere, nobody can
 * change, insert, drop or reorder a commit up to it without being noticed.
 *
 * The content is a fixed sequence of big-endian fields. Each field has a known length or is preceded by its length, so
 * two contents are equal only if the commits are. A commit's position is not part of it, so that a stream that is
 * copied to another store keeps its chain.
 */
import type { Decision, Envelope, RecordedDecision } from '../messages.ts';
import { sha256 } from './sha256.ts';

/** One decision as it goes into a stream, with its events. */
export interface Commit {
  readonly stream: string;
  /** The revision of the first event; `undefined` if there are no events. */
  readonly firstRevision: bigint | undefined;
  readonly recordedAt: bigint;
  readonly decision: Decision;
  readonly events: readonly Envelope[];
}

/** A commit as a store returns it. */
export interface RecordedCommit {
  readonly decision: RecordedDecision;
  readonly events: readonly Envelope[];
}

/** The length of a commit's hash in bytes. */
export const HASH_BYTES = 32;

/** The hash that a stream's first commit follows: 32 zero bytes. */
export const CHAIN_START: Uint8Array = new Uint8Array(HASH_BYTES);

/** The version of the content's layout, which is the content's first byte. */
const CONTENT_VERSION = 1;

/** The hash of a commit: SHA-256 over `previous`, the hash of the stream's commit before it, and its content. */
export function commitHash(previous: Uint8Array, commit: Commit): Uint8Array {
  return sha256(chainedContent(previous, commit));
}

/** The canonical content of a commit, as docs/chain.md lays it out. */
export function commitContent(commit: Commit): Uint8Array {
  return chainedContent(CHAIN_START, commit).slice(HASH_BYTES);
}

const FIRST_BYTES = 4_096;
/** Bytes that the buffer may keep after a call. A larger one is left to the garbage collector. */
const LARGEST_KEPT_BYTES = 1_048_576;

/** Every call writes into it: the result of {@link chainedContent} is a view that is valid until the next call. */
let buffer = new Uint8Array(FIRST_BYTES);
let end = 0;
const encoder = new TextEncoder();

/** The bytes that a commit's hash covers: `previous` and the content. The next call overwrites the returned view. */
export function chainedContent(
  previous: Uint8Array,
  { stream, firstRevision, recordedAt, decision, events }: Commit,
): Uint8Array {
  end = 0;
  room(HASH_BYTES + 1);
  buffer.set(previous, 0);
  end = HASH_BYTES;
  buffer[end++] = CONTENT_VERSION;
  putText(stream);
  putOptionalU64(firstRevision);
  putU64(recordedAt);
  putUuid(decision.commandId);
  putEnvelope(decision.command);
  putText(decision.contentType);
  putText(decision.module.name);
  putText(decision.module.version);
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
  const content = buffer.subarray(0, end);
  if (buffer.length > LARGEST_KEPT_BYTES) buffer = new Uint8Array(FIRST_BYTES);
  return content;
}

/** Makes room for `bytes` more bytes. */
function room(bytes: number): void {
  if (end + bytes <= buffer.length) return;
  const grown = new Uint8Array(Math.max(buffer.length * 2, end + bytes));
  grown.set(buffer.subarray(0, end));
  buffer = grown;
}

function putU8(value: number): void {
  room(1);
  buffer[end++] = value;
}

function putU32(value: number): void {
  room(4);
  storeU32(value, end);
  end += 4;
}

function storeU32(value: number, at: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}

/** Revisions and times fit in 53 bits in practice, and numbers are quicker to split into bytes than bigints. */
function putU64(value: bigint): void {
  room(8);
  const number = Number(value);
  if (Number.isSafeInteger(number)) {
    storeU32(Math.floor(number / 2 ** 32), end);
    storeU32(number >>> 0, end + 4);
  } else {
    storeU32(Number(value >> 32n), end);
    storeU32(Number(value & 0xffff_ffffn), end + 4);
  }
  end += 8;
}

function putOptionalU64(value: bigint | undefined): void {
  putU8(value === undefined ? 0 : 1);
  if (value !== undefined) putU64(value);
}

function putBytes(bytes: Uint8Array): void {
  room(4 + bytes.length);
  storeU32(bytes.length, end);
  buffer.set(bytes, end + 4);
  end += 4 + bytes.length;
}

function putOptionalBytes(bytes: Uint8Array | undefined): void {
  putU8(bytes === undefined ? 0 : 1);
  if (bytes !== undefined) putBytes(bytes);
}

function putText(text: string): void {
  room(4 + 3 * text.length);
  const start = end + 4;
  let at = start;
  // A loop is quicker than the encoder, because names and ids are short and ASCII.
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) {
      at = start + encoder.encodeInto(text, buffer.subarray(start)).written;
      break;
    }
    buffer[at++] = unit;
  }
  storeU32(at - start, end);
  end = at;
}

function putOptionalText(text: string | undefined): void {
  putU8(text === undefined ? 0 : 1);
  if (text !== undefined) putText(text);
}

function putEnvelope(envelope: Envelope): void {
  putText(envelope.type);
  putU32(envelope.schemaVersion);
  putBytes(envelope.payload);
}

/** Writes the 16 bytes of a UUID in lower-case text. Each two digits make a byte, and hyphens are skipped. */
function putUuid(uuid: string): void {
  room(16);
  for (let byte = 0, at = 0; byte < 16; byte++, at += 2) {
    if (byte === 4 || byte === 6 || byte === 8 || byte === 10) at++;
    buffer[end++] = (digit(uuid.charCodeAt(at)) << 4) | digit(uuid.charCodeAt(at + 1));
  }
}

/** The value of a lower-case hexadecimal digit. Letters have bit 6 set, and the code of `a` ends in 1. */
function digit(code: number): number {
  return (code & 15) + (code >> 6) * 9;
}
