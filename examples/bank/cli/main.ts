/** `npm start`: reads commands, decides each, stores the events, and prints a summary. */
import { openStore, withoutSecrets } from 'decidable/stores';
import { explainError } from './explain-error.ts';
import { checkBooks, readLedger } from './ledger.ts';
import { accountModule } from './module.ts';
import { openBank } from './open-bank.ts';
import { openInput } from './open-input.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { parseLine } from './parse-line.ts';
import { showProgress } from './progress.ts';
import { readLines } from './read-lines.ts';
import { type ParsedLine, runCommands } from './run-commands.ts';
import { summarize } from './summary.ts';
import { countBadLine, newTally, type Tally } from './tally.ts';

/** The exit code after Ctrl-C. */
const INTERRUPTED = 130;

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const halt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (halt.signal.aborted) process.exit(INTERRUPTED);
      process.stderr.write('\nStopping after the commands in flight. Press Ctrl-C again to stop immediately.\n');
      halt.abort();
    });
  }
  return await run(options, halt);
}

async function run({ file, store: address, receipts, guest }: Options, halt: AbortController): Promise<number> {
  const accounts = await accountModule(guest);
  using input = await openInput(file, halt.signal);
  await using store = await openStore(address);
  await using bank = await openBank({ store, accounts, receipts });

  const tally = newTally();
  const started = performance.now();
  const endProgress = showProgress(tally, process.stderr);
  try {
    await runCommands(commandsOf(input, tally), bank, tally, halt);
    await bank.running.settled();
  } finally {
    endProgress();
  }
  const seconds = (performance.now() - started) / 1_000;

  if (halt.signal.aborted) {
    process.stderr.write(`Stopped at line ${tally.lines}. The decisions so far are stored; start again to continue.\n`);
    return INTERRUPTED;
  }
  const ledger = await readLedger(bank.running);
  await checkBooks(ledger, bank.running);
  process.stdout.write(summarize({ file, store: withoutSecrets(address), tally, ledger, seconds }));
  return 0;
}

/** Yields the commands of `input`, and counts the lines that are not commands. */
async function* commandsOf(input: AsyncIterable<Uint8Array>, tally: Tally): AsyncGenerator<ParsedLine> {
  for await (const line of readLines(input)) {
    tally.lines = line.number;
    const parsed = line.text === undefined ? line : parseLine(line.text);
    if ('command' in parsed) yield { line: line.number, command: parsed.command };
    else countBadLine(tally, line.number, parsed.problem);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const explanation = explainError(error);
  if (explanation === undefined) throw error;
  process.stderr.write(explanation.text);
  process.exitCode = explanation.exitCode;
}
