/** Checks the links of Markdown files: the file that a link names must exist, and so must the heading of its anchor. */
import { posix } from 'node:path';

/** A dead link. */
export interface DeadLink {
  readonly file: string;
  /** The line, counted from 1. */
  readonly line: number;
  readonly target: string;
  readonly reason: string;
}

/** The files that links may name, by their path from the root of the repository. */
export interface Tree {
  /** Returns whether a file or a folder exists. */
  readonly exists: (path: string) => boolean;
  /** Returns the text of a Markdown file. */
  readonly read: (path: string) => string;
}

/** Returns the links of the Markdown `files` that are dead. Addresses with a scheme (`https:`) are not followed. */
export function deadLinks(files: readonly string[], tree: Tree): readonly DeadLink[] {
  return files.flatMap((file) =>
    withoutCode(tree.read(file))
      .split('\n')
      .flatMap((text, index) =>
        [...text.matchAll(/\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)|^\[[^\]]+\]:\s*(\S+)/g)].flatMap((match) => {
          const target = match[1] ?? match[2] ?? '';
          const reason = problemOf(file, target, tree);
          return reason === undefined ? [] : [{ file, line: index + 1, target, reason }];
        }),
      ),
  );
}

/** Returns the anchors of a page's headings in their order, as GitHub generates them. */
export function anchors(markdown: string): readonly string[] {
  return anchorsOf([...withoutFences(markdown).matchAll(/^#{1,6}\s+(.*?)\s*#*$/gm)].map(([, heading = '']) => heading));
}

/** Returns the anchors of the headings of a page, in order. A repeated anchor gets a number. */
export function anchorsOf(headings: readonly string[]): readonly string[] {
  const times = new Map<string, number>();
  return headings.map((heading) => {
    const slug = heading
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}\s_-]/gu, '')
      .replace(/\s/g, '-');
    const before = times.get(slug) ?? 0;
    times.set(slug, before + 1);
    return before === 0 ? slug : `${slug}-${before}`;
  });
}

function problemOf(file: string, target: string, { exists, read }: Tree): string | undefined {
  if (/^[a-z][a-z+.-]*:/i.test(target)) return undefined;
  const [path = '', anchor] = target.split('#', 2);
  const named = path === '' ? file : posix.join(posix.dirname(file), decodeURI(path));
  if (path.startsWith('/')) return 'expected a path relative to the file, got one relative to the root';
  if (!exists(named)) return `there is no ${named}`;
  if (anchor === undefined) return undefined;
  const page = named.endsWith('.md') ? named : posix.join(named, 'README.md');
  if (!exists(page)) return `${named} is not a Markdown file, so it has no anchors`;
  return anchors(read(page)).includes(anchor) ? undefined : `${page} has no heading for #${anchor}`;
}

function withoutFences(markdown: string): string {
  return markdown.replace(/^(\s*)(```+).*\n[\s\S]*?^\s*\2\s*$/gm, blank);
}

function withoutCode(markdown: string): string {
  return withoutFences(markdown).replace(/(`+)[^`][\s\S]*?\1(?!`)/g, blank);
}

/** Returns only the line breaks, so that line numbers stay those of the file. */
function blank(code: string): string {
  return code.replace(/[^\n]/g, ' ');
}
