/**
 * Programs that must not compile. Each file in `cases/` marks the lines that TypeScript has to refuse,
 *
 *   // refused: a part of the diagnostic | the reason for the refusal
 *
 * and everything else in it has to compile. The compiler runs once over all of them.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';

interface Refusal {
  readonly file: string;
  /** The number of the line after the comment, counted from 1. */
  readonly line: number;
  readonly fragment: string;
  readonly reason: string;
}

interface Diagnostic {
  readonly file: string;
  readonly line: number;
  /** The diagnostic, including the lines that explain it. */
  readonly text: string;
}

const folder = import.meta.dirname;
const cases = join(folder, 'cases');

function refusalsOf(file: string): Refusal[] {
  const lines = readFileSync(join(cases, file), 'utf8').split('\n');
  return lines.flatMap((text, index) => {
    const mark = /^\s*\/\/ refused: (.+) \| (.+?)$/.exec(text);
    if (mark === null) return [];
    // The reason may continue in further lines of the comment.
    const length = lines.slice(index).findIndex((line) => !/^\s*\/\//.test(line));
    return [{ file, line: index + length + 1, fragment: mark[1]!, reason: mark[2]! }];
  });
}

function diagnose(): Diagnostic[] {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'lib/tsc.js');
  const args = [compiler, '-p', join(folder, 'tsconfig.json'), '--noEmit', '--pretty', 'false', '--noErrorTruncation'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(stderr, '');
  const diagnostics: { file: string; line: number; text: string }[] = [];
  for (const line of stdout.split('\n')) {
    const head = /^(.+?)\((\d+),\d+\): error (TS\d+: .*)$/.exec(line);
    if (head !== null) diagnostics.push({ file: head[1]!, line: Number(head[2]), text: head[3]! });
    else if (diagnostics.length > 0) diagnostics.at(-1)!.text += `\n${line}`;
  }
  return diagnostics;
}

describe('the compiler', () => {
  const diagnostics = diagnose();
  const ofCase = ({ file, line }: Refusal): Diagnostic[] =>
    diagnostics.filter((found) => found.file.endsWith(`cases/${file}`) && found.line === line);
  const refusals = readdirSync(cases).flatMap(refusalsOf);

  for (const refusal of refusals) {
    test(`refuses ${refusal.file}:${refusal.line}, because ${refusal.reason}`, () => {
      const found = ofCase(refusal);
      assert.equal(found.length, 1, `${found.length} errors on this line`);
      const text = found[0]?.text ?? '';
      assert.ok(text.includes(refusal.fragment), `expected: ${refusal.fragment}\nbut was:  ${text}`);
    });
  }

  test('reports an error on no other line', () => {
    const expected = new Set(refusals.flatMap(ofCase));
    const others = diagnostics.filter((found) => found.file.includes('cases/') && !expected.has(found));
    assert.deepEqual(others, []);
  });
});
