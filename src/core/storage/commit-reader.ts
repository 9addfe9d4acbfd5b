/**
 * Reads a commit's canonical content (docs/chain.md), as `chain.ts` writes it: every field comes back as it was given. A
 * store that keeps the very bytes that its hashes are over needs nothing else.
 *
 * The bytes are a store's own and known to be whole: nothing is checked. Payloads are views of them.
 */

import type { Decision, Envelope, Outcome } from '../messages.ts';
import { type Commit, HASH_BYTES } from './chain.ts';

/** What readers of a commit's events want of it. */
export interface CommitEvents {
  readonly stream: string;
  readonly firstRevision: bigint | undefined;
  readonly recordedAt: bigint;
  readonly commandId: string;
  readonly contentType: string;
  readonly correlationId: string;
  readonly events: readonly Envelope[];
}

/** A commit and where its bytes end. */
export interface ReadCommit extends Commit {
  readonly end: number;
}

/** `at`: where the previous hash stands, which the content follows. */
export function readCommit(bytes: Uint8Array, at: number): ReadCommit {
  start(bytes, at);
  const stream = text(streams);
  const firstRevision = option(integer64);
  const recordedAt = integer64();
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
  finish();
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
  return { stream, firstRevision, recordedAt, decision, events, end: position };
}

/** The same without what a reader of events does not look at. */
export function readCommitEvents(bytes: Uint8Array, at: number): CommitEvents {
  start(bytes, at);
  const stream = text(streams);
  const firstRevision = option(integer64);
  const recordedAt = integer64();
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
  const events = list(envelope);
  finish();
  return { stream, firstRevision, recordedAt, commandId, contentType, correlationId, events };
}

/** What is being read, and how far: reading is synchronous, and one commit is read at a time. */
const NOTHING = new Uint8Array(0);
let source: Uint8Array = NOTHING;
let position = 0;

function start(bytes: Uint8Array, at: number): void {
  source = bytes;
  position = at + HASH_BYTES + 1; // the version: there is only one
}

/** The bytes of a store that is closed are not kept. */
function finish(): void {
  source = NOTHING;
}

function integer32(): number {
  const at = position;
  position += 4;
  return ((source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!) >>> 0;
}

/** In two's complement: a test's clock may stand before 1970. */
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
  for (let count = integer32(); count > 0; count--) items.push(read());
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

/** A byte order mark is a character like any other. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function anyText(): string {
  return decoder.decode(byteString());
}

/** Texts that were read last in one place: most commits say there what the one before said. */
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

/** The text that stands here, which is likely to be `expected`: to compare is quicker than to decode. */
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

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function uuid(): string {
  let digits = '';
  for (let byte = 0; byte < 16; byte++) {
    if (byte === 4 || byte === 6 || byte === 8 || byte === 10) digits += '-';
    digits += HEX[source[position++]!];
  }
  return digits;
}
