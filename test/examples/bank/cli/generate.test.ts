import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const COMMANDS = new URL('../../../../examples/bank/commands.ndjson', import.meta.url);
const GENERATE = new URL('../../../../examples/bank/cli/generate.ts', import.meta.url);

test('the generator writes the checked-in file', () => {
  const output = execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', fileURLToPath(GENERATE)], {
    maxBuffer: 10_000_000,
  });
  assert.ok(output.equals(readFileSync(COMMANDS)), 'run generate.ts again, and check in what it writes');
});

test('the file has at least 10,000 commands for at least 500 accounts', () => {
  const lines = readFileSync(COMMANDS, 'utf8').split('\n');
  const accounts = new Set(lines.map((line) => /"OpenAccount","data":{"accountId":"([^"]+)"/.exec(line)?.[1]));
  assert.ok(lines.length > 10_000, `${lines.length} lines`);
  assert.ok(accounts.size > 500, `${accounts.size} accounts`);
});
