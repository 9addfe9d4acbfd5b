/**
 * Ids are derived, not drawn (DESIGN §3): whoever holds a command id can compute the ids of the events that came of it,
 * so that none is stored and a redelivery finds the same ones. Every derived id is a UUIDv5 (RFC 9562 §5.5): SHA-1 over
 * the namespace's 16 bytes and the name, with version and variant set.
 *
 * | id | namespace | name |
 * |---|---|---|
 * | command id, from a text that is no UUID | {@link COMMAND_ID_NAMESPACE} | the text in UTF-8 |
 * | event id | the command's id | the event's index in its decision, u32 big-endian |
 * | id of a command that an event handler emits | UUIDv5 of the event id and the handler's name in UTF-8 | the index among the event's commands, u32 big-endian |
 *
 * SHA-1 is no defence against someone who wants two texts with one id, and need not be one: what is kept against
 * tampering is the hash chain, which is SHA-256.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { CommandFailure } from './errors.ts';

/**
 * The namespace of command ids that are no UUIDs: UUIDv5 of RFC 9562's URL namespace and
 * `decidable:eventsourcing/command-id`. Fixed for ever: to change it is to lose every idempotent command ever sent.
 */
export const COMMAND_ID_NAMESPACE = 'f21aa10a-cc1b-5774-8588-740f40dd4e19';

/** The text form of RFC 9562 §4, lower case, of any version and variant: others have drawn ids in their own ways. */
const UUID_LENGTH = 36;

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const encoder = new TextEncoder();

/** Whether `text` is a UUID in lower-case text, the only form that this package writes. */
export function isUuid(text: string): boolean {
  if (text.length !== UUID_LENGTH) return false;
  // Not by the regular expression: this is asked for every command, and the loop takes a fifth of the time.
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
 * A command's id as it is stored. A UUID stays what it is, in lower case (RFC 9562 §4: both cases are read, lower case is
 * written); any other text becomes the UUIDv5 of that text, always the same one.
 *
 * @throws CommandFailure `invalid-argument` where the text is empty or holds a lone surrogate: it has no bytes in UTF-8,
 * and what stands in for it would give two texts one id.
 */
export function commandUuid(id: string): string {
  if (id.length === UUID_LENGTH) {
    if (isUuid(id)) return id;
    const lower = id.toLowerCase();
    if (isUuid(lower)) return lower;
  }
  if (id === '') throw unusable('is empty: leave it out, or give each command a text of its own');
  if (!id.isWellFormed()) throw unusable(`holds a lone surrogate: ${JSON.stringify(id)}`);
  return uuidV5(COMMAND_ID_NAMESPACE, encoder.encode(id));
}

/** The id of the event at `index` of the decision on the command with this UUID. */
export function eventId(commandId: string, index: number): string {
  return uuidV5(commandId, bigEndian(index));
}

/** The id of the command at `index` among those that the handler emits for the event with this UUID. */
export function reactionId(event: string, handlerName: string, index: number): string {
  return uuidV5(uuidV5(event, encoder.encode(handlerName)), bigEndian(index));
}

// SHA-1 of two dozen bytes is half the work of making a hash object for it: one is kept, and set back to the start.
const START = sha1.create();
const hasher = sha1.create();
const space = new Uint8Array(16);
const hash = new Uint8Array(20);

/** UUIDv5 (RFC 9562 §5.5) of a name in the namespace of a UUID, in lower-case text. */
export function uuidV5(namespace: string, name: Uint8Array): string {
  // xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx: a byte for every two digits, hyphens stepped over.
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
