/**
 * The templates of `decidable new`: the examples of the package, copied so that they build in a folder of their own.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandLineError } from './failures.ts';

/** The languages of `decidable new decider`. */
export const LANGUAGES = ['typescript', 'javascript', 'rust', 'c', 'go', 'python', 'assemblyscript'] as const;

export type Language = (typeof LANGUAGES)[number];

/** A new folder. */
export interface Copied {
  readonly files: readonly string[];
  /** The commands to type next, in the new folder. */
  readonly next: readonly string[];
}

interface Template {
  /** The files to copy, from the root of the package: a folder with all its files, or one file. */
  readonly sources: readonly string[];
  /** Folders of the package, and their names in the new folder. The others are the new folder itself. */
  readonly folders?: Readonly<Record<string, string>>;
  /** The npm packages that the template needs. Their versions are those with which the package was tested. */
  readonly packages: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly next: readonly string[];
}

/** Node runs `componentize.ts`, which is in TypeScript. `decidable` inspects the component. */
const GUEST_TOOLS = ['decidable', '@bytecodealliance/jco-transpile', 'node'];
const INSPECT = (file: string): string => `npx decidable inspect ${file}`;

/** A guest whose component is made by `componentize.ts`. */
function guest(language: Language, packages: readonly string[], ...next: readonly string[]): Template {
  return {
    sources: [`examples/guests/${language}`, 'examples/guests/componentize.ts', 'wit'],
    folders: { wit: 'wit' },
    packages: [...GUEST_TOOLS, ...packages],
    next: ['npm install', ...next],
  };
}

const TYPESCRIPT: Template = {
  sources: ['examples/bank/account.ts', 'examples/bank/account.test.ts'],
  packages: ['decidable', 'componentize-qjs', 'esbuild', 'zod'],
  scripts: { test: 'node --test', build: 'decidable build account.ts -o account.wasm' },
  next: ['npm install', 'npm test', 'npm run build', INSPECT('account.wasm')],
};

const DECIDERS: Readonly<Record<Language, Template>> = {
  typescript: TYPESCRIPT,
  javascript: TYPESCRIPT,
  rust: guest('rust', [], './build.sh', INSPECT('bank.wasm')),
  c: guest('c', [], './build.sh', INSPECT('bank.wasm')),
  assemblyscript: guest('assemblyscript', ['assemblyscript'], './build.sh', INSPECT('bank.wasm')),
  go: guest('go', [], 'go test ./...', './build.sh', INSPECT('build/bank.wasm')),
  python: {
    sources: ['examples/guests/python', 'wit'],
    folders: { wit: 'wit' },
    packages: ['decidable'],
    next: ['npm install', 'python3 -m unittest', './build.sh', INSPECT('build/bank.wasm')],
  },
};

const SYSTEM: Template = {
  sources: [
    'account',
    'balances',
    'decidable.config',
    'receipts',
    'statements',
    'system',
    'transfer',
    'transfer-process',
  ].map((name) => `examples/bank/${name}.ts`),
  packages: ['decidable', 'kysely', 'zod'],
  next: [
    'npm install',
    'npx decidable describe',
    `npx decidable dispatch OpenAccount '{"accountId":"0001","owner":"Ada"}'`,
    'npx decidable run',
  ],
};

/** Paths in the examples, and the same paths in a folder of their own. */
const PATHS: readonly (readonly [string, string])[] = [
  ['../../../node_modules/', 'node_modules/'],
  ['../node_modules/', 'node_modules/'],
  ['../../../wit', 'wit'],
  ['../../wit/', 'wit/'],
  ['../componentize.ts', 'componentize.ts'],
  ['../package.json', 'package.json'],
  ['../../bank.db', 'bank.db'],
  ['`npm ci` in the parent folder and in the root', '`npm install` in this folder'],
];

/** Results of a build, and files that belong to the repository. */
const SKIPPED = /^(node_modules|target|build|__pycache__|bank\.wasm|Cargo\.lock|\.gitignore)$/;
const TEXT_TO_IGNORE = 'node_modules/\nbuild/\ntarget/\n__pycache__/\n*.db*\n';

/** Copies the bank's account in a language. @throws CommandLineError if the folder is not empty. */
export function copyDecider(language: Language, folder: string): Copied {
  return copy(DECIDERS[language], folder);
}

/** Copies the bank as a system. @throws CommandLineError if the folder is not empty. */
export function copySystem(folder: string): Copied {
  return copy(SYSTEM, folder);
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

function copy({ sources, folders = {}, packages, scripts, next }: Template, folder: string): Copied {
  requireEmpty(folder);
  const files = new Map<string, string>([['.gitignore', TEXT_TO_IGNORE]]);
  for (const source of sources) {
    for (const path of filesOf(source)) {
      const name = path === '' ? source.split('/').at(-1)! : path;
      const text = readFileSync(join(ROOT, source, path), 'utf8');
      files.set(
        join(folders[source] ?? '', name),
        PATHS.reduce((all, [from, to]) => all.replaceAll(from, to), text),
      );
    }
  }
  files.set('package.json', manifestOf(folder, packages, scripts));
  for (const [name, text] of files) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    if (name.endsWith('.sh')) chmodSync(path, 0o755);
  }
  return { files: [...files.keys()].sort(), next };
}

function requireEmpty(folder: string): void {
  let names: readonly string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new CommandLineError('usage', `${folder} is not a folder; name one that does not exist`, {
      argument: 'folder',
      cause: error,
    });
  }
  if (names.length > 0)
    throw new CommandLineError('usage', `the folder ${folder} is not empty; name one that does not exist`, {
      argument: 'folder',
    });
}

/** Returns the files of a folder by their paths in it, or '' for a file. */
function filesOf(source: string, path = ''): readonly string[] {
  const entries = isFolder(source) ? readdirSync(join(ROOT, source, path), { withFileTypes: true }) : undefined;
  if (entries === undefined) return [''];
  return entries
    .filter(({ name }) => !SKIPPED.test(name))
    .flatMap((entry) => (entry.isDirectory() ? filesOf(source, join(path, entry.name)) : [join(path, entry.name)]));
}

const isFolder = (source: string): boolean => !source.endsWith('.ts');

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Returns a package.json with the versions of this package and of its guests. */
function manifestOf(folder: string, packages: readonly string[], scripts: Template['scripts']): string {
  const read = (path: string): Manifest => JSON.parse(readFileSync(join(ROOT, path), 'utf8'));
  const [own, guests] = [read('package.json'), read('examples/guests/package.json')];
  const versions = {
    ...own.devDependencies,
    ...guests.devDependencies,
    ...own.dependencies,
    decidable: `^${own.version}`,
  };
  const dependencies = Object.fromEntries(packages.map((name) => [name, versions[name as 'decidable']]));
  const manifest = { name: nameOf(folder), private: true, type: 'module', scripts, dependencies };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

/** Returns the name of the folder, as a name of an npm package. */
function nameOf(folder: string): string {
  const name = folder.split(/[\\/]/).findLast((part) => /[a-z0-9]/i.test(part)) ?? 'decider';
  return name.toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-');
}
