/** Decides the commands of a file: concurrently over the accounts, and in order within one account. */
import { isCommandFailure, type ModuleEventSourcer } from 'decidable';
import type { BankCommand } from './parse-line.ts';
import { Queue } from './queue.ts';
import { countBadLine, type Tally } from './tally.ts';

/** The number of concurrent commands. Commands that arrive together share one flush of the disk. */
export const IN_FLIGHT = 64;

/** The part of the event sourcer that this file uses. */
export type Decides = Pick<ModuleEventSourcer<never>, 'handleCommand'>;

export interface ParsedLine {
  readonly line: number;
  readonly command: BankCommand;
}

/**
 * Resolves when all commands are decided. If `halt` is aborted, it resolves when the commands in flight are decided.
 * @throws CommandFailure if the store fails. It aborts `halt` then, so that nothing waits for more input.
 */
export async function runCommands(
  lines: AsyncIterable<ParsedLine>,
  sourcer: Decides,
  tally: Tally,
  halt: AbortController,
): Promise<void> {
  const queue = new Queue();
  let failure: { readonly error: unknown } | undefined;

  for await (const { line, command } of lines) {
    if (queue.size >= IN_FLIGHT) await queue.oneEnded();
    if (halt.signal.aborted) break;

    // Commands with the same account or the same id run in order. The event sourcer queues the commands of a stream too, but
    // continues after one that failed; here the next one must not be decided before it.
    queue.add([`account ${command.stream}`, `id ${command.id}`], async () => {
      if (halt.signal.aborted) return;
      try {
        await decide(sourcer, line, command, tally);
      } catch (error) {
        failure ??= { error };
        halt.abort();
      }
    });
  }
  await queue.ended();
  if (failure !== undefined) throw failure.error;
}

async function decide(sourcer: Decides, line: number, command: BankCommand, tally: Tally): Promise<void> {
  try {
    const result = await sourcer.handleCommand(command.envelope, { commandId: command.id });
    if (result.outcome.tag === 'accepted') tally.accepted += 1;
    else {
      tally.rejected += 1;
      const { code } = result.outcome.val;
      tally.rejections.set(code, (tally.rejections.get(code) ?? 0) + 1);
    }
    if (result.redelivered) tally.redelivered += 1;
    else tally.newEvents += result.events.length;
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
