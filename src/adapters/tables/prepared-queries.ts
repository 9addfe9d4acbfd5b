/**
 * Queries that are compiled once and bound for each event. A function builds its queries from placeholders instead of
 * an event's data, and each event only fills in the values. Kysely needs 10 to 20 µs to build a query, and binding
 * takes 0.2 µs, so a read model with prepared queries catches up several times as fast (docs/benchmarks.md).
 */
import { type Compilable, type Expression, type Kysely, type OperationNode, ValueNode } from 'kysely';
import { DefinitionError } from '../../core/errors.ts';
import type { EventContext } from '../../core/messages.ts';
import type { TableStatement } from '../../core/processors/processor-store.ts';

/** A placeholder for a value in a prepared query. Kysely accepts it as an expression, but it has no value yet. */
export type Placeholder<Value> = [Value] extends [string | number | boolean | Uint8Array | null | undefined]
  ? Expression<undefined extends Value ? Exclude<Value, undefined> | null : Value>
  : [Value] extends [bigint | undefined]
    ? // SQLite's integers are read as numbers or as bigints, so a column has either type.
      Expression<never>
    : [Value] extends [readonly unknown[]]
      ? never
      : Value extends object
        ? Placeholders<Value>
        : Expression<Value>;

/** The data of an event, with a placeholder for each field. An absent field is bound as null. */
export type Placeholders<Data> = { readonly [Name in keyof Data]-?: Placeholder<Data[Name]> };

/** A handler whose queries are compiled once. */
export interface PreparedTableHandler<Tables, Data> {
  /**
   * Builds the queries. It is called once, when the read model is defined, so the queries cannot depend on values. Use
   * SQL expressions for that.
   */
  readonly prepare: (
    db: Kysely<Tables>,
    data: Placeholders<Data>,
    context: Placeholders<EventContext>,
  ) => Compilable | readonly Compilable[];
}

/** Returns the statements of one event. */
export type Bind = (data: unknown, context: EventContext) => readonly TableStatement[];

type Root = 'data' | 'context';

/** A parameter of a compiled statement that stands for a value of the event. */
class Place {
  readonly root: Root;
  readonly path: readonly string[];

  constructor(root: Root, path: readonly string[]) {
    this.root = root;
    this.path = path;
  }

  valueOf(data: unknown, context: EventContext): unknown {
    let value: unknown = this.root === 'data' ? data : context;
    for (const name of this.path) value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
    return value ?? null;
  }
}

/**
 * Compiles the queries of a handler. Parameters without a value are marked.
 * @param at the place of the handler in the definition.
 * @throws DefinitionError if the function computes with a placeholder, or returns something other than queries.
 */
export function prepareQueries<Tables>(
  { prepare }: PreparedTableHandler<Tables, unknown>,
  compiler: Kysely<Tables>,
  at: string,
): readonly TableStatement[] {
  const queries = prepare(compiler, record('data', [], at) as never, record('context', [], at) as never);
  const list: readonly Compilable[] = Array.isArray(queries) ? queries : [queries];
  return list.map((query) => {
    if (typeof query?.compile !== 'function')
      throw new DefinitionError(at, 'must return queries of the Kysely that it receives');
    const { sql, parameters } = query.compile();
    return { sql, parameters };
  });
}

/** Returns a function that fills the values of an event into the statements. */
export function bindQueries(statements: readonly TableStatement[]): Bind {
  return (data, context) =>
    statements.map(({ sql, parameters }) => ({
      sql,
      parameters: parameters.map((value) => (value instanceof Place ? value.valueOf(data, context) : value)),
    }));
}

/** Makes an object that has a placeholder for any name. */
function record(root: Root, path: readonly string[], at: string): object {
  return new Proxy(Object.create(null), {
    get: (_target, name) => {
      if (typeof name === 'symbol' || name === 'toJSON') throw cannotCompute(root, path, at);
      return placeholder(root, [...path, name], at);
    },
    ownKeys: () => {
      throw cannotCompute(root, path, at);
    },
  });
}

/** Makes a placeholder for a value, which may be a record with further placeholders. */
function placeholder(root: Root, path: readonly string[], at: string): object {
  const expression = {
    expressionType: undefined,
    toOperationNode: (): OperationNode => ValueNode.create(new Place(root, path)),
  };
  return new Proxy(expression, {
    get: (target, name) => {
      if (typeof name === 'symbol' || name === 'toJSON') throw cannotCompute(root, path, at);
      if (name === 'expressionType') return target.expressionType;
      if (name === 'toOperationNode') return target.toOperationNode;
      return placeholder(root, [...path, name], at);
    },
    ownKeys: () => {
      throw cannotCompute(root, path, at);
    },
  });
}

function cannotCompute(root: Root, path: readonly string[], at: string): DefinitionError {
  return new DefinitionError(
    at,
    `computes with ${[root, ...path].join('.')}, which has no value yet; ` +
      'use an SQL expression, or make the handler a function',
  );
}
