/**
 * `npm run check -- language`: finds turns of phrase that are not plain English, in comments, texts and documents, and
 * comments that are too wide. The number of hits that each file may still have is checked in
 * (`language-exceptions.json`), and only falls.
 */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Counts, countHits, differences, type Hit, hitsOf, table } from './language/hits.ts';
import { PATTERNS } from './language/patterns.ts';
import { PROSE_FILES } from './language/prose.ts';

const HELP = `node scripts/language.ts [options] [path …]

Compares the hits in the whole tree with scripts/language-exceptions.json, which lists how many each file may have.
More hits fail. Fewer hits fail too, until the number is lowered. With paths, prints every hit in these files and folders.

  --count   print a table of hits by folder and pattern
  --update  lower the numbers in the list of exceptions to what was found; they are never raised
  --help    print this text

patterns:
${PATTERNS.map(({ name, reason, instead }) => `  ${name}: ${reason}; use ${instead}`).join('\n')}`;

const ROOT = new URL('../', import.meta.url);
const EXCEPTIONS = new URL('language-exceptions.json', import.meta.url);
const TREE = ['src', 'wit', 'test', 'docs', 'examples', 'scripts'];
const FILES = [`{${TREE.join(',')}}/**/*.{${PROSE_FILES.join(',')}}`, 'README.md', 'CHANGELOG.md'];

/** Files that a tool generates, or that contain the patterns because they are about them. */
const EXCLUDED = /(^|\/)(node_modules|target|build|dist|generated|api)(\/|$)|^(scripts|test\/scripts)\/language/;

const { values: options, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const files = FILES.flatMap((pattern) => globSync(pattern, { cwd: ROOT, exclude: (path) => EXCLUDED.test(path) }))
  .filter((path) => !EXCLUDED.test(path))
  .filter(
    (path) => paths.length === 0 || paths.some((word) => path === word || path.startsWith(word.replace(/\/?$/, '/'))),
  )
  .toSorted();
if (files.length === 0) {
  console.error(`no file to read: expected paths from the root of the project, got ${paths.join(', ')}`);
  process.exit(2);
}
const hits = files.flatMap((path) => hitsOf(path, readFileSync(new URL(path, ROOT), 'utf8')));
const found = countHits(hits);

if (options.count) {
  console.log(table(found));
} else if (paths.length > 0) {
  print(hits);
  process.exitCode = hits.length === 0 ? 0 : 1;
} else {
  process.exitCode = compare(existsSync(EXCEPTIONS) ? JSON.parse(readFileSync(EXCEPTIONS, 'utf8')) : {});
}

function compare(allowed: Counts): number {
  const different = differences(found, allowed);
  const more = different.filter((each) => each.found > each.allowed);
  const fewer = different.filter((each) => each.found < each.allowed);
  print(hits.filter(({ path, pattern }) => more.some((each) => each.path === path && each.pattern === pattern.name)));
  for (const { path, pattern, ...each } of more) {
    console.log(`${path}: ${each.found} × ${pattern}, but ${each.allowed} allowed: rewrite the sentences above`);
  }
  if (options.update) {
    write(allowed, fewer);
  } else {
    for (const { path, pattern, ...each } of fewer) {
      console.log(`${path}: ${each.found} × ${pattern}, and ${each.allowed} allowed: lower the number (--update)`);
    }
  }
  const isRefused = more.length > 0 || (fewer.length > 0 && !options.update);
  if (!isRefused) console.log(`plain English, except for ${hits.length} listed hits in ${files.length} files`);
  return isRefused ? 1 : 0;
}

function write(allowed: Counts, fewer: ReturnType<typeof differences>): void {
  const lowered = Object.entries(allowed).flatMap(([path, ofFile]) => {
    const rest = Object.entries(ofFile)
      .map(([pattern, number]): [string, number] => {
        const change = fewer.find((each) => each.path === path && each.pattern === pattern);
        return [pattern, change?.found ?? number];
      })
      .filter(([, number]) => number > 0);
    return rest.length === 0 ? [] : [[path, Object.fromEntries(rest)] as const];
  });
  writeFileSync(EXCEPTIONS, `${JSON.stringify(Object.fromEntries(lowered), null, 2)}\n`);
}

function print(shown: readonly Hit[]): void {
  for (const { path, line, pattern, excerpt } of shown) {
    console.log(`${path}:${line}: ${pattern.name}: … ${excerpt} …\n    ${pattern.reason}; use ${pattern.instead}`);
  }
}
