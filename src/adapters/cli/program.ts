/** The commands, their arguments, options and help. The code of a command is loaded when it runs. */
import { readFileSync } from 'node:fs';
import tab from '@bomb.sh/tab/commander';
import { Command, InvalidArgumentError, Option } from 'commander';
import { EXIT_CODE_HELP } from './exit-codes.ts';
import { type GlobalOptions, Session } from './session.ts';

type Action<Args extends readonly unknown[]> = (session: Session, ...args: Args) => Promise<number>;

/** @param done is called with the exit code of the command that has run. */
export function makeProgram(done: (exitCode: number) => void): Command {
  const program = new Command('decidable')
    .description('Looks into a Decidable system and its store, and runs the system.')
    .version(version(), '--version', 'print the version')
    .helpOption('--help', 'print the help of a command')
    .option('--config <file>', 'the module that exports the system (default: decidable.config.ts)')
    .option('--store <file>', 'the SQLite file, instead of the one in the configuration')
    .option('--json', 'print JSON: 64-bit integers are texts, times are ISO 8601')
    .configureHelp({ showGlobalOptions: true })
    // The caller prints errors, as text or as JSON.
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .addHelpText(
      'after',
      `\nExamples:
  decidable describe
  decidable run
  decidable events --category account --follow
  decidable dispatch Deposit '{"accountId":"0001","amount":1250}' --command-id deposit-1

Configuration, in decidable.config.ts:
  import { defineConfig } from 'decidable/cli';
  import { bank } from './bank.ts';
  export default defineConfig({ system: bank, store: 'bank.db' });

${EXIT_CODE_HELP}`,
    );

  /** Passes the arguments and options of a command to its function. The function comes from a module that is loaded late. */
  function action<Args extends readonly unknown[]>(load: () => Promise<Action<Args>>) {
    return async (...given: readonly unknown[]): Promise<void> => {
      // Commander passes the arguments, the options, and the command.
      const args = given.slice(0, -1) as unknown as Args;
      const run = await load();
      done(await run(new Session(program.opts<GlobalOptions>()), ...args));
    };
  }

  program
    .command('events')
    .summary('print stored events')
    .description(
      'Prints stored events in the order of their positions: position, time, stream@revision, type, data. ' +
        'With --json, each line is a JSON object.',
    )
    .option('--category <name>', 'only streams of this category (repeatable)', collect)
    .option('--type <name>', 'only events of this type (repeatable)', collect)
    .option('--stream <name>', 'only events of this stream')
    .option('--after <position>', 'continue after this position, in the direction of reading', position)
    .option('--limit <count>', 'print at most this many events', count)
    .option('--backward', 'print the newest event first')
    .option('--follow', 'wait for new events, until Ctrl-C')
    .addHelpText(
      'after',
      examples(
        'decidable events --category account --type Deposited',
        'decidable events --backward --limit 10',
        'decidable events --stream account-0001 --json | jq .data',
        'decidable events --follow --after 1000',
      ),
    )
    .action(action(async () => (await import('./commands/events.ts')).events));

  program
    .command('state')
    .summary('print the state of a stream')
    .description('Folds a stream with the module that decided its events, and prints the state.')
    .argument('<stream>', 'the name of the stream')
    .option('--revision <number>', 'the last revision to fold (default: the newest)', position)
    .option('--module <name>', 'the module that folds the stream (default: the one that decided its first event)')
    .addHelpText('after', examples('decidable state account-0001', 'decidable state account-0001 --revision 3 --json'))
    .action(action(async () => (await import('./commands/state.ts')).state));

  program
    .command('decision')
    .summary('print the decision on a command')
    .description('Prints the record of a decision: the command, its outcome, its events, its causes and its hash.')
    .argument('<command-id>', 'the id of the command: a UUID, or the text that it was dispatched with')
    .addHelpText('after', examples('decidable decision deposit-1', 'decidable decision deposit-1 --json'))
    .action(action(async () => (await import('./commands/decision.ts')).decision));

  program
    .command('dispatch')
    .summary('send a command')
    .description('Sends a command to its decider and prints the decision. The store is made if it does not exist.')
    .argument('<type>', 'the type of the command')
    .argument('<json>', 'the data of the command, or - to read it from standard input')
    .option('--command-id <id>', 'makes the command idempotent (default: a random id)')
    .option('--actor <name>', 'the sender of the command')
    .option('--correlation-id <id>', 'the conversation of the command (default: its own id)')
    .option('--causation-id <id>', 'the cause of the command')
    .option('--expected-revision <number>', 'refuse the command if the stream has another last revision', position)
    .addHelpText(
      'after',
      examples(
        `decidable dispatch Deposit '{"accountId":"0001","amount":1250}' --command-id deposit-1`,
        'echo \'{"accountId":"0001","owner":"Ada"}\' | decidable dispatch OpenAccount -',
      ) +
        '\n\nThe exit code is 3 if the domain rejects the command.\n' +
        'An integer beyond 2^53 is written as {"$int":"9007199254740993"}.',
    )
    .action(action(async () => (await import('./commands/dispatch.ts')).dispatch));

  program
    .command('run')
    .summary('run the processors of the system')
    .description(
      'Runs process managers, read models and reactors until Ctrl-C, and finishes the work in progress then. A second ' +
        'Ctrl-C ends the program immediately. Several processes may run the same system on one store. ' +
        'With --json, each line is a JSON object with the field "event".',
    )
    .option('--every <seconds>', 'the shortest time between two status lines', seconds, 5)
    .option('--once', 'end when nothing is left to do')
    .addHelpText('after', examples('decidable run', 'decidable run --once', 'decidable run --every 60 --json'))
    .action(action(async () => (await import('./commands/run.ts')).run));

  program
    .command('describe')
    .summary('print the parts of the system')
    .description('Prints the deciders, process managers, read models and reactors, and the messages between them.')
    .addOption(new Option('--mermaid', 'print a Mermaid flow chart'))
    .addHelpText('after', examples('decidable describe', 'decidable describe --mermaid > system.mmd'))
    .action(action(async () => (await import('./commands/describe.ts')).describeSystem));

  program
    .command('verify-chain')
    .summary('verify the hashes of all commits')
    .description('Computes the hash of every commit again, and looks for damage of the file. Nothing is changed.')
    .option('--stream <name>', 'only the commits of this stream')
    .addHelpText('after', examples('decidable verify-chain', 'decidable verify-chain --store backup.db --json'))
    .action(action(async () => (await import('./commands/verify-chain.ts')).verify));

  program
    .command('backup')
    .summary('copy the store')
    .description('Copies the store to a file that does not exist. Other processes may use the store in the meantime.')
    .argument('<file>', 'the file to make')
    .addHelpText('after', examples('decidable backup monday.db', 'decidable backup monday.db --store bank.db --json'))
    .action(action(async () => (await import('./commands/backup.ts')).backup));

  addCompletion(program);
  return program;
}

/** Adds `completion`, which prints a script for a shell, and `complete`, which the script calls. */
function addCompletion(program: Command): void {
  tab(program, { completionCommandName: 'completion' });
  program.commands
    .find((command) => command.name() === 'completion')
    ?.summary('print the completion script of a shell')
    .description('Prints a script that makes a shell complete the commands and options of decidable.')
    .addHelpText(
      'after',
      examples(
        'decidable completion bash >> ~/.bashrc',
        'decidable completion zsh > ~/.zfunc/_decidable',
        'decidable completion fish > ~/.config/fish/completions/decidable.fish',
      ),
    );
}

function examples(...commands: readonly string[]): string {
  return `\nExamples:\n${commands.map((command) => `  ${command}`).join('\n')}`;
}

function collect(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

function position(text: string): bigint {
  if (/^\d{1,19}$/.test(text)) return BigInt(text);
  throw new InvalidArgumentError('It must be a whole number from 0.');
}

function count(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value < 2 ** 32) return value;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value < 86_400) return value;
  throw new InvalidArgumentError('It must be a number of seconds, more than 0.');
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return String(Object(manifest).version);
}
