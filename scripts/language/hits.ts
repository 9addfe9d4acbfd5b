/** Finds the patterns in files, and compares their number with the exceptions that are checked in. */
import { PATTERNS, type Pattern } from './patterns.ts';
import { passagesOf } from './prose.ts';
import { WIDE_COMMENT, wideComments } from './wide-comments.ts';

/** A pattern in a file. */
export interface Hit {
  readonly path: string;
  /** The line, counted from 1. */
  readonly line: number;
  readonly pattern: Pattern;
  /** The hit with the words around it. */
  readonly excerpt: string;
}

/** The number of hits of each pattern in each file. A file or pattern without hits is absent. */
export type Counts = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** A file and a pattern whose number of hits differs from the exceptions. */
export interface Difference {
  readonly path: string;
  readonly pattern: string;
  readonly allowed: number;
  readonly found: number;
}

/** The number of characters that an excerpt shows before and after its hit. */
const AROUND = 40;

/** Returns the hits in one file, line by line. */
export function hitsOf(path: string, source: string): readonly Hit[] {
  const phrases = passagesOf(path, source).flatMap((passage) =>
    PATTERNS.flatMap((pattern) =>
      [...passage.text.matchAll(pattern.matches)].map((match): Hit => {
        const line = passage.line + passage.text.slice(0, match.index).split('\n').length - 1;
        const end = match.index + match[0].length + AROUND;
        const excerpt = passage.text
          .slice(Math.max(0, match.index - AROUND), end)
          .replace(/\s+/g, ' ')
          .trim();
        return { path, line, pattern, excerpt };
      }),
    ),
  );
  const lines = source.split('\n');
  const wide = wideComments(path, source).map((line): Hit => {
    return { path, line, pattern: WIDE_COMMENT, excerpt: (lines[line - 1] ?? '').trim().slice(-AROUND) };
  });
  return [...phrases, ...wide].toSorted((one, other) => one.line - other.line);
}

/** Counts hits by file and pattern, both in alphabetical order. */
export function countHits(hits: readonly Hit[]): Counts {
  const counts = new Map<string, Map<string, number>>();
  for (const { path, pattern } of hits) {
    const ofFile = counts.get(path) ?? new Map<string, number>();
    counts.set(path, ofFile.set(pattern.name, (ofFile.get(pattern.name) ?? 0) + 1));
  }
  return Object.fromEntries(sorted(counts).map(([path, ofFile]) => [path, Object.fromEntries(sorted(ofFile))]));
}

/** Returns every place where the hits are not exactly those that the exceptions allow. */
export function differences(found: Counts, allowed: Counts): readonly Difference[] {
  const paths = [...new Set([...Object.keys(found), ...Object.keys(allowed)])].toSorted();
  return paths.flatMap((path) => {
    const [here = {}, there = {}] = [found[path], allowed[path]];
    const patterns = [...new Set([...Object.keys(here), ...Object.keys(there)])].toSorted();
    return patterns
      .map((pattern) => ({ path, pattern, allowed: there[pattern] ?? 0, found: here[pattern] ?? 0 }))
      .filter((each) => each.allowed !== each.found);
  });
}

/** Returns a table of counts: a row for each pattern, a column for each folder, and the sums. */
export function table(counts: Counts): string {
  const folders = [...new Set(Object.keys(counts).map(folderOf))].toSorted();
  const cell = (pattern: string | undefined, folder: string | undefined) => {
    const files = Object.entries(counts).filter(([path]) => folder === undefined || folderOf(path) === folder);
    const numbers = files.flatMap(([, ofFile]) =>
      pattern === undefined ? Object.values(ofFile) : [ofFile[pattern] ?? 0],
    );
    return String(numbers.reduce((sum, each) => sum + each, 0));
  };
  const row = (name: string, pattern: string | undefined) => [
    name,
    ...folders.map((folder) => cell(pattern, folder)),
    cell(pattern, undefined),
  ];
  const rows = [
    ['', ...folders, 'all'],
    ...[...PATTERNS, WIDE_COMMENT].map(({ name }) => row(name, name)),
    row('all', undefined),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  return rows
    .map((cells) => cells.map((text, at) => (at === 0 ? text.padEnd(widths[at] ?? 0) : text.padStart(widths[at] ?? 0))))
    .map((cells) => cells.join('  ').trimEnd())
    .join('\n');
}

/** Returns the folder of a file, at most three levels deep: `src/core/define/decider.ts` → `src/core/define`. */
function folderOf(path: string): string {
  const folders = path.split('/').slice(0, -1);
  return folders.slice(0, folders[0] === 'src' ? 3 : 1).join('/') || '.';
}

function sorted<Value>(map: ReadonlyMap<string, Value>): readonly (readonly [string, Value])[] {
  return [...map].toSorted(([one], [other]) => (one < other ? -1 : 1));
}
