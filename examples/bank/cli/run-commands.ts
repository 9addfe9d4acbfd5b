/** Decides the commands of a file: concurrently over the accounts, and in order within one account. */
import { isCommandFailure } from 'decidable';
import type { RunningBank } from '../system.ts';
import type { BankCommand } from './parse-line.ts';
import { Queue } from './queue.ts';
import { countBadLine, type Tally } from './tally.ts';

/** The number of concurrent commands, transfers included. Commands that arrive together share one flush of the disk. */
export const IN_FLIGHT = 64;

/** The parts of the bank that this file uses. */
export interface Bank extends Pick<RunningBank, 'handleCommand'> {
  /** Resolves when a transfer has ended, or is held. */
  transferEnded(transferId: string): Promise<void>;
}

export interface ParsedLine {
  readonly line: number;
  readonly command: BankCommand;
}

/**
 * Resolves when all commands are decided. If `halt` is aborted, it resolves when the commands in flight are decided.
 * @throws CommandFailure if the store fails. It first aborts `halt`, so that nothing waits for more input.
 */
export async function runCommands(
  lines: AsyncIterable<ParsedLine>,
  bank: Bank,
  tally: Tally,
  halt: AbortController,
): Promise<void> {
  const queue = new Queue();
  let failure: { readonly error: unknown } | undefined;

  for await (const { line, command } of lines) {
    if (queue.size >= IN_FLIGHT) await queue.oneEnded();
    if (halt.signal.aborted) break;

    // Commands with a common account or the same id run in order, and a transfer occupies its accounts until it has
    // ended, so the outcome does not depend on the interleaving. The event sourcer queues the commands of a stream too,
    // but continues after a failed command. Here, the next command must not be decided before it.
    queue.add([...command.accounts.map((account) => `account ${account}`), `id ${command.id}`], async () => {
      if (halt.signal.aborted) return;
      try {
        await decide(bank, line, command, tally);
      } catch (error) {
        failure ??= { error };
        halt.abort();
      }
    });
  }
  await queue.ended();
  if (failure !== undefined) throw failure.error;
}

async function decide(bank: Bank, line: number, command: BankCommand, tally: Tally): Promise<void> {
  try {
    const result = await bank.handleCommand(command.envelope, { commandId: command.id });
    if (result.outcome.tag === 'accepted') tally.accepted += 1;
    else {
      tally.rejected += 1;
      const { code } = result.outcome.val;
      tally.rejections.set(code, (tally.rejections.get(code) ?? 0) + 1);
    }
    if (result.duplicate) tally.duplicates += 1;
    else tally.newEvents += result.events.length;
    if (command.transferId !== undefined && result.outcome.tag === 'accepted') {
      await bank.transferEnded(command.transferId);
    }
  } catch (error) {
    // A failure that one command causes is reported with its line. Any other failure ends the run.
    if (!isCommandFailure(error) || !CAUSED_BY_COMMAND.has(error.code)) throw error;
    const code = isCommandFailure(error, 'fault') ? error.payload.val.code : error.code;
    countBadLine(tally, line, { code, reason: error.message });
  }
}

/** Failures that the command itself causes. */
const CAUSED_BY_COMMAND: ReadonlySet<string> = new Set([
  'invalid-argument',
  'unroutable',
  'fault',
  'command-id-reused',
]);
