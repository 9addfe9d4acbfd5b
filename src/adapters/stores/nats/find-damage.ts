/**
 * Checks the data of a store that reads use and that the hashes of the commits do not cover: the subject, the number
 * and the headers of each message, and the blocks of command ids. It reads all messages once, in order. Their numbers
 * have no gaps, so a deleted message is found too.
 */
import { CHAIN_START, CONTENT_VERSION, HASH_BYTES } from '../../../core/storage/chain.ts';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import { equalBytes } from '../../../core/storage/equal-bytes.ts';
import type { Damage } from '../../../core/storage/verify-chain.ts';
import type { StoredMessage } from './client.ts';
import { type IdBits, idBits } from './command-ids.ts';
import { COMMIT_HEADER, numbersText, parseNumbers, recordedDecisionOf } from './commit-message.ts';
import { type CommitReader, joinedPayloads } from './commit-reader.ts';
import type { IdSegments } from './id-segments.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { Subjects } from './subjects.ts';

/** The number of messages of one page. */
const PAGE = 1_000;

export interface AuditedParts {
  readonly reader: CommitReader;
  readonly subjects: Subjects;
  readonly segments: IdSegments;
  readonly ahead: ReadAhead;
}

/** The end of a stream, as its messages show it. */
interface StreamEnd {
  readonly events: number;
  readonly sequence: number;
  readonly hash: Uint8Array;
}

const START: StreamEnd = { events: 0, sequence: 0, hash: CHAIN_START };
/** The bits in a block for a message without a command id. */
const NO_ID: IdBits = { low: 0, high: 0 };

/** Returns the first damaged place, or `undefined` if there is no damage. @throws EngineFailure */
export async function findDamage({ reader, subjects, segments, ahead }: AuditedParts): Promise<Damage | undefined> {
  const idOf = await segments.load();
  const ends = new Map<string, StreamEnd>();
  let next = 1;
  let parts: StoredMessage[] = [];
  for await (const messages of reader.messages(subjects.allCommits, 1, PAGE, ahead)) {
    for (const message of messages) {
      const { sequence, headers } = message;
      if (sequence !== next) return damaged(next, 'it is missing');
      next++;
      parts.push(message);
      const numbers = parseNumbers(headers.last(COMMIT_HEADER));
      if (numbers.part < numbers.parts) continue;
      const problem = problemOf(parts, subjects, ends, idOf);
      if (problem !== undefined) return damaged(sequence, problem);
      parts = [];
    }
  }
  return parts.length === 0 ? undefined : damaged(next, 'the last part of a commit is missing');
}

/** Returns the problem of a commit, or `undefined` after it was added to the end of its stream. */
function problemOf(
  parts: readonly StoredMessage[],
  subjects: Subjects,
  ends: Map<string, StreamEnd>,
  idOf: (sequence: number) => IdBits | undefined,
): string | undefined {
  const { subject, sequence } = parts.at(-1)!;
  const bytes = joinedPayloads(parts);
  let recorded: ReturnType<typeof recordedDecisionOf>;
  try {
    recorded = recordedDecisionOf({ bytes });
  } catch (error) {
    if (!(error instanceof EngineFailure)) throw error;
    return error.message;
  }
  const { stream, decision, eventCount } = recorded;
  const end = ends.get(subject) ?? START;
  // Readers do not use the previous hash and the version that a message repeats.
  if (!equalBytes(bytes.subarray(0, HASH_BYTES), end.hash))
    return 'its previous hash is not the hash of the previous commit';
  if (bytes[HASH_BYTES] !== CONTENT_VERSION)
    return `its version is ${bytes[HASH_BYTES]} and should be ${CONTENT_VERSION}`;
  const events = end.events + eventCount;
  for (const [index, { subject: found, headers, sequence: number }] of parts.entries()) {
    const [isFirst, isLast] = [index === 0, index === parts.length - 1];
    if (found !== subjects.commits(stream)) {
      return `its subject ${found} is not the subject of the stream ${JSON.stringify(stream)}`;
    }
    const expected = {
      'Nats-Msg-Id': isLast ? decision.commandId : '',
      'Nats-Expected-Last-Subject-Sequence': isFirst ? String(end.sequence) : '',
      [COMMIT_HEADER]: numbersText(events, eventCount, index + 1, parts.length),
    };
    for (const [name, value] of Object.entries(expected)) {
      const actual = headers.last(name);
      if (actual !== value)
        return `its header ${name} is ${JSON.stringify(actual)} and should be ${JSON.stringify(value)}`;
    }
    const id = isLast ? idBits(decision.commandId) : NO_ID;
    const kept = idOf(number);
    if (kept !== undefined && (kept.low !== id.low || kept.high !== id.high)) {
      return 'the block of command ids has another id for it';
    }
  }
  ends.set(subject, { events, sequence, hash: recorded.hash });
  return undefined;
}

function damaged(sequence: number, message: string): Damage {
  const place = `message ${sequence}`;
  return { reason: 'damage', place, message: `${place}: ${message}` };
}
