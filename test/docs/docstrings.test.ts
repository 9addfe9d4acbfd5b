import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type PublicSymbol, publicSymbols } from '../../scripts/docs/public-symbols.ts';
import { optionsOf, type PublicOption, read, subpaths } from './public-options.ts';

/** The subpath for authors of stores, whose functions are used in the stores of this package. */
const FOR_STORES = 'src/core/storage/index.ts';

/** Returns whether a docstring shows a call: in `@example`, in a fence, or in backticks. */
function hasExample({ name, doc = '' }: PublicSymbol): boolean {
  return doc.includes('@example') || new RegExp(`(?:\`\`\`ts[^]*|\`[^\`]*)\\b${name}\\(`).test(doc);
}

for (const entry of subpaths) {
  describe(`the docstrings of ${entry}`, () => {
    const symbols = publicSymbols(entry, read);
    const placeOf = ({ file, line, name }: PublicSymbol) => `${file}:${line}: ${name}`;
    const optionsWith = (holds: (member: PublicOption) => boolean) =>
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
      const isInProse = ({ doc = '' }: PublicOption): boolean =>
        !doc.includes('@default') && doc.split(/[.;]\s/).some((part) => inProse.test(part) && literal.test(part));
      assert.deepEqual(optionsWith(isInProse), []);
    });

    if (entry === FOR_STORES) return;
    test('show a call of each function', () => {
      // A type guard is called like any other.
      const withoutExample = symbols.filter(
        (symbol) => symbol.kind === 'function' && !/^is[A-Z]/.test(symbol.name) && !hasExample(symbol),
      );
      assert.deepEqual(withoutExample.map(placeOf), []);
    });
  });
}
