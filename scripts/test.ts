/**
 * `npm test`: runs every `test/**​/*.test.ts` with node:test. Arguments narrow it: `npm test -- core/ids` runs the
 * files whose path contains one of the words; flags (`--test-name-pattern=…`) are passed to node unchanged. Properties
 * are tested on the same cases each time. `FAST_CHECK_SEED=random npm test` draws different cases.
 */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';

const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith('-'));
const words = args.filter((arg) => !arg.startsWith('-'));
const files = globSync('test/**/*.test.ts', { exclude: (path) => path.includes('node_modules') })
  .sort()
  .filter((file) => words.length === 0 || words.some((word) => file.includes(word)));

if (files.length === 0) {
  console.error(`no test file matches: ${words.join(' ') || 'test/**/*.test.ts'}`);
  process.exit(1);
}

const node = [
  '--conditions=decidable-source',
  '--disable-warning=ExperimentalWarning',
  `--import=${new URL('../test/seed.ts', import.meta.url).href}`,
  '--test',
  '--test-concurrency=2',
];
const run = spawnSync(process.execPath, [...node, ...flags, ...files], { stdio: 'inherit' });
process.exit(run.status ?? 1);
