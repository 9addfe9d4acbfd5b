/** Runs the program: parses the arguments, calls the command and returns the exit code. */
import { type Command, CommanderError } from 'commander';
import { COMPLETE, knownNames } from './completion.ts';
import { DONE, USAGE } from './exit-codes.ts';
import { CommandLineError, exitCodeOf, jsonOf, textOf } from './failures.ts';
import { makeProgram } from './program.ts';

export async function main(args: readonly string[]): Promise<number> {
  quietTypeStripping();
  // If the reader of the messages has ended, the program continues.
  process.stderr.on('error', () => {});
  let exitCode = DONE;
  const names = args[0] === COMPLETE ? await knownNames() : {};
  const program = makeProgram((code) => {
    exitCode = code;
  }, names);
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return await fail(error, textOf(error), exitCodeOf(error), args);
    // --help, --version and a call without a command end here too.
    if (error.exitCode === 0) return DONE;
    if (error.code === 'commander.help') return USAGE;
    const failure = new CommandLineError('usage', error.message.replace(/^error: /, ''));
    return await fail(failure, `${error.message}\nRun \`${helpFor(program, args)}\` for help.`, USAGE, args);
  }
}

async function fail(error: unknown, text: string, exitCode: number, args: readonly string[]): Promise<number> {
  const written = args.includes('--json') ? JSON.stringify({ error: jsonOf(error) }) : text;
  await new Promise<void>((resolve) => process.stderr.write(`${written}\n`, () => resolve()));
  return exitCode;
}

/** Returns the call that prints the help of the command in the arguments. */
function helpFor(program: Command, args: readonly string[]): string {
  let command = program;
  const path = ['decidable'];
  for (const arg of args) {
    const next = command.commands.find((child) => child.name() === arg);
    if (next === undefined) continue;
    command = next;
    path.push(arg);
  }
  return [...path, '--help'].join(' ');
}

/**
 * Suppresses the warning of older versions of Node about TypeScript, because the user chose it for the configuration.
 */
function quietTypeStripping(): void {
  const warn = process.emitWarning;
  process.emitWarning = (...args: readonly unknown[]): void => {
    if (!String(args[0]).startsWith('Type Stripping is')) Reflect.apply(warn, process, args);
  };
}
