/**
 * Reads a page of commits as one sequence of bytes (`packed-bytes.ts`). The driver needs as long for the 19 columns of
 * a commit and its event as SQLite for finding them. A page of 1,000 commits takes half of the time in this form.
 *
 * Only a damaged file has values that do not fit. The page then cannot be read, or the commit differs from its hash.
 */
import type { Database, Statement } from 'better-sqlite3';
import { type RawBuilder, sql } from 'kysely';
import type { Envelope, Outcome } from '../../../core/messages.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import { HASH_BYTES } from '../../../core/storage/chain.ts';
import { readUuid } from '../../../core/uuid.ts';
import { bytes } from './columns.ts';
import { damage } from './failures.ts';
import { concatenated, lastPart, PART, PackedBytes, parts } from './packed-bytes.ts';
import { type Connection, rejectionOf } from './read.ts';
import { bound, compiler, ofEvent } from './schema.ts';
import { values } from './statements.ts';

/**
 * The maximum number of bytes of a payload in a page. Larger payloads are read one by one, so that pages stay small.
 */
const MAX_PACKED_PAYLOAD = 4_096;

const UUID_BYTES = 16;
/** The first integer of each row. */
const FURTHER_EVENT = 0;
const COMMIT = 1;
const DAMAGED = 2;

/** The statements that read pages. */
export interface PackedStatements {
  /** Selects a stream's commits that have events. The limit is a number of events. */
  readonly withEvents: Statement<[streamId: number, fromRevision: number, limit: number], Uint8Array | null>;
  /** Selects a stream's commits without events. */
  readonly withoutEvents: Statement<[streamId: number, afterId: number, limit: number], Uint8Array | null>;
  readonly commandPayload: Statement<[id: number], unknown>;
  readonly eventPayload: Statement<[streamId: number, revision: number], unknown>;
}

const number = bound<number>();

function lengthOf(name: string): RawBuilder<unknown> {
  return sql`octet_length(${sql.ref(name)})`;
}

function payloadIn(table: 'decisions' | 'events'): RawBuilder<unknown> {
  const payload = `${table}.payload`;
  return sql`iif(${lengthOf(payload)} <= ${sql.lit(MAX_PACKED_PAYLOAD)}, ${sql.ref(payload)}, '')`;
}

function optionalTextIn(name: string): RawBuilder<unknown> {
  return sql`iif(${sql.ref(name)} is null, char(0), char(1, ${parts(lengthOf(name))}) || ${sql.ref(name)})`;
}

const texts = ['rejection', 'causation_id', 'correlation_id', 'actor', 'key_id'].map((name) => `decisions.${name}`);
const hasTexts = sql`coalesce(${sql.join(texts.map((name) => sql.ref(name)))}) is not null`;

const recordedAt = sql.ref('decisions.recorded_at');

// A length of more than 2^20 is read as another length, which is also more than the maximum of a packed payload.
const decisionPart = sql`char(${sql.join([
  sql.lit(COMMIT),
  parts(sql.ref('decisions.id')),
  sql.ref('decisions.command_type_id'),
  sql.ref('decisions.event_count'),
  parts(sql`ifnull(${sql.ref('decisions.seen_revision')}, -1) + 1`),
  parts(sql`${recordedAt} / ${sql.lit(PART)}`),
  lastPart(recordedAt),
  lengthOf('decisions.payload'),
])}) || ${sql.ref('decisions.command_id')} || ${sql.ref('decisions.hash')} || ${payloadIn('decisions')}
|| iif(${hasTexts}, char(1) || ${sql.join(texts.map(optionalTextIn), sql` || `)}, char(0))`;

/** The event's index in its decision. */
const index = sql`${sql.ref('events.revision')} - ${sql.ref('decisions.revision')} + ${sql.ref('decisions.event_count')} - 1`;

const eventPart = sql`char(${lastPart(sql.ref('events.revision'))}, ${sql.ref('events.event_type_id')},
  ${lengthOf('events.payload')}) || ${payloadIn('events')}`;

const prepared = new WeakMap<Database, PackedStatements>();

/** Returns the statements of a connection. They are prepared at first use. */
export function packedStatements(database: Database): PackedStatements {
  const known = prepared.get(database);
  if (known !== undefined) return known;
  const statements = prepare(database);
  prepared.set(database, statements);
  return statements;
}

function prepare(database: Database): PackedStatements {
  const eventRow = sql<Uint8Array>`ifnull(iif(${index} = 0, ${decisionPart}, char(${sql.lit(FURTHER_EVENT)},
    ${lastPart(sql.ref('decisions.id'))})) || ${eventPart}, char(${sql.lit(DAMAGED)}))`;
  const withEvents = compiler
    .selectFrom('events')
    .leftJoin('decisions', ofEvent)
    .select(eventRow.as('packed'))
    .where('events.stream_id', '=', number)
    .where('events.revision', '>=', number)
    .orderBy('events.revision')
    .limit(number);
  const withoutEvents = compiler
    .selectFrom('decisions')
    .select(sql<Uint8Array>`ifnull(${decisionPart}, char(${sql.lit(DAMAGED)}))`.as('packed'))
    .where('stream_id', '=', number)
    .where('event_count', '=', sql.lit(0))
    .where('id', '>', number)
    .orderBy('id')
    .limit(number);
  return {
    withEvents: values(database, compiler.selectFrom(withEvents.as('rows')).select(concatenated)),
    withoutEvents: values(database, compiler.selectFrom(withoutEvents.as('rows')).select(concatenated)),
    commandPayload: values(database, compiler.selectFrom('decisions').select('payload').where('id', '=', number)),
    eventPayload: values(
      database,
      compiler.selectFrom('events').select('payload').where('stream_id', '=', number).where('revision', '=', number),
    ),
  };
}

const decoder = new TextDecoder();

/** The commits of a page, one after another. The bytes of the commits are views of the page. */
export class PackedPage {
  readonly #connection: Connection;
  readonly #stream: string;
  readonly #streamId: number;
  readonly #packed: PackedBytes;
  /** The commit that was read last, and its id. */
  commit: RecordedCommit | undefined;
  id = 0;

  constructor(connection: Connection, stream: string, streamId: number, page: Uint8Array | null) {
    this.#connection = connection;
    this.#stream = stream;
    this.#streamId = streamId;
    this.#packed = new PackedBytes(page);
  }

  get isEmpty(): boolean {
    return this.#packed.bytes.length === 0;
  }

  /**
   * Reads the next commit. Returns false at the end of the page, which may be in the middle of a commit.
   * @param firstRevision the revision of its first event.
   */
  next(firstRevision: number): boolean {
    this.commit = undefined;
    const packed = this.#packed;
    if (packed.isAtEnd) return false;
    if (packed.part() !== COMMIT) throw unreadable();
    const id = packed.integer();
    const { type, schemaVersion, contentType, module } = this.#connection.cache.commandType(packed.part());
    const eventCount = packed.part();
    const seen = packed.integer();
    const recordedAt = packed.integer() * PART + packed.part();
    const length = packed.part();
    const commandId = readUuid(packed.bytes, packed.skip(UUID_BYTES));
    const hash = packed.view(HASH_BYTES);
    const payload = length <= MAX_PACKED_PAYLOAD ? packed.view(length) : this.#commandPayload(id);
    const hasTexts = packed.part() === 1;
    const rejection = hasTexts ? this.#optionalText() : undefined;
    const causationId = hasTexts ? this.#optionalText() : undefined;
    const correlationId = (hasTexts ? this.#optionalText() : undefined) ?? commandId;
    const actor = hasTexts ? this.#optionalText() : undefined;
    const keyId = hasTexts ? this.#optionalText() : undefined;
    const events = eventCount === 0 ? [] : this.#events(id, firstRevision, eventCount);
    if (events === undefined) return false;
    const outcome: Outcome = rejection === undefined ? ACCEPTED : rejected(rejection, commandId);
    const decision = {
      commandId,
      command: { type, schemaVersion, payload },
      contentType,
      module,
      seenRevision: seen === 0 ? undefined : BigInt(seen - 1),
      outcome,
      causationId,
      correlationId,
      actor,
      keyId,
    };
    this.id = id;
    this.commit = {
      decision: {
        stream: this.#stream,
        decision,
        firstRevision: eventCount === 0 ? undefined : BigInt(firstRevision),
        eventCount,
        recordedAt: BigInt(recordedAt),
        hash,
      },
      events,
    };
    return true;
  }

  /** Reads the events of a commit. Returns undefined if the page ends before the last one. */
  #events(id: number, firstRevision: number, count: number): readonly Envelope[] | undefined {
    const packed = this.#packed;
    if (count > packed.bytes.length) throw unreadable();
    const events: Envelope[] = new Array(count);
    for (let index = 0; index < count; index++) {
      if (index > 0) {
        if (packed.isAtEnd) return undefined;
        if (packed.part() !== FURTHER_EVENT || packed.part() !== id % PART) throw unreadable();
      }
      const revision = firstRevision + index;
      if (packed.part() !== revision % PART) throw unreadable();
      const { type, schemaVersion } = this.#connection.cache.eventType(packed.part());
      const length = packed.part();
      const payload = length <= MAX_PACKED_PAYLOAD ? packed.view(length) : this.#eventPayload(revision);
      events[index] = { type, schemaVersion, payload };
    }
    return events;
  }

  #commandPayload(id: number): Uint8Array {
    const { commandPayload } = packedStatements(this.#connection.database);
    return bytes(commandPayload.get(id), 'decisions.payload');
  }

  #eventPayload(revision: number): Uint8Array {
    const { eventPayload } = packedStatements(this.#connection.database);
    return bytes(eventPayload.get(this.#streamId, revision), 'events.payload');
  }

  #optionalText(): string | undefined {
    return this.#packed.part() === 0 ? undefined : decoder.decode(this.#packed.view(this.#packed.integer()));
  }
}

const ACCEPTED: Outcome = { tag: 'accepted' };

function rejected(rejection: string, commandId: string): Outcome {
  return { tag: 'rejected', val: rejectionOf(rejection, commandId) };
}

function unreadable(): Error {
  return damage('an event does not follow the previous one, or does not belong to its decision');
}
