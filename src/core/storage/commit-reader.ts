/**
 * Reads a commit's canonical content (docs/chain.md), which `chain.ts` writes. The content has every field, so a store
 * can keep exactly the bytes that its hashes cover.
 *
 * The bytes are not checked, because a store reads only its own, complete bytes. Payloads are views of them.
 */

import type { Decision, Envelope, Outcome } from '../messages.ts';
import { readUuid } from '../uuid.ts';
import { type Commit, HASH_BYTES } from './chain.ts';

/** The part of a commit that readers of its events need. */
export interface CommitEvents {
  readonly stream: string;
  readonly firstRevision: bigint | undefined;
  readonly recordedAt: bigint;
  readonly commandId: string;
  readonly contentType: string;
  readonly correlationId: string;
  readonly events: readonly Envelope[];
  /** The offset at which the content ends. */
  readonly end: number;
}

/** The part of a commit's content after the time. */
export type Decided = Pick<Commit, 'decision' | 'events'>;

/** The part of {@link Decided} that readers of events need. */
export type DecidedEvents = Pick<CommitEvents, 'commandId' | 'contentType' | 'correlationId' | 'events'>;

/** A commit and the offset at which its bytes end. */
export interface ReadCommit extends Commit {
  readonly end: number;
}

/** Reads a commit. @param at the offset of the previous hash, which the content follows. */
export function readCommit(bytes: Uint8Array, at: number): ReadCommit {
  start(bytes, at);
  const stream = text(streams);
  const firstRevision = option(integer64);
  const recordedAt = integer64();
  const { decision, events } = decided();
  const end = position;
  finish();
  return { stream, firstRevision, recordedAt, decision, events, end };
}

/**
 * Reads the part of a content after the time, which `decidedContent` writes.
 * @throws RangeError if the bytes are not complete.
 */
export function readDecided(bytes: Uint8Array): Decided {
  return readComplete(bytes, decided);
}

function decided(): Decided {
  const commandId = uuid();
  const command = envelope();
  const contentType = text(contentTypes);
  const module = { name: text(names), version: text(versions), digest: option(byteString) };
  const seenRevision = option(integer64);
  const outcome = readOutcome();
  const causationId = option(anyText);
  const correlationId = textOr(commandId);
  const actor = option(anyText);
  const keyId = option(anyText);
  const events = list(envelope);
  const decision: Decision = {
    commandId,
    command,
    contentType,
    module,
    seenRevision,
    outcome,
    causationId,
    correlationId,
    actor,
    keyId,
  };
  return { decision, events };
}

/** Reads only the fields that a reader of events needs. */
export function readCommitEvents(bytes: Uint8Array, at: number): CommitEvents {
  start(bytes, at);
  const stream = text(streams);
  const firstRevision = option(integer64);
  const recordedAt = integer64();
  const { commandId, contentType, correlationId, events } = decidedEvents();
  const end = position;
  finish();
  return { stream, firstRevision, recordedAt, commandId, contentType, correlationId, events, end };
}

/**
 * Reads only the fields of {@link readDecided} that a reader of events needs.
 * @throws RangeError if the bytes are not complete.
 */
export function readDecidedEvents(bytes: Uint8Array): DecidedEvents {
  return readComplete(bytes, decidedEvents);
}

function decidedEvents(): DecidedEvents {
  const commandId = uuid();
  skip(); // the command's type
  position += 4;
  skip();
  const contentType = text(contentTypes);
  skip(); // the module's name and version
  skip();
  skipOption();
  if (source[position++] === 1) position += 8;
  if (source[position++] === 1) {
    skip(); // a rejection
    skip();
    for (let details = integer32(); details > 0; details--) {
      skip();
      skip();
    }
  }
  skipOption();
  const correlationId = textOr(commandId);
  skipOption();
  skipOption();
  return { commandId, contentType, correlationId, events: list(envelope) };
}

// The state of the read is global, because reading is synchronous and one commit is read at a time.
const NOTHING = new Uint8Array(0);
let source: Uint8Array = NOTHING;
let position = 0;

function start(bytes: Uint8Array, at: number): void {
  source = bytes;
  position = at + HASH_BYTES + 1; // Skips the version, because there is only one.
}

/** Releases the bytes, so that a closed store's memory can be collected. */
function finish(): void {
  source = NOTHING;
}

/** Reads all bytes. @throws RangeError if they do not end with the read part, because some are missing or changed. */
function readComplete<Part>(bytes: Uint8Array, read: () => Part): Part {
  source = bytes;
  position = 0;
  const part = read();
  const isComplete = position === source.length;
  finish();
  if (!isComplete) throw new RangeError('the content of a commit does not end with its last event');
  return part;
}

function integer32(): number {
  const at = position;
  position += 4;
  return ((source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!) >>> 0;
}

/** Reads two's complement, because a test's clock may return a time before 1970. */
function integer64(): bigint {
  const high = integer32() | 0;
  const low = integer32();
  const number = high * 2 ** 32 + low;
  return Number.isSafeInteger(number) ? BigInt(number) : (BigInt(high) << 32n) | BigInt(low);
}

function byteString(): Uint8Array {
  const length = integer32();
  position += length;
  return source.subarray(position - length, position);
}

function option<T>(read: () => T): T | undefined {
  return source[position++] === 0 ? undefined : read();
}

function list<T>(read: () => T): T[] {
  const items: T[] = [];
  let count = integer32();
  // Each item has at least one byte. Without this check, a damaged count could fill the memory.
  if (count > source.length - position) throw new RangeError('a count in the content of a commit is too large');
  for (; count > 0; count--) items.push(read());
  return items;
}

function skip(): void {
  const length = integer32();
  position += length;
}

function skipOption(): void {
  if (source[position++] === 1) skip();
}

function envelope(): Envelope {
  return { type: text(types), schemaVersion: integer32(), payload: byteString() };
}

function readOutcome(): Outcome {
  if (source[position++] === 0) return { tag: 'accepted' };
  return { tag: 'rejected', val: { code: anyText(), message: anyText(), details: list(pair) } };
}

function pair(): [string, string] {
  return [anyText(), anyText()];
}

/** The decoder of strings. A byte order mark is kept like any other character. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function anyText(): string {
  return decoder.decode(byteString());
}

/** The string that was last read for one field. Most commits have the same string there as the previous commit. */
interface Remembered {
  text: string;
}
const streams: Remembered = { text: '' };
const contentTypes: Remembered = { text: '' };
const names: Remembered = { text: '' };
const versions: Remembered = { text: '' };
const types: Remembered = { text: '' };

function text(last: Remembered): string {
  last.text = textOr(last.text);
  return last.text;
}

/** Reads a string that is probably `expected`. A comparison is faster than decoding. */
function textOr(expected: string): string {
  const { length } = expected;
  const before = position;
  if (integer32() === length) {
    let at = 0;
    while (at < length && source[position + at]! < 0x80 && source[position + at] === expected.charCodeAt(at)) at++;
    if (at === length) {
      position += length;
      return expected;
    }
  }
  position = before;
  return anyText();
}

function uuid(): string {
  position += 16;
  return readUuid(source, position - 16);
}
