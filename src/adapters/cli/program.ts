/** Defines the commands with their arguments, options and help. The code of a command is loaded when it runs. */
import { readFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import { addCompletion, type KnownNames, printScript } from './completion.ts';
import { EXIT_CODE_HELP, INTERRUPTED } from './exit-codes.ts';
import { type GlobalOptions, Session } from './session.ts';
import { LANGUAGES } from './templates.ts';

const CHECK_DETERMINISM =
  'for development: fail with the place if a module uses the clock, randomness or its own variables';

type Action<Args extends readonly unknown[]> = (session: Session, ...args: Args) => Promise<number>;

/** Makes the action of a command from a function that loads the command's module. */
type MakeAction = <Args extends readonly unknown[]>(
  load: () => Promise<Action<Args>>,
) => (...given: readonly unknown[]) => Promise<void>;

interface ProgramOptions {
  /** The names of the system, for shell completion. */
  readonly names?: KnownNames;
  /** Called with the help, or the version, instead of printing it. */
  readonly writeHelp?: (text: string) => void;
}

/**
 * Makes the program with all its commands.
 * @param done called with the exit code of the command.
 */
export function makeProgram(done: (exitCode: number) => void, { names = {}, writeHelp }: ProgramOptions = {}): Command {
  const program = new Command('decidable')
    .description('Inspects a Decidable system and its store, and runs the system.')
    .version(version(), '--version', 'print the version')
    .helpOption('--help', 'print the help of a command')
    .option('--config <file>', 'the module that exports the system (default: decidable.config.ts)')
    .option(
      '--store <address>',
      'the store, instead of the one in the configuration: bank.db, sqlite:…, postgres://…, nats://…',
    )
    .option('--processors <address>', 'the store of checkpoints and read models (default: the store of the events)')
    .option('--json', 'print JSON; 64-bit integers are strings, and times are in ISO 8601')
    .configureHelp({ showGlobalOptions: true })
    // The caller prints errors as text or as JSON.
    .configureOutput({
      outputError: () => {},
      ...(writeHelp === undefined ? {} : { writeOut: writeHelp, writeErr: () => {} }),
    })
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

  const action = actionsOf(program, done);
  addEventCommands(program, action);
  addSystemCommands(program, action);
  addStoreCommands(program, action);
  addModuleCommands(program, action);
  addCompletionCommand(program, action, names);
  return program;
}

/**
 * Returns the function that makes the action of a command. An action loads the command's module, and passes the
 * arguments and options to its function.
 */
function actionsOf(program: Command, done: (exitCode: number) => void): MakeAction {
  return <Args extends readonly unknown[]>(load: () => Promise<Action<Args>>) =>
    async (...given: readonly unknown[]): Promise<void> => {
      // Commander passes the arguments, the options, and the command.
      const args = given.slice(0, -1) as readonly unknown[] as Args;
      const run = await load();
      const session = new Session(program.opts<GlobalOptions>());
      const { signal } = session.halt;
      try {
        done(await run(session, ...args));
      } catch (error) {
        // Ctrl-C has ended the work.
        if (!signal.aborted || error !== signal.reason) throw error;
        done(INTERRUPTED);
      }
    };
}

/** Adds the commands that read events, states and decisions, and the one that makes a decision. */
function addEventCommands(program: Command, action: MakeAction): void {
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
    .argument('<command-id>', 'the id of the command: a UUID, or the string with which it was dispatched')
    .addHelpText('after', examples('decidable decision deposit-1', 'decidable decision deposit-1 --json'))
    .action(action(async () => (await import('./commands/decision.ts')).decision));

  program
    .command('dispatch')
    .summary('send a command')
    .description('Sends a command to its decider and prints the decision. The store is created if it does not exist.')
    .argument('<type>', 'the type of the command')
    .argument('<json>', 'the data of the command, or - to read it from standard input')
    .option('--command-id <id>', 'makes the command idempotent (default: a random id)')
    .option('--actor <name>', 'the sender of the command')
    .option('--correlation-id <id>', 'the conversation of the command (default: its own id)')
    .option('--causation-id <id>', 'the cause of the command')
    .option('--expected-revision <number>', 'refuse the command if the stream has another last revision', position)
    .option('--check-determinism', CHECK_DETERMINISM)
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
}

/** Adds the commands of the parts of a system: they run, list, rebuild and repair them. */
function addSystemCommands(program: Command, action: MakeAction): void {
  program
    .command('run')
    .summary('run the processors of the system')
    .description(
      'Runs process managers, read models and reactors until Ctrl-C. It then finishes the work in progress. A second ' +
        'Ctrl-C ends the program immediately. Several processes may run the same system on one store. ' +
        'With --json, each line is a JSON object with the field "event".',
    )
    .option('--every <seconds>', 'the minimum time between two status lines', seconds, 5)
    .option('--once', 'end when all work is done')
    .option('--check-determinism', CHECK_DETERMINISM)
    .option(
      '--accept-changes <name>',
      'run a part whose definition has changed without a new version (repeatable)',
      collect,
    )
    .addHelpText(
      'after',
      `${examples('decidable run', 'decidable run --once', 'decidable run --every 60 --json')}

The exit code of --once is 7 if events are parked, because they were not processed, and 130 if Ctrl-C ended it.`,
    )
    .action(action(async () => (await import('./commands/run.ts')).run));

  const readModels = program
    .command('read-models')
    .summary('list, read, rebuild and drop read models')
    .description('Manages the read models of the system. Without a command, it lists them.');
  readModels
    .command('list', { isDefault: true })
    .summary('list the read models')
    .description('Lists the read models of the system and of the store, with their versions and their progress.')
    .addHelpText('after', examples('decidable read-models list', 'decidable read-models list --json'))
    .action(action(async () => (await import('./commands/read-models.ts')).listReadModels));
  readModels
    .command('get')
    .summary('print documents or rows')
    .description(
      'Prints the document with a key, or all documents in the order of their keys, one in a line. ' +
        'For a read model of tables, it prints the rows of a table.',
    )
    .argument('<name>', 'the name of the read model')
    .argument('[key]', 'the key of the document')
    .option('--table <name>', 'the table to print (default: the only one)')
    .option('--limit <count>', 'print at most this many documents or rows', count)
    .addHelpText(
      'after',
      examples(
        'decidable read-models get balances 0001',
        'decidable read-models get balances --json',
        'decidable read-models get statements --table lines --limit 10',
      ),
    )
    .action(action(async () => (await import('./commands/read-models.ts')).getContents));

  readModels
    .command('rebuild')
    .summary('rebuild a read model')
    .description(
      'Builds a read model again from the first event. Readers get the old documents or rows until the new ones have ' +
        'caught up, and other processes may run the system in the meantime.',
    )
    .argument('<name>', 'the name of the read model')
    .addHelpText('after', examples('decidable read-models rebuild balances'))
    .action(action(async () => (await import('./commands/read-models.ts')).rebuildReadModel));
  readModels
    .command('drop')
    .summary('drop old versions')
    .description('Drops a version of a read model with its documents and tables. The active version cannot be dropped.')
    .argument('[version]', 'the version: name@version')
    .option('--old', 'drop all versions that the system has replaced')
    .addHelpText('after', examples('decidable read-models drop balances@1', 'decidable read-models drop --old'))
    .action(action(async () => (await import('./commands/read-models.ts')).dropReadModels));

  program
    .command('subscriptions')
    .summary('print the progress of the processors')
    .description(
      'Prints for each processor its checkpoint, its lag in positions, the processes that hold its shares, the number of ' +
        'parked events, and the reason if it has stopped.',
    )
    .option('--shares', 'print each share too')
    .addHelpText('after', examples('decidable subscriptions', 'decidable subscriptions --shares'))
    .action(action(async () => (await import('./commands/subscriptions.ts')).subscriptions));

  const parked = program
    .command('parked')
    .summary('manage events that could not be processed')
    .description('Manages the events that could not be processed. Without a command, it lists them.');
  parked
    .command('list', { isDefault: true })
    .summary('list the parked events')
    .description('Lists the events that could not be processed, and those that wait for an earlier event of their key.')
    .option('--subscription <name>', 'only those of this processor: its name, or name@version')
    .option('--key <key>', 'only those of this key')
    .addHelpText('after', examples('decidable parked list', 'decidable parked list --subscription receipts --json'))
    .action(action(async () => (await import('./commands/parked.ts')).listParked));
  parked
    .command('show')
    .summary('print the parked events of a key')
    .description('Prints the parked events of a key with their data and reasons.')
    .argument('<subscription>', 'the processor: its name, or name@version')
    .argument('<key>', 'the key')
    .addHelpText('after', examples('decidable parked show receipts account-0001'))
    .action(action(async () => (await import('./commands/parked.ts')).showParked));
  parked
    .command('retry')
    .summary('process the parked events of a key again')
    .description(
      'Requests a retry: the process that runs the processor processes the parked events of a key again, in order.',
    )
    .argument('<subscription>', 'the processor: its name, or name@version')
    .argument('<key>', 'the key')
    .addHelpText('after', examples('decidable parked retry receipts account-0001'))
    .action(action(async () => (await import('./commands/parked.ts')).retryParked));
  parked
    .command('drop')
    .summary('drop parked events of a key')
    .description(
      'Drops the first parked event of a key. The processor will not process it, but the event stays in the store.',
    )
    .argument('<subscription>', 'the processor: its name, or name@version')
    .argument('<key>', 'the key')
    .option('--all', 'drop all parked events of the key')
    .addHelpText('after', examples('decidable parked drop receipts account-0001 --all'))
    .action(action(async () => (await import('./commands/parked.ts')).dropParked));

  program
    .command('describe')
    .summary('print the parts of the system')
    .description('Prints the deciders, process managers, read models and reactors, and the messages between them.')
    .addOption(new Option('--mermaid', 'print a Mermaid flow chart'))
    .addHelpText('after', examples('decidable describe', 'decidable describe --mermaid > system.mmd'))
    .action(action(async () => (await import('./commands/describe.ts')).describeSystem));
}

/** Adds the commands that verify, save and copy whole stores. */
function addStoreCommands(program: Command, action: MakeAction): void {
  program
    .command('verify-chain')
    .summary('verify the hashes of all commits')
    .description('Computes the hash of every commit again, and checks the file for damage. It changes nothing.')
    .option('--stream <name>', 'only the commits of this stream')
    .addHelpText('after', examples('decidable verify-chain', 'decidable verify-chain --store backup.db --json'))
    .action(action(async () => (await import('./commands/verify-chain.ts')).verify));

  program
    .command('verify')
    .summary('decide all recorded commands again')
    .description(
      'Verifies the chains of all streams, folds their events, and decides every recorded command again with the modules of ' +
        'the system. The events and rejections must be those that were recorded, byte for byte. Nothing is changed. Several ' +
        'threads share the work.',
    )
    .option('--stream <name>', 'only the decisions of this stream')
    .option('--threads <count>', 'the number of threads (default: one for each core)', count)
    .option('--resume <file>', 'keep the progress in this file, and continue from it after an interruption')
    .option('--heads <file>', 'write the heads of all streams to this file, if no decision differs')
    .option('--compare <file>', 'the streams must still have the heads in this file')
    .addHelpText(
      'after',
      `${examples(
        'decidable verify',
        'decidable verify --heads monday.heads',
        'decidable verify --compare monday.heads --resume verify.json',
      )}

Keep the heads elsewhere. They show later that commits at the end of a stream, or a whole stream, were removed.`,
    )
    .action(action(async () => (await import('./commands/verify.ts')).verify));

  program
    .command('backup')
    .summary('copy the store')
    .description('Copies the store to a file that does not exist. Other processes may use the store in the meantime.')
    .argument('<file>', 'the file to create')
    .addHelpText('after', examples('decidable backup monday.db', 'decidable backup monday.db --store bank.db --json'))
    .action(action(async () => (await import('./commands/backup.ts')).backup));

  program
    .command('copy')
    .summary('copy a store to another one')
    .description(
      'Copies a store to another one of any kind, with decisions, hashes and the order of positions, and compares both. ' +
        'A copy that was interrupted continues when it is started again. Process managers and reactors continue at ' +
        'the same event in the copy; read models are built from the first event.',
    )
    .argument('<from>', 'the address of the source, which is never changed')
    .argument('<to>', 'the address of the destination, which may contain only commits of the source')
    .option('--follow', 'add what is written to the source, until Ctrl-C; then finish the copy')
    .option('--no-processors', 'copy only the commits')
    .addHelpText(
      'after',
      examples(
        'decidable copy bank.db postgres://ada@db.example/bank',
        'decidable copy bank.db nats://n1:4222,n2:4222,n3:4222/bank?replicas=3 --follow',
        'decidable copy bank.db copy.db --no-processors --json',
      ),
    )
    .action(action(async () => (await import('./commands/copy.ts')).copy));
}

/** Adds the commands that make and inspect modules. */
function addModuleCommands(program: Command, action: MakeAction): void {
  program
    .command('inspect')
    .summary('read a component')
    .description(
      'Reads a component without running it: the world that it fits, its imports and the capability that each would grant, its sizes and ' +
        'producers, and code that could be indeterministic.',
    )
    .argument('<file>', 'the binary of the component')
    .addHelpText(
      'after',
      `${examples('decidable inspect bank.wasm', 'decidable inspect bank.wasm --json | jq .findings')}

The exit code is 6 if the component could be indeterministic, because the host must pass an import or would refuse code.`,
    )
    .action(action(async () => (await import('./commands/inspect.ts')).inspect));

  const make = program
    .command('new')
    .summary('copy a template into a new folder')
    .description('Copies a template into a new folder: a decider in a language of your choice, or a system.');
  make
    .command('decider')
    .summary('copy a decider in a language')
    .description(
      'Copies the decider of a bank account, with its tests and a script that builds a component, into a new folder. The ' +
        'deciders of all languages make the same decisions, byte for byte.',
    )
    .argument('[folder]', 'the folder to create (default: account-<language>)')
    .addOption(new Option('--language <name>', 'the language of the decider').choices(LANGUAGES).default(LANGUAGES[0]))
    .addHelpText(
      'after',
      examples('decidable new decider --language go', 'decidable new decider orders --language rust'),
    )
    .action(action(async () => (await import('./commands/new.ts')).newDecider));
  make
    .command('system')
    .summary('copy a system')
    .description(
      'Copies a bank into a new folder: accounts, transfers, a process manager, read models and a reactor, in TypeScript.',
    )
    .argument('[folder]', 'the folder to create (default: bank)')
    .addHelpText('after', examples('decidable new system', 'decidable new system orders'))
    .action(action(async () => (await import('./commands/new.ts')).newSystem));

  program
    .command('build')
    .summary('make a component from a module in TypeScript')
    .description(
      'Builds a WebAssembly component from a file that exports the result of defineDecider, defineEventHandler or ' +
        'defineProjector. The component makes the same decisions as the module, byte for byte, and imports nothing. ' +
        'It needs the packages esbuild and componentize-qjs. The build evaluates the file.',
    )
    .argument('<file>', 'the file with the definition')
    .option('-o, --output <file>', 'the component (default: the name of the file with .wasm, in this folder)')
    .option('--export <name>', 'the export to build (default: the default export, or the only definition)')
    .addHelpText(
      'after',
      examples('decidable build account.ts -o account.wasm', 'decidable build bank.ts --export transferProcess'),
    )
    .action(action(async () => (await import('./commands/build.ts')).build));
}

/** Adds the command that prints a shell's completion. It is the last one, because it reads the others. */
function addCompletionCommand(program: Command, action: MakeAction, names: KnownNames): void {
  addCompletion(program, names);
  program.commands
    .find((command) => command.name() === 'completion')
    ?.action(action(async () => printScript))
    .summary('print the completion script of a shell')
    .description('Prints a script that makes a shell complete the commands and options of decidable.')
    .addHelpText(
      'after',
      examples(
        'decidable completion bash >> ~/.bashrc',
        'decidable completion zsh > ~/.zfunc/_decidable',
        'decidable completion fish > ~/.config/fish/completions/decidable.fish',
        'decidable completion zsh --json | jq -r .script',
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
  throw new InvalidArgumentError('Expected a non-negative integer.');
}

function count(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value < 2 ** 32) return value;
  throw new InvalidArgumentError('Expected a positive integer.');
}

function seconds(text: string): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value < 86_400) return value;
  throw new InvalidArgumentError('Expected a positive number of seconds.');
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  return String(Object(manifest).version);
}
