/** Shell completion of commands, options and the names in the system of the current folder. */
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { describe } from '../../core/system/system-description.ts';
import { loadConfig } from './load-config.ts';

/** Names of a system that arguments can have, by the command and the argument. */
export type KnownNames = Readonly<Record<string, readonly string[]>>;

/** The command that the script of the shell calls. */
export const COMPLETE = 'complete';

/** Adds `completion`, which prints a script for a shell, and the command that the script calls. */
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

/** The command with this whole name, such as `read-models get`. */
function commandOf(program: Command, path: string): Command | undefined {
  return path
    .split(' ')
    .reduce<Command | undefined>((parent, name) => parent?.commands.find((child) => child.name() === name), program);
}

/** The names in the system of the current folder; none if it cannot be loaded, so that a completion never fails. */
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
