/** A fenced block of a Markdown file. */
export interface Fence {
  /** The word after the opening backticks: `ts`, `sh`, `text` … */
  readonly language: string;
  readonly code: string;
  /** The line of the opening backticks, counted from 1. */
  readonly line: number;
}

/** Returns the fenced blocks of a Markdown file, in order. */
export function fencesOf(markdown: string): readonly Fence[] {
  const fences: Fence[] = [];
  for (const match of markdown.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)) {
    const [, language = '', code = ''] = match;
    fences.push({ language, code, line: markdown.slice(0, match.index).split('\n').length });
  }
  return fences;
}

/** Returns the scripts of package.json that a text names: `npm start`, `npm run bench` … */
export function npmScriptsOf(text: string): readonly string[] {
  return [...text.matchAll(/\bnpm (?:run )?(\w+)/g)]
    .map(([, script = '']) => script)
    .filter((script) => !['ci', 'install', 'run'].includes(script));
}

/** Returns the files that the links of a Markdown text name, as they are written there. */
export function linkedFilesOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}
