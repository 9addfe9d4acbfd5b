/** `npm start`: reads commands, decides each, stores the events, and says what became of them. */
import { createReadStream } from 'node:fs';
import { createEventSourcer } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { readLedger } from './balances.ts';
import { explainError } from './explain-error.ts';
import { bankModule } from './module.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { parseLine } from './parse-line.ts';
import { showProgress } from './progress.ts';
import { readLines } from './read-lines.ts';
import { type ParsedLine, runCommands } from './run-commands.ts';
import { summarize } from './summary.ts';
import { countBadLine, newTally, type Tally } from './tally.ts';

/** Commands from `input`; the lines that are none are counted, and stay behind. */
async function* commandsOf(input: AsyncIterable<Uint8Array>, tally: Tally): AsyncGenerator<ParsedLine> {
  for await (const { number, text, problem } of readLines(input)) {
    tally.lines = number;
    if (problem !== undefined) countBadLine(tally, number, problem.code, problem.message);
    else {
      const parsed = parseLine(text);
      if ('command' in parsed) yield { line: number, command: parsed.command };
      else countBadLine(tally, number, parsed.problem.code, parsed.problem.reason);
    }
  }
}

async function run({ file, db }: Options, signal: AbortSignal): Promise<void> {
  const input = file === '-' ? process.stdin : createReadStream(file);

  await using store = await createSqliteStore({ file: db });
  await using sourcer = createEventSourcer({ store, modules: [await bankModule()] });
}
