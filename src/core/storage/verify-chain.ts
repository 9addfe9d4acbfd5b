/**
 * Verifies the hash chain (docs/chain.md): computes the hash of every commit again and compares it with the stored one.
 */
import { checkOptionNames } from '../option-names.ts';
import type { OptionNames } from '../unknown-names.ts';
import type { RecordedCommit } from './chain.ts';
import { type BrokenCommit, StreamChain, type StreamHead } from './stream-chain.ts';
import { Turns } from './turns.ts';

export type { BrokenCommit, StreamHead } from './stream-chain.ts';

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
   * Returns the commits of a stream in order. The list is empty if the stream has no decisions.
   * @throws StoreFailure if the store cannot be read.
   */
  readCommits(stream: string, options?: ReadCommitsOptions): Promise<readonly RecordedCommit[]>;
  /** Returns the streams in the order of their first commits. @throws StoreFailure if the store cannot be read. */
  readStreams(options?: ReadStreamsOptions): Promise<readonly StreamHead[]>;
  /**
   * Checks all data that reads use in addition to the commits: positions, indexes, filters, snapshots. Returns the
   * first place that contradicts the commits. A store without such data omits the function. @throws StoreFailure if the
   * store cannot be read.
   */
  findDamage?(): Promise<Damage | undefined>;
}

/** Stored data that contradicts the commits or itself. */
export interface Damage {
  readonly reason: 'damage';
  /** The name of the place in the store, such as `events.position 7` or `snapshots`. */
  readonly place: string;
  /** The contradiction, for a person to read. */
  readonly message: string;
}

/** The result of {@link verifyChain}: the number of intact streams and commits, or the first damaged place. */
export type ChainVerdict =
  | { readonly intact: true; readonly streams: number; readonly commits: number }
  | { readonly intact: false; readonly broken: BrokenCommit | Damage };

/** The part of the chains that is verified already. */
export interface ChainProgress {
  /** The number of streams whose last commit was reached. */
  readonly streams: number;
  /** The number of verified commits, those of an unfinished stream included. */
  readonly commits: number;
}

/** The options of {@link verifyChain}. */
export interface VerifyChainOptions {
  /** Called after each page of commits. */
  readonly onProgress?: ((progress: ChainProgress) => void) | undefined;
  /** Cancels the verification, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<VerifyChainOptions> = { onProgress: true, signal: true };

/**
 * Verifies the chain of one stream, or of all streams if no stream is named. The store is read page by page.
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
    this.#options.onProgress?.({ streams: this.streams, commits: this.commits });
    await this.#turns.next();
    this.#options.signal?.throwIfAborted();
  }

  verdict(): ChainVerdict {
    return { intact: true, streams: this.streams, commits: this.commits };
  }
}

/** Yields the heads of all streams after the named one, in the order of their first commits. */
export async function* streamHeads(store: CommitSource, first?: string): AsyncGenerator<StreamHead> {
  const limit = 1_000;
  let after = first;
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
  const chain = new StreamChain(stream);
  let hasHead = head === undefined;
  for (;;) {
    const page = await store.readCommits(stream, { after, limit });
    for (const commit of page) {
      const broken = chain.add(commit);
      if (broken !== undefined) return broken;
      verified.commits++;
      hasHead ||= head !== undefined && chain.endsWith(head);
    }
    if (page.length < limit) break;
    await verified.page();
    after = page.at(-1)?.decision.decision.commandId;
  }
  verified.streams++;
  await verified.page();
  return hasHead ? undefined : wrongHead(stream);
}

/** Describes the damage of a stream that lacks an expected commit. */
export function wrongHead(stream: string): Damage {
  const place = `the head of stream ${JSON.stringify(stream)}`;
  return { reason: 'damage', place, message: `${place} is not a commit of the stream` };
}
