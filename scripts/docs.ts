/**
 * `npm run docs`: writes the API reference to `docs/api/` from the docstrings, and checks the links of all Markdown
 * files.
 *
 * The TypeScript compiler emits the declarations, so that a page shows them as an editor does.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deadLinks } from './docs/links.ts';
import { fileComment, publicSymbols } from './docs/public-symbols.ts';
import { reference, type Subpath } from './docs/reference.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUTPUT = 'docs/api';
const EXCLUDED = /(^|\/)(node_modules|target|build|dist|\.cache)(\/|$)/;

const problems = [...writeReference(), ...checkLinks()];
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;

/** Writes the pages. Returns the problems of the docstrings. */
function writeReference(): readonly string[] {
  const declarations = mkdtempSync(join(tmpdir(), 'decidable-docs-'));
  try {
    const args = [
      '-p',
      'tsconfig.build.json',
      '--emitDeclarationOnly',
      '--declarationMap',
      'false',
      '--sourceMap',
      'false',
    ];
    const { status, error } = spawnSync('tsc', [...args, '--outDir', declarations], { cwd: ROOT, stdio: 'inherit' });
    if (status !== 0) return [`the compiler could not emit declarations: ${error?.message ?? 'see above'}`];
    const { pages, unknown } = reference(subpathsOf(declarations));
    rmSync(join(ROOT, OUTPUT), { recursive: true, force: true });
    mkdirSync(join(ROOT, OUTPUT));
    for (const [name, page] of pages) writeFileSync(join(ROOT, OUTPUT, name), page);
    console.log(`${pages.size} pages in ${OUTPUT}/`);
    return unknown.map(({ symbol, name }) => {
      const place = symbol === undefined ? 'the comment of an index file' : `${symbol.file}, ${symbol.name}`;
      return `${place}: {@link ${name}} names a symbol that the package does not export; export it, or write it in backticks`;
    });
  } finally {
    rmSync(declarations, { recursive: true });
  }
}

function subpathsOf(declarations: string): readonly Subpath[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const read = (file: string) => readFileSync(join(declarations, file.replace(/\.[jt]s$/, '.d.ts')), 'utf8');
  return Object.entries<{ 'decidable-source'?: string }>(exports).flatMap(([path, target]) => {
    const source = target['decidable-source'];
    if (source === undefined) return [];
    const file = posix.relative('./src', source);
    return [
      { name: posix.join('decidable', path), intro: fileComment(file, read), symbols: publicSymbols(file, read) },
    ];
  });
}

/** Returns the dead links of all Markdown files, those of the reference included. */
function checkLinks(): readonly string[] {
  const files = globSync('**/*.md', { cwd: ROOT, exclude: (path) => EXCLUDED.test(path) }).toSorted();
  const dead = deadLinks(files, {
    exists: (path) => existsSync(join(ROOT, path)),
    read: (path) => readFileSync(join(ROOT, path), 'utf8'),
  });
  console.log(`${files.length} Markdown files, ${dead.length} dead links`);
  return dead.map(({ file, line, target, reason }) => `${file}:${line}: ${target}: ${reason}`);
}
