/**
 * The tables of the file (docs/sqlite-format.md), and the Kysely instance that types and compiles their queries.
 *
 * Kysely is only used to compile. Its own SQLite dialect begins deferred transactions, in which a write after a read
 * can fail with SQLITE_BUSY_SNAPSHOT regardless of the timeout. It also prepares each query again.
 */
import {
  DummyDriver,
  type Generated,
  type JoinBuilder,
  Kysely,
  type RawBuilder,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  sql,
} from 'kysely';

/** The tables. Integers are numbers, because revisions, positions and times stay below 2^53 in practice. */
export interface Tables {
  readonly streams: {
    /** Numbers the streams in the order of their first commits. */
    readonly id: Generated<number>;
    readonly name: string;
  };
  /** The fields that all events of one type in one category share. */
  readonly event_types: {
    readonly id: Generated<number>;
    readonly category: string;
    readonly type: string;
    readonly schema_version: number;
  };
  /** The fields that all decisions of one module on commands of one type share. */
  readonly command_types: {
    readonly id: Generated<number>;
    readonly module_name: string;
    readonly module_version: string;
    readonly module_digest: Uint8Array | null;
    readonly content_type: string;
    readonly type: string;
    readonly schema_version: number;
  };
  /** One row for each commit. A stream's last row is its head, so no row is ever updated. */
  readonly decisions: {
    /** Numbers the commits of the whole store. */
    readonly id: number;
    /** The 16 bytes of the UUID. */
    readonly command_id: Uint8Array;
    readonly stream_id: number;
    readonly command_type_id: number;
    readonly payload: Uint8Array;
    readonly seen_revision: number | null;
    readonly event_count: number;
    /** The stream's last revision after this commit, or null if the stream has no events. */
    readonly revision: number | null;
    /** The rejection as JSON, or null if the command was accepted. */
    readonly rejection: string | null;
    readonly causation_id: string | null;
    /** The correlation id, or null if it is the command's own id. */
    readonly correlation_id: string | null;
    readonly actor: string | null;
    readonly key_id: string | null;
    readonly recorded_at: number;
    readonly hash: Uint8Array;
  };
  readonly events: {
    readonly position: number;
    readonly stream_id: number;
    readonly revision: number;
    readonly decision_id: number;
    readonly event_type_id: number;
    readonly payload: Uint8Array;
  };
  readonly snapshots: {
    /** The implicit row id of SQLite. */
    readonly rowid: Generated<number>;
    readonly stream: string;
    readonly module_name: string;
    readonly module_version: string;
    readonly revision: number;
    readonly content_type: string;
    readonly state: Uint8Array;
    /** The SHA-256 over the snapshot and its key (`snapshotChecksum`). */
    readonly checksum: Uint8Array;
  };
  /** A table that exists only during a migration. */
  readonly renumbered: { readonly old_id: number; readonly new_id: number };
}

/** Makes a Kysely instance that compiles queries and has no database. */
export function compilerFor<Tables>(): Kysely<Tables> {
  return new Kysely<Tables>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
  });
}

export const compiler: Kysely<Tables> = compilerFor();

/** Joins an event with its decision. An event whose decision is missing or does not contain it has none. */
export function ofEvent(
  join: JoinBuilder<Tables, 'events' | 'decisions'>,
): JoinBuilder<Tables, 'events' | 'decisions'> {
  return join
    .onRef('decisions.id', '=', 'events.decision_id')
    .onRef('decisions.stream_id', '=', 'events.stream_id')
    .onRef('decisions.revision', '>=', 'events.revision');
}

/** Returns a placeholder for a value that is bound when the statement runs, in the order of the SQL text. */
export function bound<Value>(): RawBuilder<Value> {
  return sql<Value>`?`;
}
