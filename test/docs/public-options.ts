/** Reads the public interfaces of options, the docstrings of their fields, and the functions that take them. */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';
import { type PublicSymbol, publicSymbols } from '../../scripts/docs/public-symbols.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Returns the text of a file of the package. */
export const read = (file: string): string => readFileSync(root + file, 'utf8');

/** The source files of the public subpaths. */
export const subpaths: readonly string[] = Object.values(
  JSON.parse(read('package.json')).exports as Record<string, { 'decidable-source'?: string }>,
)
  .flatMap((target) => target['decidable-source'] ?? [])
  .map((path) => posix.normalize(path));

/** A field of an interface of options. */
export interface PublicOption {
  readonly name: string;
  readonly doc: string | undefined;
}

/** Returns whether a symbol is an interface of options or of a definition. */
function isOfOptions({ name, declaration }: PublicSymbol): boolean {
  return /(?:Options|Configuration|Definition|Policy|Limits|Config)$/.test(name) && /\binterface\b/.test(declaration);
}

/** Returns the fields of an interface of options, without those that it inherits. Other symbols have none. */
export function optionsOf(symbol: PublicSymbol): readonly PublicOption[] {
  if (!isOfOptions(symbol)) return [];
  const { declaration } = symbol;
  const { program, comments } = parseSync('options.ts', declaration);
  const [statement] = program.body;
  const exported = statement?.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
  if (exported?.type !== 'TSInterfaceDeclaration') return [];
  let before = 0;
  return exported.body.body.flatMap((member) => {
    const comment = comments.findLast(({ start, end }) => start >= before && end <= member.start);
    before = member.end;
    if (member.type !== 'TSPropertySignature' && member.type !== 'TSMethodSignature') return [];
    const doc = comment?.value.startsWith('*') === true ? comment.value : undefined;
    return [{ name: declaration.slice(member.key.start, member.key.end), doc }];
  });
}

/** Returns the names of the public functions and methods that take options of a type, or of a type that extends it. */
export function takersOf(type: string, symbols: readonly PublicSymbol[]): ReadonlySet<string> {
  const mentions = new RegExp(`\\b${type}\\b`);
  const takers = new Set<string>();
  for (const symbol of symbols) {
    const text = symbol.declaration.replace(/\/\*[\s\S]*?\*\//g, '');
    if (!mentions.test(text) || symbol.name === type) continue;
    if (symbol.kind === 'function') takers.add(symbol.name);
    else if (isOfOptions(symbol)) for (const taker of takersOf(symbol.name, symbols)) takers.add(taker);
    else {
      for (const [, method = '', parameters = ''] of text.matchAll(/^ {2}(\w+)\??(?:<[^(]*>)?\(([\s\S]*?)\)\s*:/gm)) {
        if (mentions.test(parameters)) takers.add(method);
      }
    }
  }
  return takers;
}

/** Returns the public symbols of all subpaths, each once. */
export function allSymbols(): readonly PublicSymbol[] {
  const symbols = subpaths.flatMap((entry) => publicSymbols(entry, read));
  return [...new Map(symbols.map((symbol) => [`${symbol.file} ${symbol.name}`, symbol])).values()];
}
