/** Shell completion of commands, options and the names in the system of the current folder. */
import { script } from '@bomb.sh/tab';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { describe } from '../../core/system/system-description.ts';
import { DONE } from './exit-codes.ts';
import { loadConfig } from './load-config.ts';
import type { Session } from './session.ts';

/** The names of the system that an argument accepts, by command and argument. */
export type KnownNames = Readonly<Record<string, readonly string[]>>;

const PROGRAM = 'decidable';

/** The command that the shell's completion script calls. */
export const COMPLETE = 'complete';

/** Adds `completion`, which prints a script for a shell, and the command that this script calls. */
export function addCompletion(program: Command, names: KnownNames): void {
  const root = tab(program, { completionCommandName: 'completion' });
  for (const [command, values] of Object.entries(names)) {
    const [argument] = commandOf(program, command)?.registeredArguments ?? [];
    if (argument === undefined) continue;
    root.commands.get(command)?.argument(argument.name(), (complete) => {
      for (const value of values) complete(value, '');
    });
  }
}

/** Prints the completion script of a shell. */
export async function printScript({ output }: Session, shell: string): Promise<number> {
  const text = scriptOf(shell);
  if (output.isJson) await output.document({ shell, script: text });
  else await output.text(text.trimEnd());
  return DONE;
}

/** Returns the script that the library prints. The library has no function that returns the script. */
function scriptOf(shell: string): string {
  const { log } = console;
  let text = '';
  console.log = (line: string) => {
    text += `${line}\n`;
  };
  try {
    script(shell, PROGRAM, PROGRAM);
  } finally {
    console.log = log;
  }
  return text;
}

/** Returns the command with this full name, such as `read-models get`. */
function commandOf(program: Command, path: string): Command | undefined {
  return path
    .split(' ')
    .reduce<Command | undefined>((parent, name) => parent?.commands.find((child) => child.name() === name), program);
}

/**
 * Returns the names of the system in the current folder, or no names if it cannot be loaded, so that completion never
 * fails.
 */
export async function knownNames(): Promise<KnownNames> {
  try {
    const { deciders, readModels } = describe((await loadConfig(undefined)).system);
    const models = readModels.map(({ name }) => name);
    return {
      dispatch: deciders.flatMap(({ commands }) => commands.map(({ type }) => type)),
      'read-models get': models,
      'read-models rebuild': models,
    };
  } catch {
    return {};
  }
}
