/// <reference lib="esnext.disposable" preserve="true" />
/** One part of a verification: the streams of a store that one thread verifies. */

import type { JsonValue } from '../../../core/json.ts';
import { toJson } from '../../../core/json.ts';
import type { Envelope } from '../../../core/messages.ts';
import type { CommitSource } from '../../../core/storage/verify-chain.ts';
import { type Difference, describeDifference } from '../../../core/verification/difference.ts';
import { type VerificationProgress, verifyStore } from '../../../core/verification/verify-store.ts';
import { eventByContentType } from '../messages.ts';
import type { GlobalOptions } from '../session.ts';
import { Session } from '../session.ts';
import { readHeads } from './heads-file.ts';

/** The task of one thread, as data that can be posted. */
export interface PartTask {
  readonly options: Pick<GlobalOptions, 'config' | 'store'>;
  /** The number of this part, from 0, or `damage` for the search for damage in the other data of the store. */
  readonly part: number | 'damage';
  /** The number of the parts that verify streams. */
  readonly parts: number;
  readonly stream: string | undefined;
  readonly after: string | undefined;
  /** The file with the heads that must still exist. */
  readonly heads: string | undefined;
}

/** The result of one part, as data that can be posted. */
export interface PartResult extends VerificationProgress {
  readonly difference: ShownDifference | undefined;
}

/** A difference for people and for programs. */
export interface ShownDifference {
  readonly reason: Difference['reason'];
  readonly message: string;
  /** The recorded and the decided event or outcome. */
  readonly recorded?: JsonValue;
  readonly decided?: JsonValue;
}

/** Verifies a part. The function opens the store and loads the system itself, because threads cannot share them. */
export async function verifyPart(
  { options, part, parts, stream, after, heads }: PartTask,
  progress: (progress: VerificationProgress) => void,
  signal: AbortSignal,
): Promise<PartResult> {
  const session = new Session(options);
  const { system } = await session.config();
  await using store = await session.openToRead();
  if (part === 'damage') {
    const broken = await store.findDamage?.();
    return { ...NOTHING, difference: broken && shown({ reason: 'chain', broken }) };
  }
  const { difference, ...extent } = await verifyStore(parts === 1 ? store : commitsOf(store), system, {
    stream,
    after,
    heads: heads === undefined ? undefined : readHeads(heads),
    select: (name) => partOf(name, parts) === part,
    progress,
    signal,
  });
  return { ...extent, difference: difference && shown(difference) };
}

/** The extent of a verification that has verified nothing. */
export const NOTHING: VerificationProgress = {
  streams: 0,
  commits: 0,
  events: 0,
  decisions: 0,
  last: undefined,
  unverified: [],
};

/** Returns only the commits of the store, because a part of its own searches the other data for damage. */
function commitsOf(store: CommitSource): CommitSource {
  return {
    readCommits: (stream, options) => store.readCommits(stream, options),
    readStreams: (options) => store.readStreams(options),
  };
}

/** Returns the part that verifies a stream. The part depends on the name alone (FNV-1a). */
function partOf(stream: string, parts: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < stream.length; at++) hash = Math.imul(hash ^ stream.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % parts;
}

function shown(difference: Difference): ShownDifference {
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
