import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseSync } from 'oxc-parser';
import { type PublicSymbol, publicSymbols } from '../../scripts/docs/public-symbols.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(root + file, 'utf8');
const manifest = JSON.parse(read('package.json'));
const subpaths: readonly string[] = Object.values(manifest.exports as Record<string, { 'decidable-source'?: string }>)
  .flatMap((target) => target['decidable-source'] ?? [])
  .map((path) => posix.normalize(path));

/** The subpath for authors of stores, whose functions are used in the stores of this package. */
const FOR_STORES = 'src/core/storage/index.ts';

/** Returns whether a docstring shows a call: in `@example`, in a fence, or in backticks. */
function hasExample({ name, doc = '' }: PublicSymbol): boolean {
  return doc.includes('@example') || new RegExp(`(?:\`\`\`ts[^]*|\`[^\`]*)\\b${name}\\(`).test(doc);
}

interface Member {
  readonly name: string;
  readonly doc: string | undefined;
}

/** Returns the fields of an interface of options. Other symbols have none. */
function optionsOf({ name, declaration }: PublicSymbol): readonly Member[] {
  if (!/(?:Options|Configuration|Definition|Policy|Limits|Config)$/.test(name)) return [];
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

for (const entry of subpaths) {
  describe(`the docstrings of ${entry}`, () => {
    const symbols = publicSymbols(entry, read);
    const placeOf = ({ file, line, name }: PublicSymbol) => `${file}:${line}: ${name}`;
    const optionsWith = (holds: (member: Member) => boolean) =>
      symbols.flatMap((symbol) =>
        optionsOf(symbol)
          .filter(holds)
          .map(({ name }) => `${placeOf(symbol)}.${name}`),
      );

    test('exist for every exported symbol', () => {
      assert.deepEqual(symbols.filter(({ doc }) => doc === undefined).map(placeOf), []);
    });

    test('exist for every option', () => {
      assert.deepEqual(
        optionsWith(({ doc }) => doc === undefined),
        [],
      );
    });

    test('have a default in the tag @default', () => {
      const inProse = /\b(?:by default|default(?:s to| is))\b/i;
      const literal = /[\d`'"]/;
      const isInProse = ({ doc = '' }: Member): boolean =>
        !doc.includes('@default') && doc.split(/[.;]\s/).some((part) => inProse.test(part) && literal.test(part));
      assert.deepEqual(optionsWith(isInProse), []);
    });

    test('show a call of each function', {
      skip: entry === FOR_STORES && 'the stores of the package are examples',
    }, () => {
      // A type guard is called like any other.
      const withoutExample = symbols.filter(
        (symbol) => symbol.kind === 'function' && !/^is[A-Z]/.test(symbol.name) && !hasExample(symbol),
      );
      assert.deepEqual(withoutExample.map(placeOf), []);
    });
  });
}
