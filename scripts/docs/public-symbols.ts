/** Finds the public symbols of a subpath: reads its index file and follows the re-exports. */
import { posix } from 'node:path';
import { type Declaration, type Directive, parseSync, type Statement } from 'oxc-parser';

/** A symbol that a subpath exports. */
export interface PublicSymbol {
  readonly name: string;
  readonly kind: 'function' | 'class' | 'constant' | 'type';
  /** The text of the declaration in the file, overloads included. */
  readonly declaration: string;
  /** The text of the docstring without the marks of the comment, or undefined if there is none. */
  readonly doc: string | undefined;
  /** The file that declares the symbol, and the line, counted from 1. */
  readonly file: string;
  readonly line: number;
}

/** Returns the text of a file of the package, by its path from the root. */
export type ReadFile = (path: string) => string;

type Parsed = ReturnType<typeof parseSync>;
type Body = Directive | Statement;

/**
 * Returns the symbols that `file` exports, in the order of the file.
 *
 * @throws Error if an export can neither be followed nor found.
 */
export function publicSymbols(file: string, read: ReadFile): readonly PublicSymbol[] {
  const found = new Map<string, PublicSymbol>();
  for (const symbol of symbolsOf(file, read)) {
    const earlier = found.get(symbol.name);
    // An overload belongs to the first declaration, which has the docstring.
    const declaration = earlier === undefined ? symbol.declaration : `${earlier.declaration}\n${symbol.declaration}`;
    found.set(symbol.name, { ...(earlier ?? symbol), declaration });
  }
  return [...found.values()];
}

/** Returns the comment at the beginning of a file. */
export function fileComment(file: string, read: ReadFile): string | undefined {
  const { comments } = parse(file, read(file));
  const first = comments[0];
  return first?.value.startsWith('*') === true ? undecorated(first.value) : undefined;
}

function symbolsOf(file: string, read: ReadFile): readonly PublicSymbol[] {
  const text = read(file);
  const parsed = parse(file, text);
  return parsed.program.body.flatMap((statement): readonly PublicSymbol[] => {
    if (statement.type === 'ExportAllDeclaration') return publicSymbols(imported(file, statement.source.value), read);
    if (statement.type !== 'ExportNamedDeclaration') return [];
    if (statement.declaration !== null) return declared(file, text, parsed, statement, statement.declaration);
    const source = statement.source?.value;
    return statement.specifiers.map(({ local, exported }) => {
      const [from, to] = [nameOf(local), nameOf(exported)];
      const symbol =
        source === undefined
          ? localSymbol(file, text, parsed, from, read)
          : symbolOf(imported(file, source), from, read);
      if (symbol === undefined) throw new Error(`${file} exports ${from}, which is not declared`);
      return { ...symbol, name: to };
    });
  });
}

function symbolOf(file: string, name: string, read: ReadFile): PublicSymbol | undefined {
  return publicSymbols(file, read).find((symbol) => symbol.name === name);
}

/** Returns the symbol of `export { name }`, which the file declares or imports. */
function localSymbol(
  file: string,
  text: string,
  parsed: Parsed,
  name: string,
  read: ReadFile,
): PublicSymbol | undefined {
  for (const statement of parsed.program.body) {
    if (statement.type === 'ImportDeclaration') {
      const specifier = statement.specifiers.find(({ local }) => local.name === name);
      if (specifier?.type !== 'ImportSpecifier') continue;
      return symbolOf(imported(file, statement.source.value), nameOf(specifier.imported), read);
    }
    const symbols = declared(file, text, parsed, statement, declarationOf(statement));
    const symbol = symbols.find((each) => each.name === name);
    if (symbol !== undefined) return symbol;
  }
  return undefined;
}

function declared(
  file: string,
  text: string,
  { comments }: Parsed,
  statement: Body,
  declaration: Declaration | undefined,
): readonly PublicSymbol[] {
  if (declaration === undefined) return [];
  const doc = comments.findLast(({ end, type }) => end <= statement.start && type === 'Block');
  // A directive of the linter may come between the docstring and its declaration.
  const between =
    doc === undefined ? '' : text.slice(doc.end, statement.start).replace(/^\s*\/\/ biome-ignore .*$/m, '');
  const isDocstring = doc?.value.startsWith('*') === true && between.trim() === '';
  const line = text.slice(0, statement.start).split('\n').length;
  return namesOf(declaration).map(({ name, kind }) => ({
    name,
    kind,
    declaration: text.slice(statement.start, statement.end),
    doc: isDocstring ? undecorated(doc.value) : undefined,
    file,
    line,
  }));
}

function declarationOf(statement: Body): Declaration | undefined {
  switch (statement.type) {
    case 'VariableDeclaration':
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
    case 'TSDeclareFunction':
      return statement;
    default:
      return undefined;
  }
}

function namesOf(declaration: Declaration): readonly Pick<PublicSymbol, 'name' | 'kind'>[] {
  if (declaration.type === 'VariableDeclaration') {
    return declaration.declarations.flatMap(({ id }) =>
      id.type === 'Identifier' ? [{ name: id.name, kind: 'constant' as const }] : [],
    );
  }
  if (!('id' in declaration) || declaration.id?.type !== 'Identifier') return [];
  return [{ name: declaration.id.name, kind: kindOf(declaration) }];
}

function kindOf({ type }: Declaration): PublicSymbol['kind'] {
  if (type === 'FunctionDeclaration' || type === 'TSDeclareFunction') return 'function';
  return type === 'ClassDeclaration' ? 'class' : 'type';
}

function nameOf(name: { readonly type: string; readonly name?: string; readonly value?: string }): string {
  return name.name ?? name.value ?? '';
}

function imported(from: string, specifier: string): string {
  return posix.join(posix.dirname(from), specifier);
}

function parse(file: string, text: string): Parsed {
  const parsed = parseSync(file, text);
  if (parsed.errors[0] !== undefined) throw new Error(`${file}: ${parsed.errors[0].message}`);
  return parsed;
}

function undecorated(comment: string): string {
  return comment
    .slice(1)
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .trim();
}
