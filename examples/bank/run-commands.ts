/** Decides the commands of a file: many at once over the accounts, in order within one account. */
import { isCommandFailure, type ModuleEventSourcer } from 'decidable';
import type { BankCommand } from './parse-line.ts';
import { Queue } from './queue.ts';
import { countBadLine, type Tally } from './tally.ts';

/** Commands that are decided at the same time. Those that arrive together share a commit of the disk. */
export const IN_FLIGHT = 64;

/** What of the event sourcer is needed. */
export type Decides = Pick<ModuleEventSourcer<never>, 'handleCommand'>;

export interface ParsedLine {
  readonly line: number;
  readonly command: BankCommand;
}

/**
 * Ends when the last command is decided, or, where `halt` is aborted, when those that were sent are.
 * @throws CommandFailure where the store fails; `halt` is aborted then, so that nobody waits for more input.
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

    // In order within an account, and the first of two with one id before the second. The event sourcer queues the commands
    // of a stream too, but goes on after one that failed; here the next must not be decided before it.
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
    // What is wrong with one command stays with its line; whatever else happens ends the run.
    if (!isCommandFailure(error) || !AT_FAULT.has(error.code)) throw error;
    const code = isCommandFailure(error, 'fault') ? error.payload.val.code : error.code;
    countBadLine(tally, line, { code, reason: error.message });
  }
}

/** Failures for which the command itself is to blame. */
const AT_FAULT: ReadonlySet<string> = new Set(['invalid-argument', 'unroutable', 'fault', 'command-id-reused']);
