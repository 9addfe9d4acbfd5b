/**
 * The dialects of table read models: one that compiles their statements, and one with which programs read their tables.
 * Each query or transaction of a program has its own connection, which can only read (read-only-client.ts).
 *
 * By default the driver returns each bigint as a string. Here it is a `number`, or a `bigint` beyond 2^53, as in
 * decoded payloads (docs/encoding.md §1.2). The sum of bigints is a numeric, and is treated in the same way if it is
 * whole.
 */
import {
  type DataTypeNode,
  type Dialect,
  DummyDriver,
  PostgresAdapter,
  PostgresDialect,
  PostgresIntrospector,
  type PostgresPoolClient,
  PostgresQueryCompiler,
} from 'kysely';
import type { AcquiredClient, Connections } from './connections.ts';
import type { PostgresClient, PostgresQuery } from './driver.ts';
import { asStoreFailure, NotConnected } from './failures.ts';
import { ReadOnlyClient } from './read-only-client.ts';

/** The object ids of types (pg_type.dat). */
const INT8 = 20;
const NUMERIC = 1700;

/** Compiles statements. It has no database to run them on. */
export function compileDialect(): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new TableCompiler(),
  };
}

/**
 * Types have the meaning that they have in SQLite, so that one read model runs on both: `integer` has 64 bits, as
 * positions and times need, `real` has 64 bits, and `blob` is binary.
 */
class TableCompiler extends PostgresQueryCompiler {
  protected override visitDataType(node: DataTypeNode): void {
    const type = SAME_AS_IN_SQLITE.get(node.dataType);
    if (type === undefined) super.visitDataType(node);
    else this.append(type);
  }
}

const SAME_AS_IN_SQLITE: ReadonlyMap<string, string> = new Map([
  ['integer', 'bigint'],
  ['real', 'double precision'],
  ['blob', 'bytea'],
]);

/** Makes the dialect for the tables of a schema. */
export function readDialect(connections: Connections, schema: string): Dialect {
  return new PostgresDialect({
    pool: {
      options: {},
      connect: () => openForReading(connections, schema),
      // The store closes its own connections.
      end: async () => {},
    },
  });
}

async function openForReading(connections: Connections, schema: string): Promise<PostgresPoolClient> {
  let acquired: AcquiredClient;
  try {
    acquired = await connections.acquire();
  } catch (error) {
    throw error instanceof NotConnected ? asStoreFailure(error) : error;
  }
  const { client, release } = acquired;
  const reader = new ReadOnlyClient(client, schema, exactIntegers(client));
  try {
    await reader.begin();
  } catch (error) {
    release(true);
    throw error;
  }
  return {
    query: ((text: string, parameters: readonly unknown[]) =>
      reader.query(text, parameters)) as PostgresPoolClient['query'],
    release: (isBroken) => {
      if (isBroken === true) {
        release(true);
        return;
      }
      reader.end().then(
        () => release(),
        () => release(true),
      );
    },
  };
}

function exactIntegers(client: PostgresClient): PostgresQuery['types'] {
  return {
    getTypeParser: (type, format) =>
      type === INT8 || type === NUMERIC ? exactInteger : client.getTypeParser(type, format),
  };
}

function exactInteger(text: string): number | bigint | string {
  if (!/^-?\d+$/.test(text)) return text;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}
