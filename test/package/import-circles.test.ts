/** The imports in `src/` form a tree, of files and of folders. Imports of types count. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { parseSync } from 'oxc-parser';

/** The names that each name imports. */
type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Returns the relative paths that a file imports or exports from, in any notation. */
function importsOf(path: string): string[] {
  const source = readFileSync(path, 'utf8');
  const { module } = parseSync(path, source);
  const named = [
    ...module.staticImports.map(({ moduleRequest }) => moduleRequest.value),
    ...module.staticExports.flatMap(({ entries }) => entries.map(({ moduleRequest }) => moduleRequest?.value)),
    // `import('./a.ts')`, as an expression or as a type.
    ...Array.from(source.matchAll(/\bimport\(\s*['"]([^'"]+)/g), ([, target]) => target),
  ];
  return named.flatMap((target) => (target?.startsWith('.') ? [join(dirname(path), target)] : []));
}

const files: Graph = new Map(globSync('src/**/*.ts').map((path) => [path, new Set(importsOf(path))]));

/** Returns the import graph of `folder`. Its nodes are the files and the subfolders directly in it. */
function graphOf(folder: string): Graph {
  const graph = new Map<string, Set<string>>();
  const entryOf = (path: string): string | undefined =>
    path.startsWith(`${folder}/`) ? path.slice(folder.length + 1).split('/')[0] : undefined;
  for (const [path, targets] of files) {
    const from = entryOf(path);
    if (from === undefined) continue;
    const found = graph.get(from) ?? new Set();
    graph.set(from, found);
    for (const target of targets) {
      const to = entryOf(target);
      if (to !== undefined && to !== from) found.add(to);
    }
  }
  return graph;
}

/** Returns the groups of names that import one another, directly or through others. Each is sorted. */
function circlesOf(graph: Graph): string[][] {
  const reached = new Map([...graph.keys()].map((name) => [name, reachableFrom(graph, name)]));
  const circles = new Map<string, string[]>();
  for (const [name, others] of reached) {
    if (!others.has(name)) continue;
    const circle = [...others].filter((other) => reached.get(other)?.has(name)).toSorted();
    circles.set(circle.join(), circle);
  }
  return [...circles.values()];
}

function reachableFrom(graph: Graph, name: string): Set<string> {
  const reached = new Set<string>();
  const waiting = [name];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const target of graph.get(next) ?? []) {
      if (reached.has(target)) continue;
      reached.add(target);
      waiting.push(target);
    }
  }
  return reached;
}

describe('the search for circles', () => {
  const graph = (edges: Record<string, string[]>): Graph =>
    new Map(Object.entries(edges).map(([name, targets]) => [name, new Set(targets)]));

  test('finds none in a tree', () => {
    assert.deepEqual(circlesOf(graph({ a: ['b', 'c'], b: ['c'], c: [] })), []);
  });

  test('finds the names of each circle', () => {
    const edges = { a: ['b'], b: ['c'], c: ['b', 'd'], d: [], e: ['f'], f: ['e'] };
    assert.deepEqual(circlesOf(graph(edges)), [
      ['b', 'c'],
      ['e', 'f'],
    ]);
  });

  test('counts the import of a type', () => {
    const targets = files.get('src/core/worlds.ts');
    assert.ok(targets?.has('src/core/decider.ts'));
  });
});

describe('the imports of src', () => {
  test('have no circle of files', () => {
    assert.deepEqual(circlesOf(files), []);
  });

  const folders = [...new Set([...files.keys()].flatMap(ancestorsOf))].toSorted();
  for (const folder of folders) {
    test(`have no circle among the files and folders in ${folder}`, () => {
      assert.deepEqual(circlesOf(graphOf(folder)), []);
    });
  }
});

function ancestorsOf(path: string): string[] {
  const folder = dirname(path);
  return folder === '.' ? [] : [folder, ...ancestorsOf(folder)];
}
