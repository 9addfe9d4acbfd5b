/**
 * The tables of the store, and the Kysely instance that types and compiles their statements.
 * The statements run on the driver, which returns rows as arrays.
 */
import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  sql,
} from 'kysely';

/** The tables. Columns of type bigint are read as strings, which each reader converts. */
export interface Tables {
  /** The table `store`, which has one row. */
  readonly store: {
    readonly format: number;
    /**
     * The number that is added to this server's transaction ids, so that positions still grow after a move to another
     * server.
     */
    readonly xid_offset: string;
  };
  /** The head of each stream. A commit locks it, so that the commits of a stream follow one another. */
  readonly streams: {
    /**
     * The id of the stream. Later transactions create higher ids, so that ids are in the order of the first commits.
     */
    readonly id: string;
    readonly name: string;
    /** The last revision, or -1 if the stream has no events. */
    readonly revision: string;
    /** The number of the stream's commits. */
    readonly commits: string;
    /** The hash of the stream's last commit. */
    readonly hash: string;
    /** The last position of the stream's last commit. A later commit has a higher position. */
    readonly position: string;
    /** The hash of the positions of all commits of the stream (`positions-hash.ts`). */
    readonly positions_hash: string;
  };
  /** One row for each commit. Rows are never changed. */
  readonly commits: {
    readonly command_id: string;
    readonly stream_id: string;
    /** The name of the stream. It is stored twice, so that readers of all events do not look up each stream. */
    readonly stream: string;
    /** The commit's index in its stream, from 0. */
    readonly number: string;
    /** The revision of the first event. For a commit without events, the revision that the next event gets. */
    readonly revision: string;
    readonly event_count: number;
    /**
     * The commit's position in the store: the position of its first event. A commit without events has a position too.
     */
    readonly position: string;
    readonly recorded_at: string;
    /**
     * The type of all events of the commit, or 0 if there are no events, or events of several types. Most commits have
     * one type. An index of this column costs a third of a row in another table.
     */
    readonly event_type_id: number;
    readonly hash: string;
    /** The canonical content after the time (docs/chain.md): the command, the decision and the events. */
    readonly content: string;
  };
  /** The event types of the whole store, each with the category of its streams. */
  readonly event_types: {
    readonly id: number;
    readonly category: string;
    readonly type: string;
  };
  /**
   * The types of commits whose events have several types, by the position of the commit's first event. A commit with
   * one type has it in its row.
   */
  readonly commits_by_type: {
    readonly event_type_id: number;
    readonly position: string;
    /** The number of events of this type in the commit. */
    readonly events: number;
  };
  readonly snapshots: {
    readonly stream: string;
    readonly module_name: string;
    readonly module_version: string;
    readonly revision: string;
    readonly content_type: string;
    readonly state: string;
    /** The SHA-256 over the snapshot and its key (`snapshotChecksum`). */
    readonly checksum: string;
  };
}

/** Makes a Kysely instance that compiles statements on the tables of a schema. It has no database. */
export function compilerFor<In>(schema: string): Kysely<In> {
  const compiler = new Kysely<In>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  });
  return compiler.withSchema(schema);
}

/** Returns a placeholder for a value that is bound when the statement runs: `$2` for `bound<string>(2)`. */
export function bound<Value>(place: number): RawBuilder<Value> {
  return sql<Value>`${sql.raw(`$${place}`)}`;
}
