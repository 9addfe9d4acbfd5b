/** Calls the function that appends commits, and reads its outcomes. */
import type { Appended } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition } from '../../../core/messages.ts';
import { decidedContent } from '../../../core/storage/chain.ts';
import { byteaArray, int4Array, int8Array, textArray, uuidArray } from './binary-arrays.ts';
import { bytes, integer, storable, wholeNumber } from './columns.ts';
import type { Connection } from './connections.ts';
import type { Row } from './driver.ts';
import { damage } from './failures.ts';
import { ACCEPTED, ANY, CONFLICT, DUPLICATE, NO_STREAM, OVERTAKEN, quoted, STREAM_EXISTS } from './functions.ts';

/** A commit to append. It shares no object with the caller, who may change its own objects after the call. */
export interface NewCommit {
  readonly stream: string;
  readonly commandId: string;
  readonly precondition: Precondition;
  readonly eventCount: number;
  /** The time to record, or undefined if the server stamps it. */
  readonly recordedAt: bigint | undefined;
  readonly content: Uint8Array;
  /** The number of events of each type. */
  readonly types: ReadonlyMap<string, number>;
}

export function newCommit(
  stream: string,
  events: readonly Envelope[],
  precondition: Precondition,
  decision: Decision,
  recordedAt: bigint | undefined,
): NewCommit {
  const types = new Map<string, number>();
  for (const { type } of events) types.set(type, (types.get(type) ?? 0) + 1);
  return {
    stream,
    commandId: decision.commandId,
    precondition: precondition.tag === 'at-revision' ? { ...precondition } : { tag: precondition.tag },
    eventCount: events.length,
    recordedAt,
    content: decidedContent(decision, events).slice(),
    types,
  };
}

/** The outcome of one commit. */
export type CommitOutcome =
  | { readonly kind: 'accepted'; readonly appended: Appended }
  | { readonly kind: 'duplicate' }
  /** Another transaction committed first. The append is repeated. */
  | { readonly kind: 'overtaken' }
  | { readonly kind: 'conflict'; readonly actual: bigint | undefined };

/** Returns the statement for a schema. */
export function appendStatement(schema: string): string {
  return (
    'select place, outcome, revision_before, first_position, recorded_at, hash ' +
    `from ${quoted(schema)}.append($1::text[], $2::uuid[], $3::bigint[], $4::int[], $5::bigint[], $6::bytea[], $7::int[], $8::text[], $9::int[])`
  );
}

/**
 * Appends commits to different streams in one transaction: the open one of the connection, or a new one.
 *
 * @returns the outcomes in the order of the commits.
 */
export async function appendCommits(
  connection: Connection,
  statement: string,
  commits: readonly NewCommit[],
): Promise<readonly CommitOutcome[]> {
  const typeCommits: number[] = [];
  const typeNames: string[] = [];
  const typeCounts: number[] = [];
  for (const [index, { types }] of commits.entries()) {
    for (const [type, count] of types) {
      typeCommits.push(index + 1);
      typeNames.push(storable(type));
      typeCounts.push(count);
    }
  }
  const rows = await connection.query(
    statement,
    [
      textArray(commits.map(({ stream }) => stream)),
      uuidArray(commits.map(({ commandId }) => commandId)),
      int8Array(commits.map(({ precondition }) => preconditionNumber(precondition))),
      int4Array(commits.map(({ eventCount }) => eventCount)),
      int8Array(commits.map(({ recordedAt }) => recordedAt ?? -1n)),
      byteaArray(commits.map(({ content }) => content)),
      int4Array(typeCommits),
      textArray(typeNames),
      int4Array(typeCounts),
    ],
    'append',
  );
  const outcomes = new Array<CommitOutcome | undefined>(commits.length);
  for (const row of rows) {
    const place = wholeNumber(row[0], 'append.place') - 1;
    outcomes[place] = outcomeOf(row, commits[place]!.eventCount);
  }
  return Array.from(outcomes, (outcome) => {
    if (outcome === undefined) throw damage('the function append returned no outcome for a commit');
    return outcome;
  });
}

function preconditionNumber(precondition: Precondition): bigint {
  switch (precondition.tag) {
    case 'any':
      return ANY;
    case 'no-stream':
      return NO_STREAM;
    case 'stream-exists':
      return STREAM_EXISTS;
    case 'at-revision':
      return precondition.val;
  }
}

function outcomeOf([, outcome, before, position, recordedAt, hash]: Row, eventCount: number): CommitOutcome {
  const revision = BigInt(before ?? -1);
  const actual = revision < 0n ? undefined : revision;
  switch (Number(outcome)) {
    case DUPLICATE:
      return { kind: 'duplicate' };
    case OVERTAKEN:
      return { kind: 'overtaken' };
    case CONFLICT:
      return { kind: 'conflict', actual };
    case ACCEPTED: {
      const last = revision + BigInt(eventCount);
      return {
        kind: 'accepted',
        appended: {
          firstRevision: eventCount > 0 ? revision + 1n : undefined,
          firstPosition: eventCount > 0 ? integer(position, 'commits.position') : undefined,
          revision: last < 0n ? undefined : last,
          recordedAt: BigInt(wholeNumber(recordedAt, 'commits.recorded_at')),
          hash: bytes(hash, 'commits.hash'),
        },
      };
    }
    default:
      throw damage(`the function append returned the unknown outcome ${outcome}`);
  }
}
