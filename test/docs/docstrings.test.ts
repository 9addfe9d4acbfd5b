import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Declaration, parseSync, type Statement } from 'oxc-parser';

const root = fileURLToPath(new URL('../../', import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const subpaths: readonly string[] = Object.values(manifest.exports as Record<string, { 'decidable-source'?: string }>)
  .flatMap((target) => target['decidable-source'] ?? [])
  .map((path) => posix.normalize(path));

/** The public symbols of `file` that stand without a docstring, as `file:line: text`, re-exports followed. */
function undocumented(file: string, wanted: ReadonlySet<string> | undefined): readonly string[] {
  const text = readFileSync(root + file, 'utf8');
  const { program, comments } = parseSync(file, text);
  const seen = new Set<string>();
  return program.body.flatMap((statement) => {
    const from = reexport(statement);
    if (from !== undefined) return undocumented(posix.join(posix.dirname(file), from.path), from.names);
    if (statement.type !== 'ExportNamedDeclaration' || statement.declaration === null) return [];
    return namesOf(statement.declaration).flatMap((name) => {
      // An overload shares the docstring of the first.
      if ((wanted !== undefined && !wanted.has(name)) || seen.has(name)) return [];
      seen.add(name);
      // A directive of the linter may stand between the docstring and what it describes.
      const doc = comments.findLast((comment) => comment.end <= statement.start && comment.type === 'Block');
      const between =
        doc === undefined ? '' : text.slice(doc.end, statement.start).replace(/^\s*\/\/ biome-ignore .*$/m, '');
      if (doc?.value.startsWith('*') === true && between.trim() === '') return [];
      return [`${file}:${text.slice(0, statement.start).split('\n').length}: ${name}`];
    });
  });
}

/** `export { a } from './b.ts'`, `export * from './b.ts'`: where to go on, and for which names (all: undefined). */
function reexport(statement: Statement): { path: string; names: ReadonlySet<string> | undefined } | undefined {
  if (statement.type === 'ExportAllDeclaration') return { path: statement.source.value, names: undefined };
  if (statement.type !== 'ExportNamedDeclaration' || statement.source === null) return undefined;
  const names = statement.specifiers.map(({ local }) => (local.type === 'Literal' ? local.value : local.name));
  return { path: statement.source.value, names: new Set(names) };
}

function namesOf(declaration: Declaration): readonly string[] {
  if (declaration.type === 'VariableDeclaration') {
    return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []));
  }
  return 'id' in declaration && declaration.id?.type === 'Identifier' ? [declaration.id.name] : [];
}

for (const file of subpaths) {
  test(`every symbol that ${file} makes public has a docstring`, () => {
    assert.deepEqual(undocumented(file, undefined), []);
  });
}
