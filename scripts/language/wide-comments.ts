/** Finds comments that are wider than a line of code may be. The formatter wraps only code. */
import type { Pattern } from './patterns.ts';

const MAX_COLUMNS = 120;

/** The reason of a hit. Its text is not a phrase, so it matches nothing. */
export const WIDE_COMMENT: Pattern = {
  name: 'wide-comment',
  reason: `a line of a comment has more than ${MAX_COLUMNS} columns`,
  instead: 'a line break',
  matches: /(?!)/g,
};

/** The first characters of a line of a comment, by the ending of the file's name. Markdown has no comments. */
const MARKS: Readonly<Record<string, RegExp>> = {
  ...Object.fromEntries(['ts', 'js', 'wit', 'rs', 'c', 'h', 'proto'].map((ending) => [ending, /^\s*(\/\/|\/\*|\*)/])),
  sh: /^\s*#/,
  py: /^\s*#/,
};

/** Returns the lines of the file that are comments and too wide, counted from 1. */
export function wideComments(path: string, source: string): readonly number[] {
  const mark = MARKS[path.slice(path.lastIndexOf('.') + 1)];
  if (mark === undefined) return [];
  // A surrogate pair is one column.
  return source
    .split('\n')
    .flatMap((line, index) => (mark.test(line) && [...line].length > MAX_COLUMNS ? index + 1 : []));
}
