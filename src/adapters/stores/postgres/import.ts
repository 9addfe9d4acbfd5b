/** Adds commits of another store unchanged. */
import { decidedContent, HASH_BYTES, type RecordedCommit } from '../../../core/storage/chain.ts';
import { followsHead } from '../../../core/storage/commit-transfer.ts';
import { equalBytes } from '../../../core/storage/equal-bytes.ts';
import { byteaArray, int4Array, int8Array, textArray, uuidArray } from './binary-arrays.ts';
import { bytes, integer, storable, text } from './columns.ts';
import type { Transaction } from './connections.ts';
import { Overtaken } from './failures.ts';
import { nextPositionsHash } from './positions-hash.ts';
import type { Statements } from './statements.ts';

/** The maximum numbers of commits and events of a transaction. */
const MAX_COMMITS = 1_000;
const MAX_EVENTS = 30_000;

/** Splits commits into groups, each of which is imported in one transaction. */
export function importGroups(commits: readonly RecordedCommit[]): RecordedCommit[][] {
  const groups: RecordedCommit[][] = [];
  let events = 0;
  for (const commit of commits) {
    const last = groups.at(-1);
    events += Math.max(1, commit.events.length);
    if (last === undefined || last.length >= MAX_COMMITS || events > MAX_EVENTS) {
      groups.push([commit]);
      events = Math.max(1, commit.events.length);
    } else {
      last.push(commit);
    }
  }
  return groups;
}

/** The end of a stream. Each added commit moves it. */
interface Head {
  revision: bigint | undefined;
  commits: bigint;
  hash: Uint8Array;
  positionsHash: Uint8Array;
}

/**
 * Adds the commits that the store does not have, up to the first refused commit.
 *
 * @returns the first commit that does not follow the previous one, or undefined if all follow. The commits before it
 *   are added.
 * @throws Overtaken if the transaction has to be repeated.
 */
export async function importCommits(
  transaction: Transaction,
  statements: Statements,
  commits: readonly RecordedCommit[],
): Promise<RecordedCommit | undefined> {
  const streams = [...new Set(commits.map(({ decision }) => decision.stream))];
  const [locked] = await transaction.query(statements.lockStreams, [textArray(streams)]);
  const base = integer(locked?.[0], 'lock_streams');
  const heads = new Map<string, Head>();
  for (const [name, revision, count, hash, position, positionsHash] of await transaction.query(statements.headsOf, [
    textArray(streams),
  ])) {
    if (BigInt(position ?? -1) >= base) throw new Overtaken();
    heads.set(text(name, 'streams.name'), {
      revision: revision === '-1' ? undefined : integer(revision, 'streams.revision'),
      commits: integer(count, 'streams.commits'),
      hash: bytes(hash, 'streams.hash'),
      positionsHash: bytes(positionsHash, 'streams.positions_hash', HASH_BYTES),
    });
  }
  const ids = uuidArray(commits.map(({ decision }) => decision.decision.commandId));
  const known = new Map<string, { readonly stream: string; readonly hash: Uint8Array }>();
  for (const [id, stream, hash] of await transaction.query(statements.hashesOf, [ids])) {
    known.set(text(id, 'commits.command_id'), {
      stream: text(stream, 'streams.name'),
      hash: bytes(hash, 'commits.hash'),
    });
  }
  const rows = new Rows(base);
  let refused: RecordedCommit | undefined;
  for (const commit of commits) {
    const { stream, decision, hash } = commit.decision;
    const stored = known.get(decision.commandId);
    if (stored !== undefined && stored.stream === stream && equalBytes(stored.hash, hash)) continue;
    const head = heads.get(stream)!;
    const end = head.commits === 0n ? undefined : { revision: head.revision, hash: head.hash };
    if (stored !== undefined || !followsHead(end, commit)) {
      refused = commit;
      break;
    }
    rows.add(commit, head);
    known.set(decision.commandId, { stream, hash });
  }
  if (rows.length === 0) throw new NothingToAdd(refused);
  await transaction.query(statements.addCommits, rows.values());
  return refused;
}

/** Rolls the transaction back if it adds nothing, because it may have created the heads of missing streams. */
export class NothingToAdd extends Error {
  readonly refused: RecordedCommit | undefined;

  constructor(refused: RecordedCommit | undefined) {
    super('no commit is new');
    this.refused = refused;
  }
}

/** The columns of new commits. */
class Rows {
  readonly #base: bigint;
  #next = 0n;
  readonly #commits: RecordedCommit[] = [];
  readonly #numbers: bigint[] = [];
  readonly #revisions: bigint[] = [];
  readonly #positions: bigint[] = [];
  readonly #positionsHashes: Uint8Array[] = [];
  readonly #onlyTypes: number[] = [];
  readonly #typeCommits: number[] = [];
  readonly #typeNames: string[] = [];
  readonly #typeCounts: number[] = [];

  constructor(base: bigint) {
    this.#base = base;
  }

  get length(): number {
    return this.#commits.length;
  }

  /** Adds a commit that follows the head, and moves the head. */
  add(commit: RecordedCommit, head: Head): void {
    const { decision: recorded, events } = commit;
    const place = this.#commits.push(commit);
    const revision = head.revision === undefined ? 0n : head.revision + 1n;
    this.#numbers.push(head.commits);
    this.#revisions.push(revision);
    const position = this.#base + this.#next;
    head.positionsHash = nextPositionsHash(head.positionsHash, position);
    this.#positions.push(position);
    this.#positionsHashes.push(head.positionsHash);
    this.#next += BigInt(Math.max(1, events.length));
    const types = new Map<string, number>();
    for (const { type } of events) types.set(type, (types.get(type) ?? 0) + 1);
    // The number of the type that the next statement adds.
    this.#onlyTypes.push(types.size === 1 ? this.#typeNames.length + 1 : 0);
    for (const [type, count] of types) {
      this.#typeCommits.push(place);
      this.#typeNames.push(storable(type));
      this.#typeCounts.push(count);
    }
    head.commits++;
    head.hash = recorded.hash;
    if (events.length > 0) head.revision = revision + BigInt(events.length) - 1n;
  }

  values(): unknown[] {
    const recorded = this.#commits.map(({ decision }) => decision);
    return [
      textArray(recorded.map(({ stream }) => stream)),
      uuidArray(recorded.map(({ decision }) => decision.commandId)),
      int8Array(this.#numbers),
      int8Array(this.#revisions),
      int4Array(this.#commits.map(({ events }) => events.length)),
      int8Array(this.#positions),
      byteaArray(this.#positionsHashes),
      int8Array(recorded.map(({ recordedAt }) => recordedAt)),
      byteaArray(recorded.map(({ hash }) => hash)),
      byteaArray(this.#commits.map(({ decision, events }) => decidedContent(decision.decision, events).slice())),
      int4Array(this.#onlyTypes),
      int4Array(this.#typeCommits),
      textArray(this.#typeNames),
      int4Array(this.#typeCounts),
    ];
  }
}
