/** With --json, each command prints JSON only, and each failure is JSON with a code and a place. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { makeProgram } from '../../../src/adapters/cli/program.ts';
import type { CallResult } from './calls.ts';
import { BANK, bankFile, folder, newFile, parkedFile } from './program.ts';

const CALLS = fileURLToPath(new URL('calls.ts', import.meta.url));
const COMPONENT = fileURLToPath(new URL('../../../examples/guests/c/bank.wasm', import.meta.url));

/** Makes the calls in one process, with --json. */
function called(calls: readonly (readonly string[])[]): readonly CallResult[] {
  const { stdout, stderr } = spawnSync(process.execPath, ['--conditions=decidable-source', CALLS], {
    cwd: BANK,
    input: JSON.stringify(calls.map((args) => [...args, '--json'])),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  assert.notEqual(stdout, '', stderr);
  return JSON.parse(stdout);
}

/** The full names of all commands without subcommands. `complete` is called by the script of a shell only. */
function leavesOf(command: Command, path = ''): readonly string[] {
  if (command.commands.length === 0) return [path];
  return command.commands
    .filter((child) => child.name() !== 'complete')
    .flatMap((child) => leavesOf(child, `${path} ${child.name()}`.trim()));
}

const store = await bankFile(13, 5);
const parked = await parkedFile();
const [outdated, junk] = [join(folder, 'outdated.heads'), join(folder, 'junk.txt')];
mkdirSync(join(folder, 'full'));
for (const file of [outdated, junk, join(folder, 'full', 'file')]) writeFileSync(file, 'junk\n');
const definition = join(folder, 'account.ts');
writeFileSync(definition, 'export const nothing = 1;\n');

/** Calls that succeed. `lines` are JSON values in one line each, and the others print one JSON value. */
const SUCCESSES: readonly { readonly args: readonly string[]; readonly lines?: true; readonly status?: number }[] = [
  { args: ['events', '--store', store], lines: true },
  { args: ['state', 'account-a', '--store', store] },
  { args: ['decision', 'deposit-1', '--store', store] },
  { args: ['dispatch', 'Open', '{"accountId":"z"}', '--store', store] },
  { args: ['dispatch', 'Withdraw', '{"accountId":"b","amount":500}', '--store', store], status: 3 },
  { args: ['run', '--once', '--store', store], lines: true, status: 7 },
  { args: ['read-models', 'list', '--store', store] },
  { args: ['read-models', 'get', 'balances', 'a', '--store', store] },
  { args: ['read-models', 'get', 'balances', '--store', store], lines: true },
  { args: ['read-models', 'rebuild', 'balances', '--store', store] },
  { args: ['read-models', 'drop', '--old', '--store', store] },
  { args: ['subscriptions', '--store', store] },
  { args: ['parked', 'list', '--store', parked] },
  { args: ['parked', 'show', 'receipts', 'account-a', '--store', parked] },
  { args: ['parked', 'retry', 'receipts', 'account-a', '--store', parked] },
  { args: ['parked', 'drop', 'receipts', 'account-a', '--store', parked] },
  { args: ['describe'] },
  { args: ['describe', '--mermaid'] },
  { args: ['verify-chain', '--store', store] },
  { args: ['verify', '--threads', '1', '--store', store] },
  { args: ['backup', newFile(), '--store', store] },
  { args: ['copy', store, newFile()] },
  { args: ['inspect', COMPONENT] },
  { args: ['new', 'decider', join(folder, 'decider')] },
  { args: ['new', 'system', join(folder, 'system')] },
  { args: ['completion', 'zsh'] },
  { args: ['--version'] },
  { args: ['--help'] },
  { args: ['parked', 'show', '--help'] },
  { args: ['help', 'run'] },
];

/** Calls that fail before their work is done, with the code and the place of the error. */
const FAILURES: readonly (readonly [
  args: readonly string[],
  status: number,
  code: string,
  place: Readonly<Record<string, string>>,
])[] = [
  [[], 2, 'usage', { place: 'decidable', argument: 'command' }],
  [['evnts'], 2, 'usage', { place: 'decidable', argument: 'command' }],
  [['parked', 'lst'], 2, 'usage', { place: 'decidable parked' }],
  [['events', '--lmit', '3'], 2, 'usage', { place: 'decidable events', argument: '--lmit' }],
  [['events', '--limit', '0'], 2, 'usage', { place: 'decidable events', argument: '--limit' }],
  [['events', '--follow', '--backward', '--store', store], 2, 'usage', { argument: '--backward' }],
  [['events', '--stream', 'a', '--category', 'a', '--store', store], 2, 'usage', { argument: '--category' }],
  [['events', '--store', 'mysql://host/bank'], 2, 'invalid-address', { place: 'scheme' }],
  [['events', '--store', 'absent.db'], 4, 'store-not-found', { argument: '--store' }],
  [['events', '--store', store, '--config', 'absent.ts'], 2, 'config-not-found', { argument: '--config' }],
  [['events', '--store', junk], 1, 'failure', {}],
  [['state', 'account-absent', '--store', store], 4, 'not-found', { argument: 'stream' }],
  [['state', 'account-a', '--module', 'absent', '--store', store], 4, 'not-found', { argument: '--module' }],
  [['decision', 'absent', '--store', store], 4, 'not-found', { argument: 'command-id' }],
  [['dispatch', 'Opn', '{}', '--store', store], 2, 'usage', { argument: 'type' }],
  [['dispatch', 'Open', '{', '--store', store], 2, 'usage', { argument: 'json' }],
  [['dispatch', 'Open', '{"accountId":1}', '--store', store], 2, 'usage', { argument: 'json' }],
  [['dispatch', 'Open'], 2, 'usage', { place: 'decidable dispatch', argument: 'json' }],
  [['run', '--every', '0', '--store', store], 2, 'usage', { place: 'decidable run', argument: '--every' }],
  [
    ['run', '--accept-changes', 'absent', '--store', store],
    2,
    'invalid-definition',
    { place: 'bank.start.acceptChanges' },
  ],
  [['read-models', 'list', '--store', 'absent.db'], 4, 'store-not-found', { argument: '--store' }],
  [['read-models', 'get', 'absent', '--store', store], 4, 'not-found', { argument: 'name' }],
  [['read-models', 'get', 'balances', 'absent', '--store', store], 4, 'not-found', { argument: 'key' }],
  [['read-models', 'get', 'balances', '--table', 'x', '--store', store], 2, 'usage', { argument: '--table' }],
  [['read-models', 'rebuild', 'absent', '--store', store], 4, 'not-found', { argument: 'name' }],
  [['read-models', 'drop', '--store', store], 2, 'usage', { argument: 'version' }],
  [
    ['read-models', 'drop', 'balances@1', '--store', store],
    2,
    'usage',
    { place: 'read-models drop', argument: 'version' },
  ],
  [['subscriptions', '--store', 'absent.db'], 4, 'store-not-found', { argument: '--store' }],
  [['parked', 'list', '--subscription', 'x', '--store', parked], 4, 'not-found', { argument: '--subscription' }],
  [['parked', 'show', 'receipts'], 2, 'usage', { place: 'decidable parked show', argument: 'key' }],
  [['parked', 'show', 'absent', 'a', '--store', parked], 4, 'not-found', { argument: 'subscription' }],
  [['parked', 'retry', 'receipts', 'absent', '--store', parked], 4, 'not-found', { argument: 'key' }],
  [['parked', 'drop', 'receipts', 'a', 'b', '--store', parked], 2, 'usage', { place: 'decidable parked drop' }],
  [['describe', '--config', 'absent.ts'], 2, 'config-not-found', { argument: '--config' }],
  [['verify-chain', '--stream', 'absent', '--store', store], 4, 'not-found', { argument: '--stream' }],
  [['verify', '--stream', 'absent', '--store', store], 4, 'not-found', { argument: '--stream' }],
  [['verify', '--threads', '1', '--resume', junk, '--store', store], 2, 'usage', { argument: '--resume' }],
  [['verify', '--threads', '1', '--compare', outdated, '--store', store], 2, 'usage', { argument: '--compare' }],
  [['backup', parked, '--store', store], 2, 'invalid-argument', { argument: 'file' }],
  [['copy', 'absent.db', newFile()], 4, 'store-not-found', { argument: 'from' }],
  [['copy', store], 2, 'usage', { place: 'decidable copy', argument: 'to' }],
  [['inspect', 'absent.wasm'], 4, 'not-found', { argument: 'file' }],
  [['inspect', junk], 1, 'malformed', {}],
  [['build', definition], 2, 'no-definition', {}],
  [['build', definition, '--output', join(folder, 'absent', 'x.wasm')], 2, 'usage', { argument: '--output' }],
  [['new', 'decider', '--language', 'cobol'], 2, 'usage', { place: 'decidable new decider', argument: '--language' }],
  [['new', 'system', join(folder, 'full')], 2, 'usage', { argument: 'folder' }],
  [['completion', 'tcsh'], 2, 'usage', { place: 'decidable completion', argument: 'shell' }],
  [['completion'], 2, 'usage', { place: 'decidable completion', argument: 'shell' }],
];

describe('--json', () => {
  const results = called(SUCCESSES.map(({ args }) => args));
  for (const [index, { args, lines, status = 0 }] of SUCCESSES.entries()) {
    test(`makes decidable ${shown(args)} print ${lines ? 'one JSON value per line' : 'one JSON value'}`, () => {
      const { status: found, stdout, stderr } = results[index]!;
      assert.deepEqual([found, stderr], [status, '']);
      const texts = lines ? stdout.trimEnd().split('\n') : [stdout];
      for (const text of texts) assert.equal(typeof JSON.parse(text), 'object');
    });
  }

  const failures = called(FAILURES.map(([args]) => args));
  for (const [index, [args, status, code, place]] of FAILURES.entries()) {
    test(`makes decidable ${shown(args)} fail with a code and a place`, () => {
      const { status: found, stdout, stderr } = failures[index]!;
      assert.equal(stdout, '');
      const { error } = JSON.parse(stderr);
      const { place: part, argument } = error;
      assert.deepEqual([found, error.code], [status, code], stderr);
      assert.deepEqual(JSON.parse(JSON.stringify({ place: part, argument })), place, stderr);
      assert.equal(typeof error.message, 'string');
    });
  }

  test('is tested for each command', () => {
    const calls = [...SUCCESSES.map(({ args }) => args), ...FAILURES.map(([args]) => args)];
    const untested = leavesOf(makeProgram(() => {})).filter(
      (name) => !calls.some((args) => args.slice(0, name.split(' ').length).join(' ') === name),
    );
    assert.deepEqual(untested, []);
  });
});

/** The arguments without the folder of the test. */
function shown(args: readonly string[]): string {
  return args.map((arg) => (arg.startsWith(folder) ? '…' : arg)).join(' ');
}
