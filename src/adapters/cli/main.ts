/** From the arguments of the program to its exit code. */
import { CommanderError } from 'commander';
import { toJson } from '../../core/json.ts';
import { COMPLETE, knownNames } from './completion.ts';
import { DONE, INTERRUPTED, USAGE } from './exit-codes.ts';
import { exitCodeOf, textOf } from './failures.ts';
import { makeProgram } from './program.ts';

export async function main(args: readonly string[]): Promise<number> {
  quietTypeStripping();
  // A reader of the messages that has left changes nothing.
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
    // Ctrl-C has ended the work.
    if (Object(error).name === 'AbortError') return INTERRUPTED;
    // --help and --version end here too.
    if (error instanceof CommanderError && error.exitCode === 0) return DONE;
    const isUsage = error instanceof CommanderError;
    if (args.includes('--json')) {
      const failure = isUsage ? { name: 'CommandLineError', code: 'usage', message: error.message } : error;
      process.stderr.write(`${JSON.stringify({ error: toJson(failure) })}\n`);
    } else if (isUsage) {
      process.stderr.write(`${error.message}\nRun \`decidable --help\` for the commands and their options.\n`);
    } else {
      process.stderr.write(`${textOf(error)}\n`);
    }
    return isUsage ? USAGE : exitCodeOf(error);
  }
}

/** Older versions of Node warn that they run TypeScript. The user has asked for it by writing the configuration in it. */
function quietTypeStripping(): void {
  const warn = process.emitWarning;
  process.emitWarning = (...args: readonly unknown[]): void => {
    if (!String(args[0]).startsWith('Type Stripping is')) Reflect.apply(warn, process, args);
  };
}
