/** Every public option appears in a guide, on a page about a function that takes it. */
import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fencesOf } from './fences.ts';
import { allSymbols, optionsOf, read, takersOf } from './public-options.ts';

const cwd = fileURLToPath(new URL('../../', import.meta.url));

/** The functions of a store that only stores and tools call. The API reference describes them. */
const FOR_STORES: ReadonlySet<string> = new Set(['readLog', 'readCommits', 'readStreams', 'listDeadlines']);

interface Page {
  readonly text: string;
  readonly programs: string;
}

const pages = ['README.md', 'docs/component-host.md', ...globSync('docs/guides/*.md', { cwd })].map((path): Page => {
  const text = read(path);
  const programs = fencesOf(text).filter(({ language }) => language === 'ts');
  return { text, programs: programs.map(({ code }) => code).join('\n') };
});

/** Returns whether a program of the page passes the option, or a sentence or a table explains it. */
function isShown(name: string, { text, programs }: Page): boolean {
  return new RegExp(`\\b${name}\\b\\s*[:,(}]`).test(programs) || new RegExp(`\`[^\`\\n]*\\b${name}\\b`).test(text);
}

test('every option of a public function appears on a page about the function', () => {
  const symbols = allSymbols();
  const missing = symbols.flatMap((symbol) => {
    // A definition of a message is the result of a function, and not its argument.
    if (symbol.name === 'Definition') return [];
    const takers = [...takersOf(symbol.name, symbols)].filter((taker) => !FOR_STORES.has(taker));
    if (takers.length === 0) return [];
    const about = pages.filter(({ text }) => takers.some((taker) => new RegExp(`\\b${taker}\\b`).test(text)));
    return optionsOf(symbol)
      .filter(({ name }) => !about.some((page) => isShown(name, page)))
      .map(({ name }) => `${symbol.file}: ${symbol.name}.${name} (${takers.join(', ')})`);
  });
  assert.deepEqual(missing, []);
});
