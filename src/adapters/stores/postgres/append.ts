/** Calls the function that appends commits, and reads its outcomes. */
import { Buffer } from 'node:buffer';
import type { Appended } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition } from '../../../core/messages.ts';
import { decidedContent } from '../../../core/storage/chain.ts';
import { quoted } from '../../../core/storage/sql-identifier.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import { byteaArray, int4Array, int8Array, textArray, uuidArray } from './binary-arrays.ts';
import { bytes, type Column, integer, storable, text, wholeNumber } from './columns.ts';
import type { Connection } from './connections.ts';
import { damage } from './failures.ts';
import { ACCEPTED, CONFLICT, DUPLICATE, LISTENED, OVERTAKEN } from './functions.ts';

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
    content: Buffer.from(decidedContent(decision, events)),
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

/** The outcomes of the commits of one transaction. */
export interface GroupOutcome {
  /** In the order of the commits. */
  readonly outcomes: readonly CommitOutcome[];
  /** False if no process listens for commits. */
  readonly isHeard: boolean;
}

/** The statements that append, for a schema. */
export interface AppendStatements {
  readonly one: string;
  readonly many: string;
}

export function appendStatements(schema: string): AppendStatements {
  const parameters = (types: string): string =>
    types
      .split(' ')
      .map((type, index) => `$${index + 1}::${type}`)
      .join(', ');
  const own = quoted(schema);
  const many = parameters(
    'text[] uuid[] bigint[] bigint[] int[] int[] bigint[] bytea[] text[] text[] int[] int[] int[] int[]',
  );
  return {
    one: `select ${own}.append_one(${parameters('text uuid bigint bigint int bigint bytea text text')})`,
    many: `select place, outcome, revision_before, first_position, recorded_at, hash from ${own}.append(${many})`,
  };
}

/** Appends commits to different streams in one transaction: the open one of the connection, or a new one. */
export async function appendCommits(
  connection: Connection,
  statements: AppendStatements,
  commits: readonly NewCommit[],
): Promise<GroupOutcome> {
  const [first] = commits;
  if (commits.length === 1 && first!.types.size <= 1) return appendOne(connection, statements.one, first!);
  // All transactions lock the streams in one order, so that they cannot wait for each other in a circle.
  const places = commits.map((_, index) => index);
  places.sort((one, other) => (commits[one]!.stream < commits[other]!.stream ? -1 : 1));
  const rows = await connection.query(statements.many, argumentsOf(commits, places), 'append');
  const found = new Array<CommitOutcome | undefined>(commits.length);
  let isHeard = false;
  for (const [place, outcome, before, position, recordedAt, hash] of rows) {
    if (outcome === String(LISTENED)) {
      isHeard = true;
      continue;
    }
    const index = places[wholeNumber(place, 'append.place') - 1]!;
    const { eventCount } = commits[index]!;
    found[index] = outcomeOf(outcome, before, position, recordedAt, hash, eventCount);
  }
  const outcomes = Array.from(found, (outcome) => {
    if (outcome === undefined) throw damage('the function append returned no outcome for a commit');
    return outcome;
  });
  return { outcomes, isHeard };
}

async function appendOne(connection: Connection, statement: string, commit: NewCommit): Promise<GroupOutcome> {
  const { stream, commandId, precondition, eventCount, recordedAt, content, types } = commit;
  const [type = ''] = types.keys();
  const [row] = await connection.query(
    statement,
    [
      stream,
      commandId,
      lowestRevision(precondition),
      highestRevision(precondition),
      eventCount,
      recordedAt ?? -1n,
      content,
      categoryOf(stream),
      storable(type),
    ],
    'append-one',
  );
  const [outcome, before, isUnheard, position, time, hash] = text(row?.[0], 'append_one').split(' ');
  const hex = hash === undefined ? undefined : `\\x${hash}`;
  return { outcomes: [outcomeOf(outcome, before, position, time, hex, eventCount)], isHeard: isUnheard === '0' };
}

/** Returns the arguments of the function `append`, in the order of `places`. */
function argumentsOf(commits: readonly NewCommit[], places: readonly number[]): unknown[] {
  const given = places.map((place) => commits[place]!);
  const types = new TypeArguments();
  for (const [index, commit] of given.entries()) types.add(index + 1, commit);
  return [
    textArray(given.map(({ stream }) => stream)),
    uuidArray(given.map(({ commandId }) => commandId)),
    int8Array(given.map(({ precondition }) => lowestRevision(precondition))),
    int8Array(given.map(({ precondition }) => highestRevision(precondition))),
    int4Array(given.map(({ eventCount }) => eventCount)),
    int4Array(offsetsOf(commits, places)),
    int8Array(given.map(({ recordedAt }) => recordedAt ?? -1n)),
    byteaArray(given.map(({ content }) => content)),
    textArray(types.categories),
    textArray(types.names),
    int4Array(types.only),
    int4Array(types.commits),
    int4Array(types.numbers),
    int4Array(types.counts),
  ];
}

/** Returns the index of each commit's first event in the transaction. Positions are in the order of the calls. */
function offsetsOf(commits: readonly NewCommit[], places: readonly number[]): number[] {
  let next = 0;
  const offsets = commits.map(({ eventCount }) => {
    const offset = next;
    next += Math.max(1, eventCount);
    return offset;
  });
  return places.map((place) => offsets[place]!);
}

/**
 * The event types of commits. Each type of a category is listed once, and the commits refer to it by its number. Only
 * commits with several types have entries in `commits`, `numbers` and `counts`.
 */
class TypeArguments {
  readonly categories: string[] = [];
  readonly names: string[] = [];
  /** The number of the type of each commit, or 0 if it has no type or several. */
  readonly only: number[] = [];
  readonly commits: number[] = [];
  readonly numbers: number[] = [];
  readonly counts: number[] = [];
  readonly #known = new Map<string, Map<string, number>>();

  add(place: number, { stream, types }: NewCommit): void {
    const category = categoryOf(stream);
    let ofCategory = this.#known.get(category);
    if (ofCategory === undefined) this.#known.set(category, (ofCategory = new Map()));
    for (const [type, count] of types) {
      let number = ofCategory.get(type);
      if (number === undefined) {
        this.categories.push(category);
        number = this.names.push(storable(type));
        ofCategory.set(type, number);
      }
      if (types.size === 1) {
        this.only.push(number);
        return;
      }
      this.commits.push(place);
      this.numbers.push(number);
      this.counts.push(count);
    }
    this.only.push(0);
  }
}

const NO_REVISION = -1n;
const HIGHEST_REVISION = 2n ** 63n - 1n;

/** Returns the lowest revision of a stream that a precondition accepts. A stream without events has revision -1. */
function lowestRevision(precondition: Precondition): bigint {
  switch (precondition.tag) {
    case 'any':
    case 'no-stream':
      return NO_REVISION;
    case 'stream-exists':
      return 0n;
    case 'at-revision':
      return precondition.val;
  }
}

function highestRevision(precondition: Precondition): bigint {
  switch (precondition.tag) {
    case 'any':
    case 'stream-exists':
      return HIGHEST_REVISION;
    case 'no-stream':
      return NO_REVISION;
    case 'at-revision':
      return precondition.val;
  }
}

function outcomeOf(
  outcome: Column,
  before: Column,
  position: Column,
  recordedAt: Column,
  hash: Column,
  eventCount: number,
): CommitOutcome {
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
