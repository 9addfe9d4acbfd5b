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

/** A TypeScript fence as a program. */
export interface Program {
  /** The name in the first line, `// concert.ts`, or one made from the line of the fence. */
  readonly name: string;
  readonly code: string;
  /** The fence of text that follows: the output of the program. */
  readonly output: string | undefined;
}

/** Returns the programs of a Markdown file, in order. */
export function programsOf(markdown: string): readonly Program[] {
  const fences = fencesOf(markdown);
  return fences.flatMap(({ language, code, line }, index) => {
    if (language !== 'ts') return [];
    const next = fences[index + 1];
    const name = /^\/\/ (\S+\.ts)\n/.exec(code)?.[1] ?? `line-${line}.ts`;
    return [{ name, code, output: next?.language === 'text' ? next.code : undefined }];
  });
}

/** Returns the scripts of package.json that a string names: `npm start`, `npm run bench` … */
export function npmScriptsOf(text: string): readonly string[] {
  return [...text.matchAll(/\bnpm (?:run )?(\w+)/g)]
    .map(([, script = '']) => script)
    .filter((script) => !['ci', 'install', 'pack', 'run'].includes(script));
}

/** Returns the files that the links of a Markdown text name, as they are written there. */
export function linkedFilesOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}
