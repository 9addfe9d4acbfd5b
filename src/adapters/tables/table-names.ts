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
  OperationNodeTransformer,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryResult,
  type RootOperationNode,
  type SchemableIdentifierNode,
  type UnknownRow,
} from 'kysely';

class TableNames extends OperationNodeTransformer {
  readonly #prefix: string;
  readonly #tables: ReadonlySet<string>;

  constructor(prefix: string, tables: ReadonlySet<string>) {
    super();
    this.#prefix = prefix;
    this.#tables = tables;
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

  #prefixed({ name }: IdentifierNode): IdentifierNode {
    return IdentifierNode.create(`${this.#prefix}${name}`);
  }
}

/** Renames the tables of one version of a read model. */
export class TableNamesPlugin implements KyselyPlugin {
  readonly #names: TableNames;

  /** @param tables the names that handlers use. Other names, such as those of common table expressions, are kept. */
  constructor(prefix: string, tables: ReadonlySet<string>) {
    this.#names = new TableNames(prefix, tables);
  }

  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    return this.#names.transformNode(node);
  }

  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result;
  }
}
