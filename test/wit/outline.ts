/**
 * The mirror test compares outlines of a WIT package and of its TypeScript mirror. A line is one fact, so that a
 * difference is a line that only one side has.
 */

/** The outline of one interface or of the worlds. `key` is the file name without its extension. */
export interface Outline {
  readonly name: string;
  readonly lines: readonly string[];
}

/** `write-precondition` → `WritePrecondition`. */
export function pascalCase(kebab: string): string {
  return kebab
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

/** `schema-version` → `schemaVersion`. */
export function camelCase(kebab: string): string {
  const pascal = pascalCase(kebab);
  return pascal.charAt(0).toLowerCase() + pascal.slice(1);
}

/**
 * Returns both sides next to each other, line by line, with marks at the differences, or an empty text if they agree.
 */
export function difference(wit: Outline, typescript: Outline): string {
  const rows: string[] = [];
  const width = Math.max(20, ...wit.lines.map((line) => line.length)) + 2;
  let parts = false;
  for (let i = 0; i < Math.max(wit.lines.length, typescript.lines.length); i++) {
    const left = wit.lines[i] ?? '';
    const right = typescript.lines[i] ?? '';
    if (left !== right) parts = true;
    rows.push(`${left === right ? ' ' : '≠'} ${left.padEnd(width)}| ${right}`);
  }
  if (!parts) return '';
  const firstDifference = rows.findIndex((row) => row.startsWith('≠'));
  const shown = rows.slice(Math.max(0, firstDifference - 3), firstDifference + 8);
  return [`${wit.name}: the WIT (left) and src/core (right) differ`, ...shown].join('\n');
}
