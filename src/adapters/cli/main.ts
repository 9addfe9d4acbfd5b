/** Runs the program: parses the arguments, calls the command and returns the exit code. */
import { type Command, CommanderError } from 'commander';
import { COMPLETE, knownNames } from './completion.ts';
import { DONE, USAGE } from './exit-codes.ts';
import { CommandLineError, exitCodeOf, jsonOf, textOf } from './failures.ts';
import { Output } from './output.ts';
import { makeProgram } from './program.ts';

export async function main(args: readonly string[]): Promise<number> {
  quietTypeStripping();
  // If the reader of the messages has ended, the program continues.
  process.stderr.on('error', () => {});
  let exitCode = DONE;
  const isJson = wantsJson(args);
  let help = '';
  const program = makeProgram(
    (code) => {
      exitCode = code;
    },
    {
      names: args[0] === COMPLETE ? await knownNames() : {},
      ...(isJson ? { writeHelp: (text: string) => (help += text) } : {}),
    },
  );
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return await fail(error, textOf(error), exitCodeOf(error), isJson);
    // --help, --version and a call without a command end here too.
    if (error.exitCode === 0) {
      if (isJson) await printHelp(error, help);
      return DONE;
    }
    const isHelp = error.code === 'commander.help';
    if (isHelp && !isJson) return USAGE;
    const place = commandIn(program, args);
    const advice = `Run \`${place} --help\` for help.`;
    const message = isHelp ? `expected a command; ${advice}` : error.message.replace(/^error: /, '');
    const failure = new CommandLineError('usage', message, {
      argument: isHelp ? 'command' : argumentOf(error),
      place,
    });
    return await fail(failure, `${error.message}\n${advice}`, USAGE, isJson);
  }
}

/** Returns whether errors are printed as JSON. Errors may be found before the options are parsed. */
function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end < 0 ? args : args.slice(0, end)).includes('--json');
}

/** Prints the version or the help as JSON. */
function printHelp({ code, message }: CommanderError, help: string): Promise<void> {
  const output = new Output(process.stdout, true, () => {});
  return output.document(code === 'commander.version' ? { version: message } : { help });
}

/**
 * Returns the argument or the option that an error of commander quotes, such as `--limit` in "option '--limit <count>'
 * argument 'x' is invalid". The library has no field for this name.
 */
function argumentOf({ message }: CommanderError): string | undefined {
  const quoted = /for argument '([^']+)'|(?:option|argument) '([^']+)'|(unknown command)/.exec(message);
  const [, argument, other, command] = quoted ?? [];
  return command === undefined ? /(?:^|, )(--[\w-]+|[^-, ]+)/.exec(argument ?? other ?? '')?.[1] : 'command';
}

async function fail(error: unknown, text: string, exitCode: number, isJson: boolean): Promise<number> {
  const written = isJson ? JSON.stringify({ error: jsonOf(error) }) : text;
  await new Promise<void>((resolve) => process.stderr.write(`${written}\n`, () => resolve()));
  return exitCode;
}

/** Returns the full name of the command in the arguments. */
function commandIn(program: Command, args: readonly string[]): string {
  let command = program;
  const path = ['decidable'];
  for (const arg of args) {
    const next = command.commands.find((child) => child.name() === arg);
    if (next === undefined) continue;
    command = next;
    path.push(arg);
  }
  return path.join(' ');
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
