/**
 * Verifies the hash chain (docs/chain.md): computes the hash of every commit again and compares it with the stored one.
 */
import { checkOptionNames, type OptionNames } from '../option-names.ts';
import { CHAIN_START, commitHash, type RecordedCommit } from './chain.ts';
import { equalBytes } from './equal-bytes.ts';
import { Turns } from './turns.ts';

/** A stream and the end of its chain. Keep heads elsewhere to detect later that commits were removed from the end. */
export interface StreamHead {
  readonly stream: string;
  /** The last revision, or `undefined` if the stream has only decisions without events. */
  readonly revision: bigint | undefined;
  /** The hash of the last commit. */
  readonly hash: Uint8Array;
}

/** The part of a stream's commits to read. */
export interface ReadCommitsOptions {
  /** Continues after the commit with this command id, exclusive. By default, reading begins with the first commit. */
  readonly after?: string | undefined;
  /**
   * The maximum number of commits to return. A shorter list means that the end of the stream was reached.
   * @default 1_000
   */
  readonly limit?: number | undefined;
}

/** The part of the store's streams to read. */
export interface ReadStreamsOptions {
  /** Continues after this stream, exclusive. By default, reading begins with the first stream that was written. */
  readonly after?: string | undefined;
  /**
   * The maximum number of streams to return. A shorter list means that the last stream was reached.
   * @default 1_000
   */
  readonly limit?: number | undefined;
}

/** A store whose commits can be read. */
export interface CommitSource {
  /**
   * Returns the commits of a stream in order. The list is empty if the stream has no decisions. @throws StoreFailure
   */
  readCommits(stream: string, options?: ReadCommitsOptions): Promise<readonly RecordedCommit[]>;
  /** Returns the streams in the order of their first commits. @throws StoreFailure */
  readStreams(options?: ReadStreamsOptions): Promise<readonly StreamHead[]>;
  /**
   * Checks all data that reads use in addition to the commits: positions, indexes, filters, snapshots. Returns the
   * first place that contradicts the commits. A store without such data omits the function.
   * @throws StoreFailure
   */
  findDamage?(): Promise<Damage | undefined>;
}

/** The first commit of a stream at which its chain is broken. */
export interface BrokenCommit {
  readonly stream: string;
  /** The commit's index in its stream, from 0. */
  readonly commit: number;
  readonly commandId: string;
  /** The revision of the commit's first event, or `undefined` if it has no events. */
  readonly firstRevision: bigint | undefined;
  /**
   * `hash`: the commit or an earlier one was changed. `revision`: the revisions of its events are not consecutive.
   * `event-count`: the number of events differs from the decision record.
   */
  readonly reason: 'hash' | 'revision' | 'event-count';
  /** The hash that was computed from the stored commit. */
  readonly expected: Uint8Array;
  /** The hash that is stored. */
  readonly actual: Uint8Array;
}

/** Stored data that contradicts the commits or itself. */
export interface Damage {
  readonly reason: 'damage';
  /** The name of the place in the store, such as `events.position 7` or `snapshots`. */
  readonly place: string;
  readonly message: string;
}

/** The result of {@link verifyChain}: the number of intact streams and commits, or the first damaged place. */
export type ChainVerdict =
  | { readonly intact: true; readonly streams: number; readonly commits: number }
  | { readonly intact: false; readonly broken: BrokenCommit | Damage };

/** The part of the chains that is verified already. */
export interface ChainProgress {
  readonly streams: number;
  readonly commits: number;
}

/** The options of {@link verifyChain}. */
export interface VerifyChainOptions {
  /** Called after each page of commits. */
  readonly progress?: ((progress: ChainProgress) => void) | undefined;
  /** Cancels the verification, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<VerifyChainOptions> = { progress: true, signal: true };

/**
 * Verifies the chain of one stream, or of all streams if no stream is named. It reads page by page.
 *
 * A chain proves that the existing commits were not changed. It cannot show that commits at its end were removed. To
 * detect that, keep the hashes of {@link CommitSource.readStreams} elsewhere, and compare them later.
 *
 * @throws StoreFailure if the store cannot be read.
 * @throws DefinitionError if an option is unknown.
 */
export async function verifyChain(
  store: CommitSource,
  stream?: string,
  options: VerifyChainOptions = {},
): Promise<ChainVerdict> {
  checkOptionNames(options, NAMES, 'verifyChain');
  const verified = new Verified(options);
  if (stream !== undefined) {
    const broken = await verifyStream(store, stream, undefined, verified);
    return broken === undefined ? verified.verdict() : { intact: false, broken };
  }
  const damage = await store.findDamage?.();
  if (damage !== undefined) return { intact: false, broken: damage };
  for await (const head of streamHeads(store)) {
    const broken = await verifyStream(store, head.stream, head, verified);
    if (broken !== undefined) return { intact: false, broken };
  }
  return verified.verdict();
}

/** Counts the verified data, reports the progress and handles cancellation. */
class Verified {
  streams = 0;
  commits = 0;
  readonly #options: VerifyChainOptions;
  readonly #turns = new Turns();

  constructor(options: VerifyChainOptions) {
    this.#options = options;
  }

  async page(): Promise<void> {
    this.#options.progress?.({ streams: this.streams, commits: this.commits });
    await this.#turns.next();
    this.#options.signal?.throwIfAborted();
  }

  verdict(): ChainVerdict {
    return { intact: true, streams: this.streams, commits: this.commits };
  }
}

async function* streamHeads(store: CommitSource): AsyncGenerator<StreamHead> {
  const limit = 1_000;
  let after: string | undefined;
  for (;;) {
    const heads = await store.readStreams({ after, limit });
    yield* heads;
    if (heads.length < limit) return;
    after = heads.at(-1)?.stream;
  }
}

/**
 * Returns the first damaged place of the stream. `head` must be one of its commits. Later commits may be new.
 */
async function verifyStream(
  store: CommitSource,
  stream: string,
  head: StreamHead | undefined,
  verified: Verified,
): Promise<BrokenCommit | Damage | undefined> {
  const limit = 1_000;
  let after: string | undefined;
  let previous = CHAIN_START;
  let next = 0n;
  let count = 0;
  let hasHead = head === undefined;
  for (;;) {
    const page = await store.readCommits(stream, { after, limit });
    for (const { decision: recorded, events } of page) {
      const { decision, firstRevision, recordedAt, hash } = recorded;
      const expected = commitHash(previous, { stream, firstRevision, recordedAt, decision, events });
      const reason = !equalBytes(expected, hash)
        ? 'hash'
        : recorded.eventCount !== events.length
          ? 'event-count'
          : firstRevision !== (events.length === 0 ? undefined : next)
            ? 'revision'
            : undefined;
      if (reason !== undefined) {
        const { commandId } = decision;
        return { stream, commit: count, commandId, firstRevision, reason, expected, actual: hash };
      }
      previous = hash;
      next += BigInt(events.length);
      count++;
      verified.commits++;
      if (!hasHead && head !== undefined && equalBytes(hash, head.hash)) {
        hasHead = head.revision === (next === 0n ? undefined : next - 1n);
      }
    }
    if (page.length < limit) break;
    await verified.page();
    after = page.at(-1)?.decision.decision.commandId;
  }
  verified.streams++;
  await verified.page();
  return hasHead ? undefined : wrongHead(stream);
}

function wrongHead(stream: string): Damage {
  const place = `the head of stream ${JSON.stringify(stream)}`;
  return { reason: 'damage', place, message: `${place} is not a commit of the stream` };
}
