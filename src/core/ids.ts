/**
 * Ids are derived, not random (docs/architecture.md, "Ids are derived"). The ids of a command's events follow from the command's
 * id, so that they need no storage and a redelivery leads to the same ones. Every derived id is a UUIDv5 (RFC 9562 §5.5): SHA-1
 * over the namespace's 16 bytes and the name, with version and variant set.
 *
 * | id | namespace | name |
 * |---|---|---|
 * | command id, from a text that is not a UUID | {@link COMMAND_ID_NAMESPACE} | the text in UTF-8 |
 * | event id | the command's id | the event's index in its decision, u32 big-endian |
 * | id of a command that an event handler emits | UUIDv5 of the event id and the handler's name in UTF-8 | the index among the event's commands, u32 big-endian |
 *
 * SHA-1 does not stop an attacker who constructs two texts with the same id. It does not have to: the hash chain, which uses
 * SHA-256, detects tampering.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { CommandFailure } from './errors.ts';

/**
 * The namespace of command ids that are not UUIDs: UUIDv5 of RFC 9562's URL namespace and `decidable:eventsourcing/command-id`.
 * It never changes, because a change would make a new command of every redelivered one.
 */
export const COMMAND_ID_NAMESPACE = 'f21aa10a-cc1b-5774-8588-740f40dd4e19';

/** The length of the text form of RFC 9562 §4. Any version and variant is accepted, because callers generate ids in many ways. */
const UUID_LENGTH = 36;

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const encoder = new TextEncoder();

/** Returns whether `text` is a UUID in lower-case text, the only form that this package writes. */
export function isUuid(text: string): boolean {
  if (text.length !== UUID_LENGTH) return false;
  // A loop and not a regular expression, because this runs for every command and the loop takes a fifth of the time.
  for (let at = 0; at < UUID_LENGTH; at++) {
    const code = text.charCodeAt(at);
    const fits =
      at === 8 || at === 13 || at === 18 || at === 23
        ? code === 0x2d
        : (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66);
    if (!fits) return false;
  }
  return true;
}

/**
 * Returns a command's id as it is stored. A UUID is kept, in lower case (RFC 9562 §4: both cases are read, lower case is
 * written). Any other text becomes its UUIDv5, which is always the same.
 *
 * @example commandUuid('order-1'); // '5dacb40f-d1b1-5d08-849b-06fe3f93091e'
 *
 * @throws CommandFailure `invalid-argument` if the text is empty or has a lone surrogate. A lone surrogate has no bytes in
 * UTF-8, and a replacement character would make two texts share an id.
 */
export function commandUuid(id: string): string {
  if (id.length === UUID_LENGTH) {
    if (isUuid(id)) return id;
    const lower = id.toLowerCase();
    if (isUuid(lower)) return lower;
  }
  if (id === '') throw unusable('is empty; omit it, or use a different text for each command');
  if (!id.isWellFormed()) throw unusable(`has a lone surrogate: ${JSON.stringify(id)}`);
  return uuidV5(COMMAND_ID_NAMESPACE, encoder.encode(id));
}

/** Returns the id of the event at `index` of the decision on the command with this UUID. */
export function eventId(commandId: string, index: number): string {
  return uuidV5(commandId, bigEndian(index));
}

/** Returns the id of the command at `index` among those that the handler sends because of the event with this UUID. */
export function reactionId(event: string, handlerName: string, index: number): string {
  return uuidV5(handlingId(event, handlerName), bigEndian(index));
}

/** Returns the id of the command that tells a process manager about the event with this UUID. */
export function handlingId(event: string, handlerName: string): string {
  return uuidV5(event, encoder.encode(handlerName));
}

/** Returns the id of the command that tells a process manager that its command with this UUID was rejected. */
export function rejectionId(commandId: string, handlerName: string): string {
  return uuidV5(commandId, encoder.encode(`${handlerName}:rejected`));
}

// Creating a hash object takes longer than hashing two dozen bytes, so one is kept and reset.
const START = sha1.create();
const hasher = sha1.create();
const space = new Uint8Array(16);
const hash = new Uint8Array(20);

/** Returns the UUIDv5 (RFC 9562 §5.5) of a name in the namespace of a UUID, in lower-case text. */
export function uuidV5(namespace: string, name: Uint8Array): string {
  // xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx: a byte for every two digits, and the hyphens are skipped.
  for (let byte = 0, at = 0; byte < 16; byte++, at += 2) {
    if (byte === 4 || byte === 6 || byte === 8 || byte === 10) at++;
    space[byte] = (digit(namespace.charCodeAt(at)) << 4) | digit(namespace.charCodeAt(at + 1));
  }
  START._cloneInto(hasher).update(space).update(name).digestInto(hash);
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  return (
    `${HEX[hash[0]!]}${HEX[hash[1]!]}${HEX[hash[2]!]}${HEX[hash[3]!]}-${HEX[hash[4]!]}${HEX[hash[5]!]}` +
    `-${HEX[hash[6]!]}${HEX[hash[7]!]}-${HEX[hash[8]!]}${HEX[hash[9]!]}-${HEX[hash[10]!]}${HEX[hash[11]!]}` +
    `${HEX[hash[12]!]}${HEX[hash[13]!]}${HEX[hash[14]!]}${HEX[hash[15]!]}`
  );
}

function bigEndian(index: number): Uint8Array {
  return Uint8Array.of(index >>> 24, index >>> 16, index >>> 8, index);
}

/** The value of a hexadecimal digit, of either case: letters have bit 6 set, and `a` ends in 1. */
function digit(code: number): number {
  return (code & 15) + (code >> 6) * 9;
}

function unusable(why: string): CommandFailure {
  return new CommandFailure(
    { tag: 'invalid-argument', val: { argument: 'commandId', message: `the command id ${why}` } },
    `the command id ${why}`,
  );
}
