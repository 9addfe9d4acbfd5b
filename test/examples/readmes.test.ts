/**
 * The README of each example shows the example's output. `BLESS=1 npm test -- readmes` writes the output into the
 * README.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fencesOf, npmScriptsOf } from '../docs/fences.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const EXAMPLES = join(ROOT, 'examples');

/** All examples except `guests`, which has its own READMEs and tests. */
const names = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'guests')
  .map(({ name }) => name);

/** Removes the measurements, which differ between two runs. */
function withoutTimes(output: string): string {
  return output.replace(/^[\d,]+ commands a second \([\d.]+ s\)$/gm, '… commands a second (… s)');
}

/** The program of an example. The bank has separate folders for its domain and its command line. */
function programOf(example: string): string {
  return join(EXAMPLES, example, example === 'bank' ? 'cli/main.ts' : 'main.ts');
}

function run(example: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-example-'));
  try {
    const flags = ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'];
    // The program runs in the root folder, like `npm start`. The database is in a folder that is removed afterwards.
    const store = example.startsWith('bank') ? ['--store', join(folder, 'bank.db')] : [];
    const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
    const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, programOf(example), ...store], {
      cwd: ROOT,
      encoding: 'utf8',
      env,
    });
    assert.equal(status, 0, stderr);
    return stdout.replaceAll(join(folder, 'bank.db'), 'bank.db');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

for (const name of names) {
  describe(`examples/${name}`, () => {
    const file = join(EXAMPLES, name, 'README.md');
    const readme = readFileSync(file, 'utf8');

    test('prints the output in its README', () => {
      const [output] = fencesOf(readme.slice(readme.indexOf('\n## Output\n'))).filter(
        ({ language }) => language === 'text',
      );
      assert.ok(output, 'a section "Output" with a fence of text');
      const printed = run(name);
      if (process.env.BLESS === '1')
        writeFileSync(
          file,
          readme.replace(`\n${output.code}\`\`\``, () => `\n${printed}\`\`\``),
        );
      else assert.equal(withoutTimes(printed), withoutTimes(output.code));
    });

    test('names scripts and files that exist', () => {
      const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
      for (const script of npmScriptsOf(readme)) assert.ok(script in scripts, `npm run ${script}`);
      for (const [, file = ''] of readme.matchAll(/\bnode [^\n`]*?(examples\/\S+\.ts)/g)) {
        assert.ok(existsSync(join(ROOT, file)), file);
      }
    });
  });
}

test('the list of examples names each of them', () => {
  const index = readFileSync(join(EXAMPLES, 'README.md'), 'utf8');
  for (const name of names) assert.ok(index.includes(`](${name}/)`), name);
});
