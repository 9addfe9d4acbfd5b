/**
 * Reads a page of commits as one value: SQLite concatenates the columns of all rows to one sequence of bytes. The driver
 * needs as long for the 19 columns of a commit and its event as SQLite for finding them, and then each value is an
 * object or a string that has to be decoded. A page of 1,000 commits takes a third of the time in this form.
 *
 * Integers are the UTF-8 forms of `char()`, which writes several of them in one call. An integer that may be greater than
 * 2^20 is split into parts. Blobs and texts keep their bytes when they are concatenated. Values that a part cannot
 * hold are in a damaged file only. The commit then differs from its hash, or the page cannot be read.
 */
import type { Database, Statement } from 'better-sqlite3';
import { type RawBuilder, sql } from 'kysely';
import type { Envelope, Outcome } from '../../../core/messages.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import { HASH_BYTES } from '../../../core/storage/chain.ts';
import { readUuid } from '../../../core/uuid.ts';
import { bytes } from './columns.ts';
import { damage } from './failures.ts';
import { type Connection, rejectionOf } from './read.ts';
import { bound, compiler } from './schema.ts';
import { values } from './statements.ts';

/** The maximum number of bytes of a payload in a page. Larger payloads are read one by one, so that pages stay small. */
const MAX_PACKED_PAYLOAD = 4_096;

const UUID_BYTES = 16;
const PART_BITS = 20;
const PART = 2 ** PART_BITS;

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

/** The arguments of `char()` for an integer from 0 to 2^40. */
function parts(integer: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`(${integer}) >> ${sql.lit(PART_BITS)}, (${integer}) & ${sql.lit(PART - 1)}`;
}

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
  sql`${recordedAt} >> ${sql.lit(2 * PART_BITS)}`,
  sql`(${recordedAt} >> ${sql.lit(PART_BITS)}) & ${sql.lit(PART - 1)}`,
  sql`${recordedAt} & ${sql.lit(PART - 1)}`,
  lengthOf('decisions.payload'),
])}) || ${sql.ref('decisions.command_id')} || ${sql.ref('decisions.hash')} || ${payloadIn('decisions')}
|| iif(${hasTexts}, char(1) || ${sql.join(texts.map(optionalTextIn), sql` || `)}, char(0))`;

/** The event's index in its decision. */
const index = sql`${sql.ref('events.revision')} - ${sql.ref('decisions.revision')} + ${sql.ref('decisions.event_count')} - 1`;

const eventPart = sql`char(${sql.ref('events.revision')} & ${sql.lit(PART - 1)}, ${sql.ref('events.event_type_id')},
  ${lengthOf('events.payload')}) || ${payloadIn('events')}`;

const page = sql<Uint8Array | null>`cast(group_concat(packed, '') as blob)`.as('page');

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
    ${sql.ref('decisions.id')} & ${sql.lit(PART - 1)})) || ${eventPart}, char(${sql.lit(DAMAGED)}))`;
  const withEvents = compiler
    .selectFrom('events')
    .leftJoin('decisions', (join) =>
      join
        .onRef('decisions.id', '=', 'events.decision_id')
        .onRef('decisions.stream_id', '=', 'events.stream_id')
        .onRef('decisions.revision', '>=', 'events.revision'),
    )
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
    withEvents: values(database, compiler.selectFrom(withEvents.as('rows')).select(page)),
    withoutEvents: values(database, compiler.selectFrom(withoutEvents.as('rows')).select(page)),
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
  readonly #bytes: Uint8Array;
  #at = 0;
  /** The commit that was read last, and its id. */
  commit: RecordedCommit | undefined;
  id = 0;

  constructor(connection: Connection, stream: string, streamId: number, page: Uint8Array | null) {
    this.#connection = connection;
    this.#stream = stream;
    this.#streamId = streamId;
    this.#bytes = page ?? new Uint8Array();
  }

  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  /**
   * Reads the next commit. Returns false at the end of the page, which may be in the middle of a commit.
   * @param firstRevision the revision of its first event.
   */
  next(firstRevision: number): boolean {
    this.commit = undefined;
    if (this.#at === this.#bytes.length) return false;
    if (this.#part() !== COMMIT) throw unreadable();
    const id = this.#integer();
    const { type, schemaVersion, contentType, module } = this.#connection.cache.commandType(this.#part());
    const eventCount = this.#part();
    const seen = this.#integer();
    const recordedAt = this.#integer() * PART + this.#part();
    const length = this.#part();
    const commandId = readUuid(this.#bytes, this.#skip(UUID_BYTES));
    const hash = this.#view(HASH_BYTES);
    const payload = length <= MAX_PACKED_PAYLOAD ? this.#view(length) : this.#commandPayload(id);
    const hasTexts = this.#part() === 1;
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
    if (count > this.#bytes.length) throw unreadable();
    const events: Envelope[] = new Array(count);
    for (let index = 0; index < count; index++) {
      if (index > 0) {
        if (this.#at === this.#bytes.length) return undefined;
        if (this.#part() !== FURTHER_EVENT || this.#part() !== id % PART) throw unreadable();
      }
      const revision = firstRevision + index;
      if (this.#part() !== revision % PART) throw unreadable();
      const { type, schemaVersion } = this.#connection.cache.eventType(this.#part());
      const length = this.#part();
      const payload = length <= MAX_PACKED_PAYLOAD ? this.#view(length) : this.#eventPayload(revision);
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
    return this.#part() === 0 ? undefined : decoder.decode(this.#view(this.#integer()));
  }

  /** Reads an integer of two parts. */
  #integer(): number {
    return this.#part() * PART + this.#part();
  }

  /** Reads an argument of `char()`, which is a code point in UTF-8. */
  #part(): number {
    const source = this.#bytes;
    const first = source[this.#at++];
    if (first === undefined) throw unreadable();
    if (first < 0x80) return first;
    let rest = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let value = first & (0x3f >> rest);
    for (; rest > 0; rest--) value = (value << 6) | (source[this.#at++]! & 0x3f);
    return value;
  }

  #view(length: number): Uint8Array {
    const { buffer, byteOffset } = this.#bytes;
    return new Uint8Array(buffer, byteOffset + this.#skip(length), length);
  }

  /** Returns the offset of the next bytes. */
  #skip(length: number): number {
    const at = this.#at;
    this.#at = at + length;
    if (this.#at > this.#bytes.length) throw unreadable();
    return at;
  }
}

const ACCEPTED: Outcome = { tag: 'accepted' };

function rejected(rejection: string, commandId: string): Outcome {
  return { tag: 'rejected', val: rejectionOf(rejection, commandId) };
}

function unreadable(): Error {
  return damage('an event does not follow the previous one, or does not belong to its decision');
}
