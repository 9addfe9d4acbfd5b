/// <reference lib="esnext.disposable" preserve="true" />
/** `decidable verify`: decides every recorded command again, on all cores. */
import { availableParallelism } from 'node:os';
import { NOTHING, type VerificationProgress } from '../../../core/verification/extent.ts';
import { plannedStreams } from '../../../core/verification/planned-streams.ts';
import type { OpenedStore } from '../../stores/address/open-store.ts';
import { DAMAGED, DONE } from '../exit-codes.ts';
import { CommandLineError } from '../failures.ts';
import { oneLine } from '../output.ts';
import { showProgress } from '../progress.ts';
import type { Session } from '../session.ts';
import { endOnSecondSignal } from '../signals.ts';
import { readHeads, writeHeads } from '../verification/heads-file.ts';
import { ResumeFile } from '../verification/resume-file.ts';
import type { ShownDifference } from '../verification/tasks.ts';
import { Threads, type Verified } from '../verification/threads.ts';

export interface VerifyOptions {
  readonly stream?: string | undefined;
  readonly threads?: number | undefined;
  readonly resume?: string | undefined;
  readonly heads?: string | undefined;
  readonly compare?: string | undefined;
}

export async function verify(session: Session, options: VerifyOptions): Promise<number> {
  const { stream, heads, compare } = options;
  checkOptions(options);
  using progress = showProgress('comparing tables with indexes');
  const resume = new ResumeFile(options.resume);
  let done: Verified = resume.read() ?? { extent: NOTHING, isSearched: stream !== undefined };
  const onProgress = (verified: Verified, { streams, commits, decisions }: VerificationProgress): void => {
    done = verified;
    resume.keep(done);
    progress.show(
      `equal to the records so far: ${streams} streams, ${commits} commits, ${decisions} decisions made again`,
    );
  };
  const count = stream === undefined ? (options.threads ?? availableParallelism()) : 1;
  await using threads = new Threads(session.addresses(), count, { onProgress });
  await session.config();
  using _signals = endOnSecondSignal(session.halt, () => {});
  const { signal } = session.halt;
  await using store = await session.openToRead();
  await checkStream(store, options);
  const { last: after } = done.extent;
  const expected = compare === undefined ? undefined : readHeads(compare);
  try {
    const streams = plannedStreams(store, { stream, after, heads: expected });
    const { difference, ...verified } = await threads.run(streams, done, signal);
    progress[Symbol.dispose]();
    if (difference !== undefined) resume.write(verified);
    else {
      resume.remove();
      if (heads !== undefined) await writeHeads(store, heads, signal);
    }
    await print(session, verified.extent, difference);
    return difference === undefined ? DONE : DAMAGED;
  } catch (error) {
    resume.write(done);
    throw error;
  }
}

function checkOptions({ stream, resume, threads }: VerifyOptions): void {
  if (stream !== undefined && (resume !== undefined || threads !== undefined)) {
    throw new CommandLineError('usage', 'one thread verifies one stream; omit --resume and --threads with --stream', {
      argument: '--stream',
    });
  }
}

/** Refuses a stream that does not exist before any work is done. */
async function checkStream(store: OpenedStore, { stream }: VerifyOptions): Promise<void> {
  if (stream !== undefined && (await store.readCommits(stream, { limit: 1 })).length === 0) {
    throw new CommandLineError('not-found', `the store has no stream "${stream}"; check the name`, {
      argument: '--stream',
    });
  }
}

async function print(
  { output }: Session,
  { last: _last, ...extent }: VerificationProgress,
  difference: ShownDifference | undefined,
): Promise<void> {
  if (output.isJson) return output.document({ isIntact: difference === undefined, ...extent, difference });
  const { streams, commits, events, decisions, unverified } = extent;
  const counts = `${streams} streams, ${commits} commits, ${events} events, ${decisions} decisions made again`;
  const lines = [
    difference === undefined
      ? `${output.styled('green', 'as recorded')}: ${counts}`
      : `${output.styled('red', 'different')}: ${oneLine(difference.message)}`,
  ];
  if (difference?.recorded !== undefined) lines.push(`  recorded  ${oneLine(JSON.stringify(difference.recorded))}`);
  if (difference?.decided !== undefined) lines.push(`  decided   ${oneLine(JSON.stringify(difference.decided))}`);
  for (const { module, decisions: count } of unverified) {
    lines.push(
      `${output.styled('yellow', 'not made again')}: ${count} decisions of ${oneLine(module.name)} ${oneLine(module.version)}, ` +
        'which the system does not have; their chains are intact',
    );
  }
  return output.text(...lines);
}
