/**
 * Ids are derived, not random (docs/architecture.md, "Ids are derived"). The ids of a command's events are derived from
 * the command's id, so they need no storage, and a duplicate has the same ids. Every derived id is a UUIDv5 (RFC 9562
 * §5.5): SHA-1 over the namespace's 16 bytes and the name, with version and variant set.
 *
 * | id | namespace | name |
 * |---|---|---|
 * | of a command, from a string that is not a UUID | {@link COMMAND_ID_NAMESPACE} | the string |
 * | of an event | the command's id | the event's index in its decision |
 * | of the handling of an event | the event's id | the handler's name |
 * | of a command that an event handler sends | the id of the handling | the command's index among those of the event |
 *
 * Strings are in UTF-8, and an index is a u32, big-endian.
 *
 * SHA-1 does not stop an attacker who constructs two strings with the same id. Ids need no such protection, because the
 * hash chain uses SHA-256 and detects tampering.
 */
import { CommandFailure } from './errors.ts';
import { isUuid, UUID_LENGTH, uuidV5 } from './uuid.ts';

/**
 * The namespace of command ids that are not UUIDs: UUIDv5 of RFC 9562's URL namespace and
 * `decidable:eventsourcing/command-id`. It must never change, because every duplicate would then become a new command.
 */
export const COMMAND_ID_NAMESPACE = 'f21aa10a-cc1b-5774-8588-740f40dd4e19';

const encoder = new TextEncoder();

/**
 * Returns a command's id as it is stored. A UUID is converted to lower case (RFC 9562 §4 requires readers to accept
 * both cases and writers to use lower case). Any other string is replaced by its UUIDv5, which is always the same.
 *
 * @example commandUuid('order-1'); // '5dacb40f-d1b1-5d08-849b-06fe3f93091e'
 *
 * @throws CommandFailure `invalid-argument` if the string is empty or has a lone surrogate. UTF-8 cannot encode a lone
 * surrogate, and a replacement character would let two strings share an id.
 */
export function commandUuid(id: string): string {
  if (id.length === UUID_LENGTH) {
    if (isUuid(id)) return id;
    const lower = id.toLowerCase();
    if (isUuid(lower)) return lower;
  }
  if (id === '') throw unusable('is empty; omit it, or pass a string that is unique to the command');
  if (!id.isWellFormed()) throw unusable(`has a lone surrogate: ${JSON.stringify(id)}`);
  return uuidV5(COMMAND_ID_NAMESPACE, encoder.encode(id));
}

/** Returns the id of the event at `index` of the decision on the command with this UUID: `eventId(commandId, 0)`. */
export function eventId(commandId: string, index: number): string {
  return uuidV5(commandId, bigEndian(index));
}

/**
 * Returns the id of the command at `index` among those that the handler sends because of the event with this UUID.
 *
 * @example reactionId(context.id, 'transfers', 0)
 */
export function reactionId(event: string, handlerName: string, index: number): string {
  return uuidV5(handlingId(event, handlerName), bigEndian(index));
}

/** Returns the id of the command by which a process manager handles the event with this UUID. */
export function handlingId(event: string, handlerName: string): string {
  return uuidV5(event, encoder.encode(handlerName));
}

/** Returns the id of the command by which a process manager handles the rejection of its command with this UUID. */
export function rejectionId(commandId: string, handlerName: string): string {
  return uuidV5(commandId, encoder.encode(`${handlerName}:rejected`));
}

function bigEndian(index: number): Uint8Array {
  return Uint8Array.of(index >>> 24, index >>> 16, index >>> 8, index);
}

function unusable(why: string): CommandFailure {
  return new CommandFailure(
    { tag: 'invalid-argument', val: { argument: 'commandId', message: `the command id ${why}` } },
    `the command id ${why}`,
  );
}
