/// <reference lib="esnext.disposable" preserve="true" />
/** The work of one thread of a verification: it searches for damage, and verifies the streams that it is sent. */
import { on } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import type { JsonValue } from '../../../core/json.ts';
import { toJson } from '../../../core/json.ts';
import type { Envelope } from '../../../core/messages.ts';
import { type Difference, describeDifference } from '../../../core/verification/difference.ts';
import { NOTHING, type VerificationProgress } from '../../../core/verification/extent.ts';
import type { PlannedStream } from '../../../core/verification/planned-streams.ts';
import { StreamVerifier } from '../../../core/verification/stream-verifier.ts';
import { eventByContentType } from '../messages.ts';
import { type GlobalOptions, Session } from '../session.ts';

/** The options with which a thread opens the store and loads the system. */
export type ThreadOptions = Pick<GlobalOptions, 'config' | 'store'>;

/** A task of a thread, as data that can be posted. */
export type Task =
  /** Searches for damage in the data of the store that the commits do not cover, such as its indexes. */
  | { readonly tag: 'damage' }
  | { readonly tag: 'streams'; readonly streams: readonly PlannedStream[] }
  /** Closes the store and ends the thread. */
  | { readonly tag: 'end' };

/** The answer of a thread, as data that can be posted. A thread does its tasks one after another. */
export type Answer =
  | { readonly tag: 'progress'; readonly extent: VerificationProgress }
  | { readonly tag: 'done'; readonly extent: VerificationProgress; readonly difference: ShownDifference | undefined };

/** A difference for people and for programs. */
export interface ShownDifference {
  readonly reason: Difference['reason'];
  readonly message: string;
  /** The recorded and the decided event or outcome. */
  readonly recorded?: JsonValue;
  readonly decided?: JsonValue;
}

/** Milliseconds between two answers about the progress of a task. */
const INTERVAL = 200;

/**
 * Does the tasks of a thread. The thread opens the store and loads the system itself, because threads cannot share
 * them.
 */
export async function doTasks(options: ThreadOptions, port: MessagePort): Promise<void> {
  const tasks = on(port, 'message') as AsyncIterable<readonly [Task]>;
  const session = new Session(options);
  const { system } = await session.config();
  await using store = await session.openToRead();
  const answer = (message: Answer): void => port.postMessage(message);
  let answeredAt = 0;
  const onProgress = (extent: VerificationProgress): void => {
    const now = performance.now();
    if (now - answeredAt < INTERVAL) return;
    answeredAt = now;
    answer({ tag: 'progress', extent });
  };
  for await (const [task] of tasks) {
    if (task.tag === 'end') return;
    if (task.tag === 'damage') {
      const broken = await store.findDamage?.();
      answer({ tag: 'done', extent: NOTHING, difference: broken && shown({ reason: 'chain', broken }) });
      continue;
    }
    const verifier = new StreamVerifier(store, system, onProgress);
    let difference: Difference | undefined;
    for (const stream of task.streams) {
      difference = await verifier.verify(stream);
      if (difference !== undefined) break;
    }
    answer({ tag: 'done', extent: verifier.verified, difference: difference && shown(difference) });
  }
}

/** Returns a difference as data that can be posted and printed. */
export function shown(difference: Difference): ShownDifference {
  const { reason } = difference;
  const message = describeDifference(difference);
  if (difference.reason === 'event') {
    const { recorded, decided, place } = difference;
    const event = (envelope: Envelope | undefined): JsonValue =>
      envelope === undefined
        ? null
        : toJson({
            type: envelope.type,
            schemaVersion: envelope.schemaVersion,
            ...eventByContentType(envelope, place.contentType),
          });
    return { reason, message, recorded: event(recorded), decided: event(decided) };
  }
  if (difference.reason !== 'outcome') return { reason, message };
  return { reason, message, recorded: toJson(difference.recorded), decided: toJson(difference.decided) };
}
