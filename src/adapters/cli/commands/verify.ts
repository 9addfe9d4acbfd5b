/// <reference lib="esnext.disposable" preserve="true" />
/** `decidable verify`: decides every recorded command again, on all cores. */
import { availableParallelism } from 'node:os';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { addUnverifiedDecisions, type VerificationProgress } from '../../../core/verification/verify-store.ts';
import { DAMAGED, DONE } from '../exit-codes.ts';
import { CommandLineError } from '../failures.ts';
import { oneLine } from '../output.ts';
import { showProgress } from '../progress.ts';
import type { Session } from '../session.ts';
import { endOnSecondSignal } from '../signals.ts';
import { writeHeads } from '../verification/heads-file.ts';
import { NOTHING, type PartResult, type PartTask, type ShownDifference } from '../verification/part.ts';
import { ResumeFile } from '../verification/resume-file.ts';

export interface VerifyOptions {
  readonly stream?: string | undefined;
  readonly threads?: number | undefined;
  readonly resume?: string | undefined;
  readonly heads?: string | undefined;
  readonly compare?: string | undefined;
}

export async function verify(session: Session, options: VerifyOptions): Promise<number> {
  const { stream, heads, compare } = options;
  await session.config();
  using _signals = endOnSecondSignal(session.halt, () => {});
  const resume = new ResumeFile(options.resume);
  const { signal } = session.halt;
  await checkStore(session, options);
  const before = resume.read();
  const parts = before?.length ?? (stream === undefined ? (options.threads ?? availableParallelism()) : 1);
  const done: VerificationProgress[] = Array.from({ length: parts }, (_, part) => before?.[part] ?? NOTHING);
  using progress = showProgress('comparing tables with indexes');
  const report = (part: number, extent: VerificationProgress): void => {
    done[part] = extent;
    resume.keep(done);
    const { streams, commits, decisions } = total(done);
    progress.show(
      `equal to the records so far: ${streams} streams, ${commits} commits, ${decisions} decisions made again`,
    );
  };
  try {
    const tasks = done.map((each, part): PartTask => {
      return { options: session.addresses(), part, parts, stream, after: each.last, heads: compare };
    });
    const difference = await runParts(
      stream === undefined ? [...tasks, damageTask(session)] : tasks,
      done,
      report,
      signal,
    );
    progress[Symbol.dispose]();
    if (difference !== undefined) resume.write(done);
    else {
      resume.remove();
      if (heads !== undefined) {
        await using store = await session.openToRead();
        await writeHeads(store, heads, signal);
      }
    }
    await print(session, total(done), difference);
    return difference === undefined ? DONE : DAMAGED;
  } catch (error) {
    resume.write(done);
    throw error;
  }
}

/**
 * Makes the task that searches the store for damage, for a thread of its own. A verification in one thread does it before
 * the streams.
 */
function damageTask(session: Session): PartTask {
  const nothing = { stream: undefined, after: undefined, heads: undefined };
  return { options: session.addresses(), part: 'damage', parts: 0, ...nothing };
}

/** Refuses a stream that does not exist before any work is done. */
async function checkStore(session: Session, { stream, resume, threads }: VerifyOptions): Promise<void> {
  if (stream !== undefined && (resume !== undefined || threads !== undefined)) {
    throw new CommandLineError('usage', 'one thread verifies one stream; omit --resume and --threads with --stream', {
      argument: '--stream',
    });
  }
  await using store = await session.openToRead();
  if (stream !== undefined && (await store.readCommits(stream, { limit: 1 })).length === 0) {
    throw new CommandLineError('not-found', `the store has no stream "${stream}"; check the name`, {
      argument: '--stream',
    });
  }
}

/**
 * Runs the parts in threads. Returns the damage of the store, or else the first difference that one of them finds. Damage
 * is the cause of the differences and failures that the other parts find.
 */
async function runParts(
  tasks: readonly PartTask[],
  before: readonly VerificationProgress[],
  report: (part: number, extent: VerificationProgress) => void,
  signal: AbortSignal,
): Promise<ShownDifference | undefined> {
  const threads: Worker[] = [];
  const start = [...before];
  const onAbort = Promise.withResolvers<never>();
  const abort = (): void => onAbort.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  onAbort.promise.catch(() => {});
  try {
    signal.throwIfAborted();
    const first = Promise.withResolvers<ShownDifference>();
    const all = tasks.map(async (task) => {
      const thread = threadOf(task);
      threads.push(thread);
      const { part } = task;
      const add = (extent: VerificationProgress): void => {
        if (part !== 'damage') report(part, sum(start[part]!, extent));
      };
      const { difference, ...extent } = await resultOf(thread, add);
      add(extent);
      if (difference !== undefined && part !== 'damage') first.resolve(difference);
      return difference;
    });
    const damage = Promise.resolve(all[tasks.findIndex(({ part }) => part === 'damage')]);
    const streams = Promise.race([first.promise, Promise.all(all).then(() => undefined)]);
    const found = damage.then((difference) => difference ?? streams);
    streams.catch(() => {});
    return await Promise.race([found, onAbort.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

function threadOf(task: PartTask): Worker {
  // The package contains JavaScript, and its source tree TypeScript.
  return new Worker(new URL(`../verification/thread${extname(import.meta.url)}`, import.meta.url), {
    workerData: task,
  });
}

interface ThreadMessage {
  readonly progress?: VerificationProgress;
  readonly result?: PartResult;
}

function resultOf(thread: Worker, onProgress: (progress: VerificationProgress) => void): Promise<PartResult> {
  return new Promise((resolve, reject) => {
    thread.on('message', ({ progress, result }: ThreadMessage) => {
      if (progress !== undefined) onProgress(progress);
      if (result !== undefined) resolve(result);
    });
    thread.on('error', (error) => reject(ofThisThread(error)));
    thread.on('exit', (code) =>
      reject(new Error(`a thread of the verification ended unexpectedly, with exit code ${code}`)),
    );
  });
}

/** Restores the class of an error that another thread sent, because posting removes it. */
function ofThisThread(error: unknown): unknown {
  const { name, code, message, argument } = Object(error) as Partial<CommandLineError>;
  return name === 'CommandLineError' && code !== undefined && argument !== undefined
    ? new CommandLineError(code, message ?? '', { argument, cause: error })
    : error;
}

function sum(one: VerificationProgress, other: VerificationProgress): VerificationProgress {
  return {
    streams: one.streams + other.streams,
    commits: one.commits + other.commits,
    events: one.events + other.events,
    decisions: one.decisions + other.decisions,
    unverified: addUnverifiedDecisions(one.unverified, other.unverified),
    last: other.last ?? one.last,
  };
}

function total(parts: readonly VerificationProgress[]): VerificationProgress {
  return parts.reduce(sum, NOTHING);
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
