/**
 * Checks that a query of a handler inserts, updates or deletes rows, and names no table except those of its read model.
 * The tables of other read models and of the store itself are in the same database, and one query could delete the
 * events. The check reads the tree of the query after Kysely has replaced the names, so it does not depend on how the
 * query was made.
 */
import type { OperationNode } from 'kysely';

/** A table or an expression that a query must not contain. */
interface Foreign {
  /** The text for the error, with the part and the remedy. */
  readonly problem: string;
  /** The name of the table, if the problem is a table. */
  readonly table?: string;
}

type Node = OperationNode & Readonly<Record<string, unknown>>;

type Names = ReadonlySet<string>;

/** Words that read another table or change one. `from` is allowed in `is distinct from`. */
const WORDS = /\b(?:select|join|table|into|insert|update|delete|merge|only|(?<!\bdistinct\s+)from)\b/i;

/** The nodes that name a column of a table of the same query, and values. */
const SKIPPED: Names = new Set(['ReferenceNode', 'SelectAllNode', 'ColumnNode', 'ValueNode', 'PrimitiveValueListNode']);

/** The nodes that `in` accepts on its right. SQLite interprets a bare name on the right as a table. */
const LISTS: Names = new Set(['ValueListNode', 'PrimitiveValueListNode', 'ParensNode', 'SelectQueryNode', 'ValueNode']);

/** Finds the first part of a query that is not allowed. @param own the names of the tables in the database. */
export function findForeign(query: OperationNode, own: Names): Foreign | undefined {
  return new Search(own).node(query as Node, new Set());
}

/** Finds the first table in a statement that creates tables. */
export function findForeignTable(query: OperationNode, own: Names): Foreign | undefined {
  return new Search(own, true).node(query as Node, new Set());
}

class Search {
  readonly #own: Names;
  /** True if only the names of tables are checked. */
  readonly #onlyTables: boolean;
  /** True inside the condition of a join. A comma after the condition would add a table. */
  #isInJoin = false;

  constructor(own: Names, onlyTables = false) {
    this.#own = own;
    this.#onlyTables = onlyTables;
  }

  /** Checks a node and its children. @param common the names of the common table expressions that the node can read. */
  node(node: Node, common: Names): Foreign | undefined {
    if (node.kind === 'TableNode') return this.#table(node, common);
    if (SKIPPED.has(node.kind)) return undefined;
    if (node.kind !== 'OnNode' || this.#isInJoin) return this.#children(node, common);
    this.#isInJoin = true;
    const found = this.#children(node, common);
    this.#isInJoin = false;
    return found;
  }

  #children(node: Node, common: Names): Foreign | undefined {
    if (!this.#onlyTables) {
      const found = this.#expression(node);
      if (found !== undefined) return found;
    }
    let visible = common;
    if (isNode(node['with'])) {
      const names = new Set(common);
      const found = this.#with(node['with'], names);
      if (found !== undefined) return found;
      visible = names;
    }
    for (const [property, value] of Object.entries(node)) {
      if (property === 'with') continue;
      for (const child of childrenOf(value)) {
        // In a function or after `for update of`, a table is an alias.
        if (child.kind === 'TableNode' && (property === 'arguments' || property === 'of')) continue;
        const found = this.node(child, visible);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }

  /** Checks the common table expressions in order, and adds their names. */
  #with({ expressions, recursive }: Node, names: Set<string>): Foreign | undefined {
    const list = expressions as readonly Node[];
    const nameOf = ({ name }: Node): string => tableName((name as Node)['table'] as Node).name;
    if (recursive === true) for (const expression of list) names.add(nameOf(expression));
    for (const expression of list) {
      const found = this.node(expression['expression'] as Node, names);
      if (found !== undefined) return found;
      names.add(nameOf(expression));
    }
    return undefined;
  }

  #table(node: Node, common: Names): Foreign | undefined {
    const { schema, name } = tableName(node);
    if (schema === undefined && (this.#own.has(name) || common.has(name))) return undefined;
    const table = schema === undefined ? name : `${schema}.${name}`;
    const reason = schema === undefined ? '' : ' with the name of a schema';
    return { problem: `the table "${table}"${reason}; use only the tables that "create" makes`, table };
  }

  #expression(node: Node): Foreign | undefined {
    switch (node.kind) {
      case 'RawNode':
        return rawProblem(node, this.#isInJoin);
      case 'FunctionNode':
      case 'AggregateFunctionNode': {
        const name = node['func'] as string;
        return /^\w+$/.test(name) && !WORDS.test(name) ? undefined : { problem: `the function "${name}"` };
      }
      case 'BinaryOperationNode':
        return rightOfIn(node);
      case 'InsertQueryNode':
        return this.#target(node['into']);
      case 'MergeQueryNode':
        return this.#target(node['into']) ?? source((node['using'] as Node | undefined)?.['table']);
      case 'UpdateQueryNode':
        return this.#target(node['table']);
      case 'DeleteQueryNode':
        return this.#target((node['from'] as Node)['froms']);
      case 'FromNode':
        return source(node['froms']);
      case 'UsingNode':
        return source(node['tables']);
      case 'JoinNode':
        return source(node['table']);
      default:
        return undefined;
    }
  }

  /** Checks the target of a change, which is never a common table expression. */
  #target(value: unknown): Foreign | undefined {
    for (const child of childrenOf(value)) {
      const found =
        child.kind === 'ListNode'
          ? this.#target(child['items'])
          : child.kind === 'AliasNode'
            ? (this.#target(child['node']) ?? rawAlias(child))
            : child.kind === 'TableNode'
              ? this.#table(child, new Set())
              : { problem: 'a target that is not a table' };
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Checks the tables to read, which SQL text must not name. */
function source(value: unknown): Foreign | undefined {
  for (const child of childrenOf(value)) {
    const isWrapped = child.kind === 'AliasNode' || child.kind === 'ParensNode';
    const found = isWrapped ? (source(child['node']) ?? rawAlias(child)) : undefined;
    if (found !== undefined) return found;
    if (child.kind === 'RawNode') return { problem: 'SQL text as a table; use db.fn(…) or a table' };
  }
  return undefined;
}

function rawAlias({ alias }: Node): Foreign | undefined {
  return isNode(alias) && alias.kind === 'RawNode' ? { problem: 'SQL text as the alias of a table' } : undefined;
}

function rightOfIn(node: Node): Foreign | undefined {
  const operator = (node['operator'] as Node)['operator'];
  if (operator !== 'in' && operator !== 'not in') return undefined;
  const right = node['rightOperand'] as Node;
  const isList =
    right.kind === 'RawNode'
      ? (right['sqlFragments'] as readonly string[])[0]?.trimStart().startsWith('(') === true
      : LISTS.has(right.kind) && right['immediate'] !== true;
  return isList ? undefined : { problem: `${operator} without a list in parentheses` };
}

/**
 * Checks SQL text. Text in single quotes is skipped. Other quotes, comments and escapes are refused, because they could
 * hide a word, a parenthesis or a comma.
 */
function rawProblem(node: Node, isInJoin: boolean): Foreign | undefined {
  // The placeholders `…` and `¶` separate words and are not brackets.
  const given = (node['sqlFragments'] as readonly string[]).join(' … ');
  const text = given.replace(/'[^'\\…]*'/g, '¶');
  const problem = (why: string): Foreign => ({ problem: `the SQL text "${given}" ${why}` });
  const hidden = /["'`;$\\]|--|\/\*/.exec(text);
  if (hidden !== null) return problem(`with ${hidden[0]}; use sql.ref, sql.id and parameters`);
  const word = WORDS.exec(text);
  if (word !== null) return problem(`with the word ${word[0]}; use the functions of Kysely`);
  if (/\bin\b(?!\s*\()/i.test(text)) return problem('with "in" and no parenthesis');
  return isNested(text, isInJoin) ? undefined : problem('with an unclosed bracket, or a comma in a join');
}

/** Returns whether each bracket is closed. @param isInJoin true if a comma must be in brackets. */
function isNested(text: string, isInJoin: boolean): boolean {
  const open: string[] = [];
  for (const [character] of text.matchAll(/[()[\],]/g)) {
    if (character === '(') open.push(')');
    else if (character === '[') open.push(']');
    else if (character === ',') {
      if (isInJoin && open.length === 0) return false;
    } else if (open.pop() !== character) return false;
  }
  return open.length === 0;
}

function tableName(node: Node): { readonly schema: string | undefined; readonly name: string } {
  const { schema, identifier } = node['table'] as Readonly<Record<string, { readonly name: string }>>;
  return { schema: schema?.name, name: identifier!.name };
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { kind?: unknown }).kind === 'string';
}

/** Returns the node or the nodes in a property. A property can contain lists of lists. */
function childrenOf(value: unknown): readonly Node[] {
  if (Array.isArray(value)) return value.flatMap(childrenOf);
  return isNode(value) ? [value] : [];
}
