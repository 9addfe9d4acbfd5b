/** The table "The way of one command" of docs/architecture.md, compared with the calls of a command. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as module from 'node:module';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const document = readFileSync(new URL('../../docs/architecture.md', import.meta.url), 'utf8');
const section = document.split('\n## The way of one command\n')[1]!.split('\n## ')[0]!;

/** The steps of the table. The files of a step are alternatives if the cell has the word "or". */
const steps = [...section.matchAll(/^\| (\d+\. \w+) +\| ([^|]+) \|/gm)].map(([, step, cell]) => ({
  step: step!,
  isChoice: cell!.includes(' or '),
  files: [...cell!.matchAll(/\]\(\.\.\/src\/([^)]+)\)/g)].map(([, file]) => file!),
}));

const skip = !('registerHooks' in module) && 'needs registerHooks of Node 22.15 or later';

describe('the way of one command in docs/architecture.md', { skip }, () => {
  test('has the files in the order in which a command enters them', () => {
    const program = fileURLToPath(new URL('entered-files.ts', import.meta.url));
    const entered: string[] = JSON.parse(
      execFileSync(process.execPath, ['--conditions=decidable-source', program], { encoding: 'utf8' }),
    );
    assert.ok(steps.length > 10);
    let at = 0;
    for (const { step, isChoice, files } of steps) {
      const found = files.map((file) => entered.indexOf(file, at));
      if (isChoice) {
        at = Math.min(...found.filter((index) => index >= 0));
        assert.ok(Number.isFinite(at), `no file of step ${step} is entered after the step before it`);
        continue;
      }
      for (const file of files) {
        at = entered.indexOf(file, at);
        assert.ok(at >= 0, `step ${step}: ${file} is not entered after the file before it`);
      }
    }
  });
});
