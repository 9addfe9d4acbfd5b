/**
 * Finds the sentences of a file: comments and texts of programs, paragraphs of Markdown. Code is not prose, and neither
 * is text in backticks. Both are left out, so that a pattern of language cannot match a keyword.
 */
import { parseSync, Visitor } from 'oxc-parser';

/**
 * A piece of prose whose sentences belong together: a comment, a text of the program, a paragraph, a cell of a table.
 */
export interface Passage {
  /** The prose without the marks of its comment; its line breaks are those of the file. */
  readonly text: string;
  /** The line of the file on which the text begins, counted from 1. */
  readonly line: number;
}

/** The kinds of file that `passagesOf` reads, by the extension of their names. */
export const PROSE_FILES = ['ts', 'js', 'md', 'wit', 'rs', 'c', 'h', 'proto', 'sh', 'py'] as const;

/** Returns the prose of one file. */
export function passagesOf(path: string, source: string): readonly Passage[] {
  const ending = path.slice(path.lastIndexOf('.') + 1);
  return passagesIn(ending, source).flatMap(({ text, line }) => {
    const prose = withoutCode(text);
    return isProse(prose) ? [{ text: prose, line }] : [];
  });
}

function passagesIn(language: string, source: string): readonly Passage[] {
  switch (language) {
    case 'ts':
    case 'js':
      return typescript(source);
    case 'md':
      return markdown(source);
    case 'wit':
    case 'rs':
    case 'c':
    case 'h':
    case 'proto':
      return curly(source);
    case 'sh':
    case 'py':
      return script(source);
    default:
      return [];
  }
}

function typescript(source: string): readonly Passage[] {
  const { program, comments, errors } = parseSync('file.ts', source);
  // AssemblyScript, and a part of a program in a document. Neither parses alone, and the comments suffice.
  if (errors.length > 0) return curly(source);
  const lineOf = lineCounter(source);
  const found: Passage[] = comments.map(({ start, value }) => ({ text: undecorated(value), line: lineOf(start) }));
  new Visitor({
    Literal({ value, start }) {
      if (typeof value === 'string') found.push({ text: value, line: lineOf(start) });
    },
    TemplateLiteral({ quasis, start }) {
      const text = quasis.map(({ value }) => value.cooked ?? value.raw).join('`x`');
      found.push({ text, line: lineOf(start) });
    },
  }).visit(program);
  return joined(found, source);
}

/** Returns comments with `//` and `/* *​/`, and strings in double quotes: WIT, Rust, C and Protocol Buffers. */
function curly(source: string): readonly Passage[] {
  const lineOf = lineCounter(source);
  const found: Passage[] = [];
  for (const match of source.matchAll(/\/\/([^\n]*)|\/\*([\s\S]*?)\*\/|"((?:\\.|[^"\\])*)"|'(?:\\.|[^'\\])'/g)) {
    const [, line, block, string] = match;
    const text = line?.replace(/^[/!]/, '') ?? block ?? string;
    if (text !== undefined) found.push({ text: undecorated(text), line: lineOf(match.index) });
  }
  return joined(found, source);
}

/** Returns comments that begin with `#`: shell and Python. */
function script(source: string): readonly Passage[] {
  const lines = source.split('\n');
  const found = lines.flatMap((text, index) => {
    const comment = /^\s*#(?!!)\s*(.*)/.exec(text)?.[1];
    return comment === undefined ? [] : [{ text: comment, line: index + 1 }];
  });
  return joined(found, source);
}

/** Makes one passage of comments on consecutive lines, because a sentence continues on the next one. */
function joined(found: readonly Passage[], source: string): readonly Passage[] {
  const lines = source.split('\n');
  const isLineComment = (line: number) => /^\s*(\/\/|#)/.test(lines[line - 1] ?? '');
  const result: Passage[] = [];
  for (const passage of found.toSorted((one, other) => one.line - other.line)) {
    const last = result.at(-1);
    const lastLine = last === undefined ? 0 : last.line + last.text.split('\n').length - 1;
    if (last !== undefined && passage.line === lastLine + 1 && isLineComment(lastLine) && isLineComment(passage.line)) {
      result[result.length - 1] = { text: `${last.text}\n${passage.text}`, line: last.line };
    } else {
      result.push(passage);
    }
  }
  return result;
}

/**
 * Returns headings, paragraphs, items of lists and cells of tables. A fenced program counts as a file of its language.
 */
function markdown(source: string): readonly Passage[] {
  const found: Passage[] = [];
  const lines = source.split('\n');
  let paragraph: string[] = [];
  const end = (next: number) => {
    if (paragraph.length > 0) found.push({ text: paragraph.join('\n'), line: next - paragraph.length + 1 });
    paragraph = [];
  };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    const fence = /^\s*(```+)(\w*)/.exec(line);
    if (fence !== null) {
      end(index);
      const from = index + 1;
      do index++;
      while (index < lines.length && lines[index]?.trim() !== fence[1]);
      const code = lines.slice(from, index).join('\n');
      found.push(...passagesIn(fence[2] ?? '', code).map((each) => ({ ...each, line: each.line + from })));
    } else if (line.trim() === '' || /^ {4,}/.test(line)) {
      end(index);
    } else if (/^\s*\|/.test(line)) {
      end(index);
      for (const cell of line.split('|')) found.push({ text: cell.trim(), line: index + 1 });
    } else {
      if (/^\s*([-*+]|\d+\.|#+)\s/.test(line)) end(index);
      paragraph.push(line.replace(/^\s*([-*+]|\d+\.|#+|>)\s/, '').trim());
      if (line.startsWith('#')) end(index + 1);
    }
  }
  end(lines.length);
  return found;
}

/** Removes the marks of a block comment at the beginning of each line. */
function undecorated(comment: string): string {
  return comment
    .replace(/^\*/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .join('\n')
    .trimEnd()
    .replace(/^[ \t]+/, '');
}

/** Replaces quoted code, addresses and the targets of links with `x`. */
function withoutCode(text: string): string {
  const blank = (code: string) => `x${'\n'.repeat(code.split('\n').length - 1)}`;
  return text
    .replace(/```[\s\S]*?```/g, blank)
    .replace(/`[^`]*`/g, blank)
    .replace(/\]\([^)]*\)/g, (target) => `]${blank(target)}`)
    .replace(/https?:\S+/g, blank);
}

/** A text of one word, a program of WebAssembly text, WIT or SQL and a pattern of names are not sentences. */
function isProse(text: string): boolean {
  if (!/[A-Za-z]{2,}[,;:]?\s+[A-Za-z]{2,}/.test(text)) return false;
  return !/^\s*(\(\w|select |with \w+ as |insert |update |delete |create |package |interface |world |import |export )/.test(
    text,
  );
}

function lineCounter(source: string): (offset: number) => number {
  const starts = [0];
  for (let at = source.indexOf('\n'); at !== -1; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}
