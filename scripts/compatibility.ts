/**
 * `node scripts/compatibility.ts`: installs the packed tarball into a new project and tries it on runtimes and
 * compilers from the package registry. It prints the tables of docs/guides/install.md. It is not part of `npm test`,
 * because it installs 500 MB.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { KNOWN_FAILURES, PROGRAMS, TYPES } from './compatibility/programs.ts';

const HELP = `node scripts/compatibility.ts [options]

  --runtimes <list>   runtimes to try; node@22.14.0,node@24,node@26,bun@1,deno@2
  --compilers <list>  versions of TypeScript to try; 5.7,5.8,5.9,6,7
  --keep              leave the project, and print its folder
  --help              print this text

Prints a table of runtimes and one of compilers. Ends with status 1 after an unexpected failure.`;

const { values: options } = parseArgs({
  options: {
    runtimes: { type: 'string', default: 'node@22.14.0,node@24,node@26,bun@1,deno@2' },
    compilers: { type: 'string', default: '5.7,5.8,5.9,6,7' },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A runtime: the packages with its program, by npm's names of platforms, and the command that runs a file. */
interface Runtime {
  readonly package: string;
  readonly program: string;
  readonly args: readonly string[];
}

const { platform, arch } = process;
const RUNTIMES: Readonly<Record<string, Runtime>> = {
  node: { package: `node-${platform === 'win32' ? 'win' : platform}-${arch}`, program: 'bin/node', args: [] },
  bun: { package: `@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}`, program: 'bin/bun', args: ['run'] },
  deno: {
    package: `@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`,
    program: 'deno',
    args: ['run', '--allow-all', '--node-modules-dir=manual', '--quiet'],
  },
};

const project = mkdtempSync(join(tmpdir(), 'decidable-compatibility-'));

interface Run {
  readonly status: number | null;
  readonly output: string;
}

function run(folder: string, command: string, args: readonly string[]): Run {
  // The variables of npm and of this Node must not be passed to the programs.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(npm_(?!config_)|NODE_OPTIONS|NODE_TEST)/.test(name)),
  );
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: folder, encoding: 'utf8', env });
  return { status, output: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}`.trim() };
}

function need(folder: string, command: string, args: readonly string[]): string {
  const { status, output } = run(folder, command, args);
  if (status === 0) return output;
  throw new Error(`${command} ${args.join(' ')} failed:\n${output}`);
}

function install(folder: string, ...packages: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  if (!existsSync(join(folder, 'package.json'))) writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  need(folder, 'npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...packages]);
}

/** Returns the reason for a failure: the first line that names an error. */
function reason(output: string): string {
  const lines = stripVTControlCharacters(output).split('\n');
  const line = lines.find((text) => /error\b.*: /i.test(text) && !text.includes('throw')) ?? lines.at(-1) ?? '';
  return line
    .replace(/^.*?error: */i, '')
    .trim()
    .slice(0, 80);
}

function fileOf(part: string): string {
  return `${part.replaceAll(' ', '-')}.mjs`;
}

let failed = false;

function outcome({ status, output }: Run, name: string): string {
  if (status === 0) return 'yes';
  if (KNOWN_FAILURES.includes(name.replace(/ [\d.]+:/, ':'))) return 'no';
  failed = true;
  console.error(`${name}\n${output}\n`);
  return `no: ${reason(output)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = head.map((cell, index) => Math.max(cell.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  console.log([line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line), ''].join('\n'));
}

function tryRuntime(name: string): readonly string[] {
  const [kind = '', version = 'latest'] = name.split('@');
  const runtime = RUNTIMES[kind];
  if (runtime === undefined)
    throw new Error(`unknown runtime ${name}; the runtimes are ${Object.keys(RUNTIMES).join(', ')}`);
  const folder = join(project, 'runtimes', name.replaceAll('@', '-'));
  install(folder, `${runtime.package}@${version}`);
  const program = join(folder, 'node_modules', runtime.package, runtime.program);
  chmodSync(program, 0o755);
  const [, exact = version] = /(\d+\.\d+\.\d+)/.exec(need(folder, program, ['--version'])) ?? [];
  const label = `${kind[0]?.toUpperCase()}${kind.slice(1)} ${exact}`;
  const cells = Object.keys(PROGRAMS).map((part) =>
    outcome(run(project, program, [...runtime.args, fileOf(part)]), `${label}: ${part}`),
  );
  return [label, ...cells];
}

function tryCompiler(version: string): readonly string[] {
  const folder = join(project, 'compilers', version);
  install(folder, `typescript@${version}`);
  const compiler = join(folder, 'node_modules/.bin/tsc');
  const cells = [true, false].map((strict) => {
    const [moduleResolution, module] = strict ? ['nodenext', 'nodenext'] : ['bundler', 'esnext'];
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      strict: true,
      exactOptionalPropertyTypes: strict,
      noEmit: true,
      skipLibCheck: false,
    };
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['types.ts'] }));
    return outcome(
      run(project, compiler, ['-p', '.', '--pretty', 'false']),
      `TypeScript ${version}, ${moduleResolution}`,
    );
  });
  return [need(folder, compiler, ['--version']).replace('Version ', 'TypeScript '), ...cells];
}

try {
  const tarball = need(ROOT, 'npm', ['pack', '--silent', '--pack-destination', project]).split('\n').at(-1) ?? '';
  install(project, join(project, tarball), 'zod', 'fast-check', '@bufbuild/protobuf');
  for (const [part, code] of Object.entries(PROGRAMS)) writeFileSync(join(project, fileOf(part)), code);
  writeFileSync(join(project, 'types.ts'), TYPES);

  const list = (text: string): string[] => text.split(',').filter((item) => item !== '');
  table(['runtime', ...Object.keys(PROGRAMS)], list(options.runtimes).map(tryRuntime));
  table(['compiler', 'nodenext, exactOptionalPropertyTypes', 'bundler'], list(options.compilers).map(tryCompiler));
} finally {
  if (options.keep) console.log(project);
  else rmSync(project, { recursive: true, force: true });
}
process.exitCode = failed ? 1 : 0;
