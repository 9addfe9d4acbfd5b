/**
 * Compares the largest indexes with their table. SQLite's `integrity_check` looks up each row in each index. The ids of
 * commands are random, so that takes 3 µs for each of a million decisions. Here the index and the table are read from
 * first to last, and the sums of their entries are compared, which takes 0.5 µs. An entry has 64 pseudorandom bits that
 * depend on its values and on a number that is drawn for each comparison. The sums of different entries are equal with
 * a probability of 2^-64.
 */
import type { Database, Statement } from 'better-sqlite3';
import { sql } from 'kysely';
import { mixBits } from '../../../core/storage/mix-bits.ts';
import { concatenated, PackedBytes, parts } from './packed-bytes.ts';
import { bound, compiler, type Tables } from './schema.ts';
import { rows } from './statements.ts';

const UUID_BYTES = 16;
const PAGE = 1_000;

/** The number and the sums of entries. */
export class EntrySums {
  readonly #seed: number;
  #count = 0;
  #first = 0;
  #second = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Adds an entry with the 16 bytes of a command id. */
  addCommand(bytes: Uint8Array, at: number, id: number): void {
    this.#add(word(bytes, at), word(bytes, at + 4), word(bytes, at + 8), word(bytes, at + 12), id);
  }

  /** Adds an entry with the id of a stream. */
  addStream(streamId: number, id: number): void {
    this.#add(streamId, streamId / 2 ** 32, 0, 0, id);
  }

  #add(a: number, b: number, c: number, d: number, id: number): void {
    const high = id / 2 ** 32;
    let hash = mixBits(a ^ this.#seed);
    hash = mixBits(hash ^ b);
    hash = mixBits(hash ^ c);
    hash = mixBits(hash ^ d);
    hash = mixBits(hash ^ id);
    const first = mixBits(hash ^ high);
    hash = mixBits(first ^ d);
    hash = mixBits(hash + c);
    hash = mixBits(hash + b);
    hash = mixBits(hash + id);
    this.#count++;
    this.#first = (this.#first + first) | 0;
    this.#second = (this.#second + mixBits(hash + a)) | 0;
  }

  equals(other: EntrySums): boolean {
    return this.#count === other.#count && this.#first === other.#first && this.#second === other.#second;
  }
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

/** Draws the number on which the sums of one comparison depend. */
export function drawSeed(): number {
  return globalThis.crypto.getRandomValues(new Int32Array(1))[0]!;
}

type CommandPage = [page: Uint8Array | null, ids: number | null];

/** The queries that read the indexes. */
export interface IndexStatements {
  readonly commands: Statement<[after: Uint8Array, limit: number], CommandPage>;
  readonly withoutEvents: Statement<
    [afterStream: number, afterId: number, limit: number],
    [streamId: unknown, id: number]
  >;
}

export function prepareIndexStatements(database: Database): IndexStatements {
  // SQLite names the index of a unique column. Kysely cannot name the index that a query reads, so the name follows the
  // alias.
  const byCommand = sql<Tables['decisions']>`decisions`.as<'byCommand'>(
    sql`byCommand indexed by sqlite_autoindex_decisions_1`,
  );
  const withoutEvents = sql<Tables['decisions']>`decisions`.as<'withoutEvents'>(
    sql`withoutEvents indexed by decisions_without_events`,
  );
  const commands = compiler
    .selectFrom(byCommand)
    .select(['command_id', sql<Uint8Array>`command_id || char(${parts(sql.ref('id'))})`.as('packed')])
    .where('command_id', '>', bound<Uint8Array>())
    .orderBy('command_id')
    .limit(bound<number>());
  const isId = sql`typeof(command_id) = 'blob' and octet_length(command_id) = ${sql.lit(UUID_BYTES)}`;
  return {
    commands: rows(
      database,
      compiler.selectFrom(commands.as('entries')).select([concatenated, sql<number | null>`sum(${isId})`.as('ids')]),
    ),
    withoutEvents: rows(
      database,
      compiler
        .selectFrom(withoutEvents)
        .select(['stream_id', 'id'])
        .where('event_count', '=', sql.lit(0))
        .where(sql<boolean>`(stream_id, id) > (?, ?)`)
        .orderBy('stream_id')
        .orderBy('id')
        .limit(bound<number>()),
    ),
  };
}

/** Adds the entries of the index of command ids. Yields after each page. Returns false if the index is not in order. */
export function* addCommands({ commands }: IndexStatements, sums: EntrySums): Generator<void, boolean> {
  const last = new Uint8Array(UUID_BYTES);
  for (let isFirst = true; ; isFirst = false) {
    // The first page begins before all ids.
    const [page, ids] = commands.get(isFirst ? new Uint8Array() : last, PAGE)!;
    const packed = new PackedBytes(page);
    let count = 0;
    while (!packed.isAtEnd) {
      const at = packed.skip(UUID_BYTES);
      if (!(isFirst && count === 0) && !isAscending(last, packed.bytes, at)) return false;
      for (let byte = 0; byte < UUID_BYTES; byte++) last[byte] = packed.bytes[at + byte]!;
      sums.addCommand(packed.bytes, at, packed.integer());
      count++;
    }
    if (count !== (ids ?? 0)) return false;
    if (count < PAGE) return true;
    yield;
  }
}

function isAscending(last: Uint8Array, bytes: Uint8Array, at: number): boolean {
  for (let byte = 0; byte < UUID_BYTES; byte++) {
    const difference = bytes[at + byte]! - last[byte]!;
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** Does the same as {@link addCommands} for the index of decisions without events. */
export function* addWithoutEvents({ withoutEvents }: IndexStatements, sums: EntrySums): Generator<void, boolean> {
  let stream = 0;
  let last = 0;
  for (;;) {
    const entries = withoutEvents.all(stream, last, PAGE);
    for (const [streamId, id] of entries) {
      if (typeof streamId !== 'number' || streamId < stream || (streamId === stream && id <= last)) return false;
      sums.addStream(streamId, id);
      stream = streamId;
      last = id;
    }
    if (entries.length < PAGE) return true;
    yield;
  }
}
