/**
 * The names of a read model's tables in the database. Several versions may be in one file, so the tables of each
 * version have a prefix: `statements@1/lines`. Handlers and readers use `lines`, and this plugin replaces the name in
 * every query that Kysely compiles.
 *
 * Names in raw SQL text are not replaced, but `sql.table('lines')` is.
 */
import {
  type CreateIndexNode,
  type DropIndexNode,
  IdentifierNode,
  type KyselyPlugin,
  type OnConflictNode,
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type PrimaryKeyConstraintNode,
  type QueryResult,
  type RootOperationNode,
  type SchemableIdentifierNode,
  type UniqueConstraintNode,
  type UnknownRow,
} from 'kysely';
import type { TableEngine } from '../../core/processors/processor-store.ts';
import { sha256 } from '../../core/storage/sha256.ts';
import { toHex } from '../../core/uuid.ts';

class TableNames extends OperationNodeTransformer {
  readonly #prefix: string;
  readonly #tables: ReadonlySet<string>;
  readonly #engine: TableEngine | undefined;

  constructor(prefix: string, tables: ReadonlySet<string>, engine: TableEngine | undefined) {
    super();
    this.#prefix = prefix;
    this.#tables = tables;
    this.#engine = engine;
  }

  protected override transformSchemableIdentifier(node: SchemableIdentifierNode): SchemableIdentifierNode {
    const { identifier } = node;
    if (node.schema !== undefined || !this.#tables.has(identifier.name)) return node;
    return { ...node, identifier: this.#prefixed(identifier) };
  }

  // Names of indexes are global in a SQLite database.
  protected override transformCreateIndex(node: CreateIndexNode): CreateIndexNode {
    return { ...super.transformCreateIndex(node), name: this.#prefixed(node.name) };
  }

  protected override transformDropIndex(node: DropIndexNode): DropIndexNode {
    const { identifier } = node.name;
    return { ...super.transformDropIndex(node), name: { ...node.name, identifier: this.#prefixed(identifier) } };
  }

  // Outside of SQLite, a primary key and a unique constraint have an index with their name.
  protected override transformPrimaryKeyConstraint(node: PrimaryKeyConstraintNode): PrimaryKeyConstraintNode {
    return this.#withName(super.transformPrimaryKeyConstraint(node));
  }

  protected override transformUniqueConstraint(node: UniqueConstraintNode): UniqueConstraintNode {
    return this.#withName(super.transformUniqueConstraint(node));
  }

  protected override transformOnConflict(node: OnConflictNode): OnConflictNode {
    const { constraint } = node;
    const transformed = super.transformOnConflict(node);
    if (this.#engine === undefined || constraint === undefined) return transformed;
    return { ...transformed, constraint: this.#prefixed(constraint) };
  }

  #withName<Node extends PrimaryKeyConstraintNode | UniqueConstraintNode>(node: Node): Node {
    if (this.#engine === undefined || node.name === undefined) return node;
    return { ...node, name: this.#prefixed(node.name) };
  }

  #prefixed({ name }: IdentifierNode): IdentifierNode {
    return IdentifierNode.create(shortName(`${this.#prefix}${name}`, this.#engine));
  }
}

/**
 * Returns a name that the engine does not truncate. A shortened name ends with a hash, so that two names remain
 * different.
 */
export function shortName(name: string, engine: TableEngine | undefined): string {
  if (engine === undefined) return name;
  const bytes = new TextEncoder().encode(name);
  if (bytes.length <= engine.longestName) return name;
  const hash = toHex(sha256(bytes).subarray(0, 8));
  let kept = name;
  while (new TextEncoder().encode(kept).length + hash.length + 1 > engine.longestName) {
    kept = [...kept].slice(0, -1).join('');
  }
  return `${kept}~${hash}`;
}

/** Renames the tables of one version of a read model. */
export class TableNamesPlugin implements KyselyPlugin {
  readonly #names: TableNames;

  /**
   * Makes the plugin for a prefix.
   * @param tables the names that handlers use. Other names, such as those of common table expressions, are kept.
   * @param engine undefined for SQLite.
   */
  constructor(prefix: string, tables: ReadonlySet<string>, engine?: TableEngine) {
    this.#names = new TableNames(prefix, tables, engine);
  }

  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    return this.#names.transformNode(node);
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result;
  }
}
