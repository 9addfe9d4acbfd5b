/** Every public option appears in a guide. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fencesOf } from './fences.ts';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

/** The tables of option names in a source file, each with the type whose options it lists. */
function tablesIn(source: string): readonly (readonly [type: string, names: readonly string[]])[] {
  return [...source.matchAll(/^(?:export )?const \w+: OptionNames<([^=]+)> = \{([^}]*)\}/gm)].map(
    ([, type = '', body = '']) => [type, [...body.matchAll(/(\w+): true/g)].map(([, name = '']) => name)],
  );
}

const PAGES = ['README.md', 'docs/component-host.md', ...globSync('docs/guides/*.md', { cwd: root })];
const pages = PAGES.map(read).join('\n');
const programs = fencesOf(pages)
  .filter(({ language }) => language === 'ts')
  .map(({ code }) => code)
  .join('\n');

/** Returns whether a program passes the option, or a sentence or a table explains it. */
function isShown(name: string): boolean {
  return new RegExp(`\\b${name}\\b\\s*[:,(}]`).test(programs) || new RegExp(`\`[^\`\\n]*\\b${name}\\b`).test(pages);
}

test('every option of a public function appears in a guide', () => {
  const missing = globSync('src/**/*.ts', { cwd: root })
    .toSorted()
    .filter((path) => path !== 'src/adapters/testing/context.ts') // Its names are fields of an event's context.
    .flatMap((path) => tablesIn(read(path)).map(([type, names]) => ({ path, type, names })))
    .flatMap(({ path, type, names }) =>
      names.filter((name) => !isShown(name)).map((name) => `${path}: ${type}.${name}`),
    );
  assert.deepEqual(missing, []);
});
