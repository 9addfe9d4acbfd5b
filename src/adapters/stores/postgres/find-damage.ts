/**
 * Checks the data of a store that reads use and that the hashes of the commits do not cover: the columns next to the
 * content, the index of types, the heads of the streams, and the snapshots. It reads each table once, in one snapshot
 * of the database.
 *
 * It does not compare the tables with PostgreSQL's own indexes. The extension `amcheck` does that.
 */
import { CHAIN_START, HASH_BYTES } from '../../../core/storage/chain.ts';
import { equalBytes } from '../../../core/storage/equal-bytes.ts';
import type { Damage } from '../../../core/storage/verify-chain.ts';
import { categoryOf, checkStreamName } from '../../../core/stream-name.ts';
import { toHex } from '../../../core/uuid.ts';
import { bytes, integer, restored, text } from './columns.ts';
import type { Transaction } from './connections.ts';
import type { Row } from './driver.ts';
import { DamagedRow } from './failures.ts';
import { nextPositionsHash } from './positions-hash.ts';
import { checkedSnapshot, decodedCommit } from './read.ts';

/** The number of rows that are read in one round trip. */
const PAGE = 500;
/** The number of snapshots that are read in one round trip, because they may be large. */
const SNAPSHOT_PAGE = 20;

/** The end of a stream, as its commits show it. */
interface StreamEnd {
  readonly id: bigint;
  readonly commits: bigint;
  readonly events: bigint;
  readonly hash: string;
  readonly position: bigint;
  readonly positionsHash: Uint8Array;
}

/**
 * Returns the first damaged place, or `undefined` if there is no damage.
 * @param own the name of the schema, as a part of a statement.
 * @throws the driver's error.
 */
export async function findDamage(transaction: Transaction, own: string): Promise<Damage | undefined> {
  await transaction.query('set transaction isolation level repeatable read, read only');
  try {
    await new Audit(transaction, own).run();
    return undefined;
  } catch (error) {
    if (error instanceof Found) return error.damage;
    if (error instanceof DamagedRow) return damage('the schema', error.message);
    throw error;
  }
}

class Audit {
  readonly #transaction: Transaction;
  readonly #own: string;
  readonly #ends = new Map<string, StreamEnd>();
  #lastPosition = -1n;
  #lastStreamId = -1n;
  #cursors = 0;

  constructor(transaction: Transaction, own: string) {
    this.#transaction = transaction;
    this.#own = own;
  }

  /** Checks all tables. @throws Found the first damaged place. */
  async run(): Promise<void> {
    const own = this.#own;
    const types = new Types(
      this.#rows(
        `select t.position, e.category, e.type, t.events
        from (
          select event_type_id, position, events from ${own}.commits_by_type
          union all select event_type_id, position, event_count from ${own}.commits where event_type_id <> 0
        ) t
        left join ${own}.event_types e on e.id = t.event_type_id order by t.position`,
      ),
    );
    const commits = this.#rows(
      `select s.name, c.stream, c.stream_id, c.command_id, c.number, c.revision, c.event_count, c.position, c.hash, c.content
      from ${own}.commits c left join ${own}.streams s on s.id = c.stream_id order by c.position, c.number`,
    );
    for await (const row of commits) await this.#commit(row, types);
    await types.end();
    let streams = 0;
    for await (const row of this.#rows(
      `select name, id, revision, commits, hash, position, positions_hash from ${own}.streams order by id`,
    )) {
      this.#stream(row);
      streams++;
    }
    if (streams < this.#ends.size) throw new Found('streams', 'two streams have the same name');
    await this.#snapshots();
  }

  async #commit(row: Row, types: Types): Promise<void> {
    const [name, ownName, id, commandId, number, revision, count, at, hash, content] = row;
    const place = `commits.command_id ${commandId}`;
    if (name === null || name === undefined) throw new Found(place, 'its stream is missing');
    const stream = text(name, 'streams.name');
    if (ownName !== name) throw new Found(place, 'its stream has another name');
    const { decision, events } = decodedCommit(content);
    if (decision.commandId !== commandId) {
      throw new Found(place, `its content has the decision of command ${decision.commandId}`);
    }
    const streamId = integer(id, 'commits.stream_id');
    let end = this.#ends.get(stream);
    if (end === undefined) {
      const problem = checkStreamName(stream);
      if (problem !== undefined) throw new Found(place, `the stream name ${problem}`);
      if (streamId <= this.#lastStreamId)
        throw new Found(place, 'its stream has a lower id than the stream of an earlier commit');
      this.#lastStreamId = streamId;
      end = { id: streamId, commits: 0n, events: 0n, hash: '', position: -1n, positionsHash: CHAIN_START };
    }
    const eventCount = BigInt(events.length);
    const position = integer(at, 'commits.position');
    if (streamId !== end.id) throw new Found(place, 'two streams have the same name');
    expected(place, 'event_count', integer(count, 'commits.event_count'), eventCount);
    expected(place, 'number', integer(number, 'commits.number'), end.commits);
    expected(place, 'revision', integer(revision, 'commits.revision'), end.events);
    if (position <= this.#lastPosition) throw new Found(place, 'its position belongs to another commit too');
    // Positions have gaps, because a commit that is refused in a group leaves one. The head's hash of the positions,
    // and the index of types, show a position that was changed.
    this.#lastPosition = position + (eventCount > 1n ? eventCount : 1n) - 1n;
    await types.check(
      place,
      position,
      categoryOf(stream),
      events.map(({ type }) => type),
    );
    this.#ends.set(stream, {
      id: streamId,
      commits: end.commits + 1n,
      events: end.events + eventCount,
      hash: toHex(bytes(hash, 'commits.hash', HASH_BYTES)),
      position: this.#lastPosition,
      positionsHash: nextPositionsHash(end.positionsHash, position),
    });
  }

  #stream([name, id, revision, commits, hash, position, positionsHash]: Row): void {
    const stream = text(name, 'streams.name');
    const place = `streams.name ${JSON.stringify(stream)}`;
    const end = this.#ends.get(stream);
    if (end === undefined) throw new Found(place, 'it has no commits');
    expected(place, 'id', integer(id, 'streams.id'), end.id);
    expected(place, 'revision', BigInt(text(revision, 'streams.revision')), end.events - 1n);
    expected(place, 'commits', integer(commits, 'streams.commits'), end.commits);
    expected(place, 'position', integer(position, 'streams.position'), end.position);
    // Positions have gaps, so only this column shows that the position of a commit without events was changed.
    if (!equalBytes(bytes(positionsHash, 'streams.positions_hash', HASH_BYTES), end.positionsHash)) {
      throw new Found(place, 'the position of one of its commits was changed');
    }
    if (toHex(bytes(hash, 'streams.hash', HASH_BYTES)) !== end.hash) {
      throw new Found(place, 'its hash is not that of its last commit');
    }
  }

  async #snapshots(): Promise<void> {
    const rows = this.#rows(
      `select stream, module_name, module_version, revision, content_type, state, checksum from ${this.#own}.snapshots`,
      SNAPSHOT_PAGE,
    );
    for await (const [name, moduleName, moduleVersion, ...row] of rows) {
      const stream = text(name, 'snapshots.stream');
      const key = {
        stream,
        moduleName: restored(text(moduleName, 'snapshots.module_name')),
        moduleVersion: restored(text(moduleVersion, 'snapshots.module_version')),
      };
      const { revision } = checkedSnapshot(key, row);
      const events = this.#ends.get(stream)?.events ?? 0n;
      if (revision >= events) {
        const place = `snapshots.stream ${JSON.stringify(stream)}`;
        throw new Found(place, `the stream has only ${events} events, but the snapshot has the revision ${revision}`);
      }
    }
  }

  /** Reads the rows of a query page by page. */
  async *#rows(query: string, page: number = PAGE): AsyncGenerator<Row> {
    const cursor = `audit_${this.#cursors++}`;
    await this.#transaction.query(`declare ${cursor} no scroll cursor for ${query}`);
    for (;;) {
      const rows = await this.#transaction.query(`fetch ${page} from ${cursor}`);
      yield* rows;
      if (rows.length < page) break;
    }
    await this.#transaction.query(`close ${cursor}`);
  }
}

/** Compares the index of types with the commits, in the order of positions. */
class Types {
  readonly #rows: AsyncGenerator<Row>;
  #next: Row | undefined;
  #hasBegun = false;

  constructor(rows: AsyncGenerator<Row>) {
    this.#rows = rows;
  }

  /** Checks a commit. @throws Found if the index does not have exactly these types at the position. */
  async check(place: string, position: bigint, category: string, types: readonly string[]): Promise<void> {
    const counts = new Map<string, number>();
    for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
    if (!this.#hasBegun) await this.#advance();
    for (let next = this.#next; next !== undefined; next = this.#next) {
      const [at, ofCategory, type, events] = next;
      const found = integer(at, 'commits_by_type.position');
      if (found > position) break;
      const name = restored(text(type, 'event_types.type'));
      if (found < position || text(ofCategory, 'event_types.category') !== category) throw wrongTypes(place);
      if (integer(events, 'commits_by_type.events') !== BigInt(counts.get(name) ?? 0)) throw wrongTypes(place);
      counts.delete(name);
      await this.#advance();
    }
    if (counts.size > 0) throw wrongTypes(place);
  }

  /** Checks the rest of the index. @throws Found if it has types of a commit that is missing. */
  async end(): Promise<void> {
    if (!this.#hasBegun) await this.#advance();
    if (this.#next !== undefined) throw wrongTypes(`commits_by_type.position ${this.#next[0]}`);
  }

  async #advance(): Promise<void> {
    this.#hasBegun = true;
    const { value, done } = await this.#rows.next();
    this.#next = done === true ? undefined : value;
  }
}

function wrongTypes(place: string): Found {
  return new Found(place, 'the index of event types differs from its events');
}

function expected(place: string, column: string, actual: bigint, value: bigint): void {
  if (actual !== value) throw new Found(place, `its ${column} is ${actual} and should be ${value}`);
}

function damage(place: string, message: string): Damage {
  return { reason: 'damage', place, message: `${place}: ${message}` };
}

/** Ends the audit at the first damaged place. */
class Found extends Error {
  readonly damage: Damage;

  constructor(place: string, message: string) {
    super(message);
    this.damage = damage(place, message);
  }
}
