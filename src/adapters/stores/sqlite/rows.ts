/** The rows that the statements of `statements.ts` return. */
import { type AliasedRawBuilder, sql } from 'kysely';

/**
 * A decision's columns, in the order of `decisionColumns`. Their types are unknown until they are checked
 * (`columns.ts`), except that SQLite ensures that row ids are integers.
 */
export type DecisionRow = [
  id: number,
  /** The 16 bytes of the UUID in hexadecimal digits. */
  commandId: unknown,
  streamId: unknown,
  commandTypeId: unknown,
  /** A string of hexadecimal digits, up to {@link MAX_HEXADECIMAL} bytes. A larger payload is a buffer. */
  payload: unknown,
  seenRevision: unknown,
  eventCount: unknown,
  revision: unknown,
  rejection: unknown,
  causationId: unknown,
  correlationId: unknown,
  actor: unknown,
  keyId: unknown,
  recordedAt: unknown,
  /** The 32 bytes in hexadecimal digits. */
  hash: unknown,
];

/** An event's columns, and the columns of its decision that its context needs. */
export type EventRow = [
  position: number,
  streamId: unknown,
  revision: unknown,
  eventTypeId: unknown,
  /** A string of hexadecimal digits, up to {@link MAX_HEXADECIMAL} bytes. A larger payload is a buffer. */
  payload: unknown,
  /** The command id in hexadecimal digits. It is empty if the decision is missing or does not have the event. */
  commandId: unknown,
  commandTypeId: unknown,
  /** The event's index in its decision. */
  index: unknown,
  correlationId: unknown,
  recordedAt: unknown,
];

/**
 * The maximum number of bytes of a payload that is read as hexadecimal digits. A Buffer costs the driver 1.2
 * microseconds, as much as the rest of the row. For payloads of usual size, a string and a loop over its digits need a
 * fifth of that time.
 */
const MAX_HEXADECIMAL = 256;

/** Selects a payload as hexadecimal digits if it is small. */
export function payloadOf(table: 'decisions' | 'events'): AliasedRawBuilder<unknown, 'payload'> {
  const payload = sql.ref(`${table}.payload`);
  return sql`iif(length(${payload}) <= ${sql.lit(MAX_HEXADECIMAL)}, hex(${payload}), ${payload})`.as('payload');
}

export type CommandTypeRow = [
  moduleName: string,
  moduleVersion: string,
  moduleDigest: Uint8Array | null,
  contentType: string,
  type: string,
  schemaVersion: number,
];

export type SnapshotRow = [revision: unknown, contentType: unknown, state: unknown, checksum: unknown];
