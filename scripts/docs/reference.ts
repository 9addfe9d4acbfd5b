/** Writes the API reference: a Markdown page for each subpath, and one that lists them. */
import { anchorsOf } from './links.ts';
import type { PublicSymbol } from './public-symbols.ts';

/** A subpath of the package with its symbols. */
export interface Subpath {
  /** The name of the subpath, such as `decidable/sqlite`. */
  readonly name: string;
  /** The comment at the beginning of its index file. */
  readonly intro: string | undefined;
  readonly symbols: readonly PublicSymbol[];
}

/** The pages by file name, and the docstrings' links to names that no subpath exports. */
export interface Reference {
  readonly pages: ReadonlyMap<string, string>;
  readonly unknown: readonly { readonly symbol: PublicSymbol | undefined; readonly name: string }[];
}

/** A parsed docstring. */
export interface Docstring {
  readonly text: string;
  /** The block tags in their order: `throws`, `param`, `default` … */
  readonly tags: readonly { readonly name: string; readonly text: string }[];
}

const GROUPS = [
  ['function', 'Functions'],
  ['class', 'Classes'],
  ['constant', 'Constants'],
  ['type', 'Types'],
] as const;

const TITLES: Readonly<Record<string, string>> = { throws: 'Throws', returns: 'Returns', default: 'Default' };

/** Returns the file name of a subpath's page: `decidable/codecs/json` → `codecs-json.md`. */
export function fileNameOf(subpath: string): string {
  return `${subpath.replace(/^decidable\/?/, '').replaceAll('/', '-') || 'decidable'}.md`;
}

/** Parses a docstring. A tag may begin within a line: `Closes the store. @throws TypeError`. */
export function docstring(doc: string): Docstring {
  const parts = outsideCode(doc, (text) => text.replace(/(?<=^|\s)@(?=[a-z])/g, '\0')).split('\0');
  const [text = '', ...tags] = parts.map((part) => part.trim());
  return {
    text,
    tags: tags.map((tag) => ({ name: /^[a-zA-Z]+/.exec(tag)?.[0] ?? '', text: tag.replace(/^[a-zA-Z]+\s*/, '') })),
  };
}

/** Writes the pages of all subpaths. */
export function reference(subpaths: readonly Subpath[]): Reference {
  const targets = new Map(subpaths.map((subpath) => [subpath, anchorsBySymbol(subpath)]));
  const unknown: { readonly symbol: PublicSymbol | undefined; readonly name: string }[] = [];
  const pages = subpaths.map((subpath) => {
    const page = new Page(subpath, targets, (symbol, name) => unknown.push({ symbol, name }));
    return [fileNameOf(subpath.name), page.write()] as const;
  });
  return { pages: new Map([['index.md', indexPage(targets)], ...pages]), unknown };
}

type Targets = ReadonlyMap<Subpath, ReadonlyMap<string, string>>;

type ReportUnknown = (symbol: PublicSymbol | undefined, name: string) => void;

class Page {
  readonly #subpath: Subpath;
  readonly #targets: Targets;
  readonly #reportUnknown: ReportUnknown;

  constructor(subpath: Subpath, targets: Targets, reportUnknown: ReportUnknown) {
    this.#subpath = subpath;
    this.#targets = targets;
    this.#reportUnknown = reportUnknown;
  }

  write(): string {
    const { name, intro, symbols } = this.#subpath;
    const sections = GROUPS.flatMap(([kind, title]) => {
      const entries = ofKind(symbols, kind).map((symbol) => this.#entry(symbol));
      return entries.length === 0 ? [] : [`## ${title}`, ...entries];
    });
    const head = intro === undefined ? [] : [this.#linked(docstring(intro).text, undefined)];
    return page([`# ${name}`, ...head, ...sections]);
  }

  #entry(symbol: PublicSymbol): string {
    const { text, tags } = docstring(symbol.doc ?? '');
    const words = new Set(symbol.declaration.match(/\b[A-Z]\w+/g) ?? []);
    const used = [...words].flatMap((word) => {
      const target = word === symbol.name ? undefined : this.#target(word);
      return target === undefined ? [] : [`[${word}](${target})`];
    });
    return [
      `### ${symbol.name}`,
      ...(text === '' ? [] : [this.#linked(text, symbol)]),
      fence(codeOf(symbol.declaration)),
      ...tags.map((tag) => this.#tag(tag, symbol)),
      ...(used.length === 0 ? [] : [`Uses: ${used.join(', ')}.`]),
    ].join('\n\n');
  }

  #tag({ name, text }: Docstring['tags'][number], symbol: PublicSymbol): string {
    if (name === 'example') return text.includes('```') ? `Example:\n\n${text}` : `Example:\n\n${fence(text)}`;
    if (name === 'param') {
      const [, parameter = '', rest = ''] = /^(\w+)\s*(?:-\s*)?([\s\S]*)$/.exec(text) ?? [];
      return `- \`${parameter}\`: ${this.#linked(rest, symbol)}`;
    }
    const linked = this.#linked(text, symbol);
    // The class of an error comes first: `@throws CommandFailure if …`.
    const target = name === 'throws' ? this.#target(/^\w+/.exec(text)?.[0] ?? '') : undefined;
    const shown = target === undefined ? linked : linked.replace(/^\w+/, (error) => `[${error}](${target})`);
    return `**${TITLES[name] ?? name}**: ${shown}`;
  }

  /** Converts each `{@link Name}` and `{@link Name text}` to a Markdown link. */
  #linked(text: string, symbol: PublicSymbol | undefined): string {
    return text.replace(/\{@link ([^}|\s]+)(?:\s*\|?\s*([^}]*))?\}/g, (_, name: string, label = '') => {
      const target = this.#target(name);
      if (target === undefined) this.#reportUnknown(symbol, name);
      const shown = label.trim() || `\`${name}\``;
      return target === undefined ? shown : `[${shown}](${target})`;
    });
  }

  /**
   * Returns the link to a symbol, or to the symbol of a member (`EventStore.append`), or undefined if none is exported.
   */
  #target(name: string): string | undefined {
    const [symbol = ''] = name.split('.');
    for (const subpath of [this.#subpath, ...this.#targets.keys()]) {
      const anchor = this.#targets.get(subpath)?.get(symbol);
      if (anchor !== undefined) return `${subpath === this.#subpath ? '' : fileNameOf(subpath.name)}#${anchor}`;
    }
    return undefined;
  }
}

function indexPage(targets: Targets): string {
  const subpaths = [...targets].map(([{ name }, anchors]) => {
    const links = [...anchors].map(([symbol, anchor]) => `[${symbol}](${fileNameOf(name)}#${anchor})`);
    return `## [${name}](${fileNameOf(name)})\n\n${links.join(', ')}`;
  });
  return page(['# API reference', '`npm run docs` writes these pages from the docstrings.', ...subpaths]);
}

/** Returns the anchor of each symbol on its page. A symbol may have the name of a group, so both are counted. */
function anchorsBySymbol({ name, symbols }: Subpath): ReadonlyMap<string, string> {
  const groups = GROUPS.map(([kind, title]) => ({ title, names: ofKind(symbols, kind).map((symbol) => symbol.name) }));
  const headings = groups.flatMap(({ title, names }) =>
    names.length === 0 ? [] : [{ text: title, isSymbol: false }, ...names.map((text) => ({ text, isSymbol: true }))],
  );
  const [, ...anchors] = anchorsOf([name, ...headings.map(({ text }) => text)]);
  return new Map(headings.flatMap(({ text, isSymbol }, at) => (isSymbol ? [[text, anchors[at] ?? ''] as const] : [])));
}

function ofKind(symbols: readonly PublicSymbol[], kind: PublicSymbol['kind']): readonly PublicSymbol[] {
  const key = ({ name }: PublicSymbol) => name.toLowerCase();
  return symbols
    .filter((symbol) => symbol.kind === kind)
    .toSorted((one, other) => (key(one) < key(other) ? -1 : key(one) > key(other) ? 1 : 0));
}

/** Formats a declaration of a `.d.ts` file for readers: without modifiers of the file, indented by two. */
function codeOf(declaration: string): string {
  return declaration
    .replace(/^export (declare )?/gm, '')
    .replace(/^ +#private;\n/gm, '')
    .replace(/\{@link ([^}|\s]+)[^}]*\}/g, '$1')
    .replace(/^(?: {4})+/gm, (indent) => ' '.repeat(indent.length / 2));
}

function fence(code: string): string {
  return `\`\`\`ts\n${code.trim()}\n\`\`\``;
}

function page(blocks: readonly string[]): string {
  return `${blocks.join('\n\n')}\n`;
}

/** Applies `change` to the parts of a text that are not code. */
function outsideCode(text: string, change: (text: string) => string): string {
  return text
    .split(/(```[\s\S]*?```|`[^`\n]*`)/)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join('');
}
