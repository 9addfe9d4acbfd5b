/** The help texts, and arguments that are refused before any work is done. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Command } from 'commander';
import { makeProgram } from '../../../src/adapters/cli/program.ts';
import { decidable } from './program.ts';

const guide = readFileSync(new URL('../../../docs/guides/command-line.md', import.meta.url), 'utf8');
const program = makeProgram(() => {});

/** Every command without subcommands, by its full name. */
function leavesOf(command: Command, path: string): readonly (readonly [string, Command])[] {
  if (command.commands.length === 0) return [[path, command]];
  const children = command
    .createHelp()
    .visibleCommands(command)
    .filter((child) => child.name() !== 'help');
  return children.flatMap((child) => leavesOf(child, `${path} ${child.name()}`.trim()));
}

/** The printed help, with the texts that are appended to it. */
function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  return help;
}

for (const [name, command] of leavesOf(program, '')) {
  describe(`the help of decidable ${name}`, () => {
    const help = helpOf(command);

    test('has an example of the command', () => {
      assert.match(help, new RegExp(`^Examples:\n.*decidable ${name}`, 'm'));
    });

    test('lists the options that all commands have', () => {
      for (const option of ['--config', '--store', '--json']) assert.ok(help.includes(option), option);
    });

    test('has no option that the guide does not name', () => {
      const options = command.options.map(({ long }) => long);
      assert.deepEqual(
        options.filter((option) => !guide.includes(`\`${option}`)),
        [],
      );
      assert.ok(guide.includes(`\`${name}`), name);
    });
  });
}

describe('decidable without a valid command', () => {
  test('prints its commands and exit codes with --help', async () => {
    const { status, stdout, stderr } = await decidable(['--help']);
    assert.deepEqual([status, stderr], [0, '']);
    for (const [name] of leavesOf(program, '')) assert.match(stdout, new RegExp(`^ +${name.split(' ')[0]}`, 'm'));
    assert.match(stdout, /^Exit codes:$/m);
  });

  test('prints the version of the package', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
    const { status, stdout } = await decidable(['--version']);
    assert.deepEqual([status, stdout], [0, `${manifest.version}\n`]);
  });

  test('exits with 2 and prints the help if no command is named', async () => {
    const { status, stderr } = await decidable([]);
    assert.equal(status, 2);
    assert.match(stderr, /^Usage: decidable/);
  });

  test('exits with 2 and suggests the nearest command', async () => {
    const { status, stdout, stderr } = await decidable(['evnts']);
    assert.deepEqual([status, stdout], [2, '']);
    // This test checks the suggestion in the message.
    assert.match(stderr, /events/);
  });

  test('exits with 2 if an option has an invalid value', async () => {
    const { status, stderr } = await decidable(['events', '--limit', '0', '--json']);
    assert.deepEqual([status, JSON.parse(stderr).error.code], [2, 'usage']);
  });

  test('exits with 2 if two options are mutually exclusive', async () => {
    const { status } = await decidable(['events', '--follow', '--backward']);
    assert.equal(status, 2);
  });

  test('exits with 2 and names the help of the command if an argument is missing', async () => {
    const { status, stderr } = await decidable(['parked', 'show', 'receipts']);
    assert.equal(status, 2);
    assert.match(stderr, /decidable parked show --help/);
  });
});
