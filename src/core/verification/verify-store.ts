/** `verifyStore` decides every recorded command again, and compares the results with the records. */

import { DefinitionError } from '../errors.ts';
import { type AnyModule, BoundModule } from '../loop/bound-module.ts';
import type { ModuleIdentity } from '../messages.ts';
import { checkOptionNames } from '../option-names.ts';
import { mustBe } from '../predicates.ts';
import { type AnyProcessManager, processModule } from '../processors/process-module.ts';
import type { RecordedCommit } from '../storage/chain.ts';
import { equalBytes } from '../storage/equal-bytes.ts';
import { StreamChain, type StreamHead } from '../storage/stream-chain.ts';
import { type CommitSource, streamHeads, wrongHead } from '../storage/verify-chain.ts';
import { categoryOf } from '../stream-name.ts';
import type { OptionNames } from '../unknown-names.ts';
import type { Difference } from './difference.ts';
import { ExpectedHeads } from './expected-heads.ts';
import { StreamReplay } from './stream-replay.ts';

/** The modules of a system: the result of `defineSystem`, or an object with the same lists. */
export interface VerifiedSystem {
  readonly deciders: readonly unknown[];
  readonly processManagers?: readonly unknown[];
}

/** The extent of a verification. It counts whole streams only, so that a later run can continue after `last`. */
export interface VerificationProgress {
  readonly streams: number;
  readonly commits: number;
  readonly events: number;
  /** The number of commits whose commands were decided again. */
  readonly decisions: number;
  /** The decisions of other modules or versions. Only their chains are verified. */
  readonly unverified: readonly UnverifiedDecisions[];
  /**
   * The last stream that is verified. Pass it as `after` to continue. It is `undefined` if no stream is verified yet.
   */
  readonly last: string | undefined;
}

/** Decisions that could not be made again, because the system does not have this version of their module. */
export interface UnverifiedDecisions {
  readonly module: Pick<ModuleIdentity, 'name' | 'version'>;
  readonly decisions: number;
}

/** The result of {@link verifyStore}. */
export interface Verification extends VerificationProgress {
  /** The first difference. It is `undefined` if every decision equals its record. */
  readonly difference: Difference | undefined;
}

/** The options of {@link verifyStore}. */
export interface VerifyStoreOptions {
  /** Verifies only this stream. */
  readonly stream?: string | undefined;
  /** Continues after this stream. @default the first stream of the store */
  readonly after?: string | undefined;
  /**
   * Verifies only the streams for which it returns true, so that several threads or processes can share the work. The
   * result must depend on the name alone.
   *
   * @example select: (stream) => stream.length % 2 === 0
   */
  readonly select?: ((stream: string) => boolean) | undefined;
  /**
   * Heads that were saved elsewhere, such as the {@link StreamHead}s of an earlier verification. Each stream must still
   * have the commit of its head. Pass them in the order of the store, from its first stream.
   */
  readonly heads?: AsyncIterable<StreamHead> | Iterable<StreamHead> | undefined;
  /** Called after each stream, and after each page of a long stream. */
  readonly progress?: ((progress: VerificationProgress) => void) | undefined;
  /** Cancels the verification, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<VerifyStoreOptions> = {
  stream: true,
  after: true,
  select: true,
  heads: true,
  progress: true,
  signal: true,
};

const PAGE = 1_000;

/**
 * Verifies a store: it reads every commit, checks the chains, folds each stream, and decides every recorded command
 * again with the modules of the system. Events and rejections must be equal to the records byte for byte. Process
 * managers are verified in the same way, because their decisions are recorded too.
 *
 * Nothing is written. Memory is bounded by one page of commits and the states of one stream. A component should be
 * loaded with `isolation: 'fresh'`, so that no decision depends on an earlier one.
 *
 * ```ts
 * const { difference, decisions } = await verifyStore(store, bank);
 * if (difference !== undefined) console.error(describeDifference(difference));
 * ```
 *
 * @throws StoreFailure if the store cannot be read.
 * @throws DefinitionError if an option is unknown, or a module is invalid.
 */
export async function verifyStore(
  store: CommitSource,
  system: VerifiedSystem,
  options: VerifyStoreOptions = {},
): Promise<Verification> {
  checkOptionNames(options, NAMES, 'verifyStore');
  return new Verifier(store, modulesOf(system), options).run();
}

/** Returns the modules of the system, with both versions of a rollout. */
function modulesOf({ deciders, processManagers = [] }: VerifiedSystem): readonly BoundModule[] {
  if (!Array.isArray(deciders)) throw new DefinitionError('verifyStore.deciders', mustBe('an array', deciders));
  const managers = (processManagers as readonly AnyProcessManager[]).map((manager) => processModule(manager));
  const modules = [...(deciders as readonly AnyModule[]), ...(managers as unknown as readonly AnyModule[])];
  // A release can fail only after a trap, which is reported as the difference.
  const bound = (module: AnyModule, place: string): BoundModule => new BoundModule(module, place, () => {});
  return modules.flatMap((module, index) => {
    const candidate = module.rollout?.candidate;
    const others = candidate === undefined ? [] : [bound(candidate, `modules[${index}].rollout.candidate`)];
    return [bound(module, `modules[${index}]`), ...others];
  });
}

class Verifier {
  readonly #store: CommitSource;
  readonly #modules: readonly BoundModule[];
  readonly #options: VerifyStoreOptions;
  readonly #heads: ExpectedHeads | undefined;
  #verified: VerificationProgress;

  constructor(store: CommitSource, modules: readonly BoundModule[], options: VerifyStoreOptions) {
    this.#store = store;
    this.#modules = modules;
    this.#options = options;
    this.#heads = options.heads && new ExpectedHeads(options.heads);
    this.#verified = { streams: 0, commits: 0, events: 0, decisions: 0, unverified: [], last: options.after };
  }

  async run(): Promise<Verification> {
    try {
      const difference = await this.#firstDifference();
      return { ...this.#verified, difference };
    } finally {
      await this.#heads?.end();
    }
  }

  async #firstDifference(): Promise<Difference | undefined> {
    const { stream, after, select = () => true } = this.#options;
    if (stream !== undefined) return this.#verifyStream(stream, undefined, await this.#heads?.take(stream));
    if (after === undefined) {
      const damage = await this.#store.findDamage?.();
      if (damage !== undefined) return { reason: 'chain', broken: damage };
    }
    // Heads are expected from the first stream on, so streams that are verified already are listed too.
    let isVerified = this.#heads !== undefined && after !== undefined;
    for await (const head of streamHeads(this.#store, isVerified ? undefined : after)) {
      const expected = await this.#heads?.take(head.stream);
      if (isVerified) isVerified = head.stream !== after;
      else if (select(head.stream)) {
        const difference = await this.#verifyStream(head.stream, head, expected);
        if (difference !== undefined) return difference;
      }
    }
    if (isVerified)
      throw new DefinitionError(
        'verifyStore.after',
        `the store has no stream ${JSON.stringify(after)}; pass the last of an earlier verification of this store`,
      );
    const lost = await this.#heads?.missing(select);
    return lost && { reason: 'head', stream: lost.stream, revision: lost.revision };
  }

  async #verifyStream(
    stream: string,
    head: StreamHead | undefined,
    expected: StreamHead | undefined,
  ): Promise<Difference | undefined> {
    const category = categoryOf(stream);
    const modules = this.#modules.filter(({ descriptor }) => descriptor.category === category);
    const chain = new StreamChain(stream);
    const replay = new StreamReplay(stream, modules, (until) => this.#commitsUntil(stream, until));
    const counts = new StreamCounts();
    let hasHead = head === undefined;
    let hasExpected = expected === undefined;
    try {
      for await (const page of this.#pages(stream)) {
        for (const commit of page) {
          const broken = chain.add(commit);
          if (broken !== undefined) return { reason: 'chain', broken };
          const module = this.#moduleOf(commit);
          const added = replay.add(commit, module);
          const difference = added instanceof Promise ? await added : added;
          if (difference !== undefined) return difference;
          hasHead ||= head !== undefined && chain.endsWith(head);
          hasExpected ||= expected !== undefined && chain.endsWith(expected);
          counts.add(commit, module !== undefined);
        }
      }
    } finally {
      replay.end();
    }
    if (!hasHead) return { reason: 'chain', broken: wrongHead(stream) };
    if (expected !== undefined && !hasExpected) return { reason: 'head', stream, revision: expected.revision };
    this.#verified = counts.addedTo(this.#verified, stream);
    this.#report();
    return undefined;
  }

  /**
   * Returns the module of the recorded name and version. A rollout can have two, and the digest selects one of them.
   */
  #moduleOf({ decision: { decision } }: RecordedCommit): BoundModule | undefined {
    const { name, version, digest } = decision.module;
    let other: BoundModule | undefined;
    for (const module of this.#modules) {
      const { identity } = module;
      if (identity.name !== name || identity.version !== version) continue;
      if (isSameDigest(identity.digest, digest)) return module;
      other ??= module;
    }
    return other;
  }

  async *#pages(stream: string): AsyncGenerator<readonly RecordedCommit[]> {
    let after: string | undefined;
    for (;;) {
      const page = await this.#store.readCommits(stream, { after, limit: PAGE });
      yield page;
      if (page.length < PAGE) return;
      after = page.at(-1)?.decision.decision.commandId;
      this.#report();
    }
  }

  async *#commitsUntil(stream: string, revision: bigint): AsyncGenerator<RecordedCommit> {
    for await (const page of this.#pages(stream)) {
      for (const commit of page) {
        const { firstRevision } = commit.decision;
        if (firstRevision !== undefined && firstRevision > revision) return;
        yield commit;
      }
    }
  }

  #report(): void {
    this.#options.progress?.(this.#verified);
    this.#options.signal?.throwIfAborted();
  }
}

function isSameDigest(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : equalBytes(one, other);
}

/** The counts of one stream. */
class StreamCounts {
  #commits = 0;
  #events = 0;
  #decisions = 0;
  readonly #unverified = new Map<string, UnverifiedDecisions>();

  add({ decision: { decision }, events }: RecordedCommit, isDecided: boolean): void {
    this.#commits++;
    this.#events += events.length;
    if (isDecided) this.#decisions++;
    else addUnverified(this.#unverified, { module: decision.module, decisions: 1 });
  }

  addedTo(verified: VerificationProgress, stream: string): VerificationProgress {
    const { streams, commits, events, decisions } = verified;
    return {
      streams: streams + 1,
      commits: commits + this.#commits,
      events: events + this.#events,
      decisions: decisions + this.#decisions,
      unverified: addUnverifiedDecisions(verified.unverified, [...this.#unverified.values()]),
      last: stream,
    };
  }
}

/** Adds numbers of decisions module by module. */
export function addUnverifiedDecisions(
  one: readonly UnverifiedDecisions[],
  other: readonly UnverifiedDecisions[],
): readonly UnverifiedDecisions[] {
  if (other.length === 0) return one;
  const sum = new Map<string, UnverifiedDecisions>();
  for (const each of [...one, ...other]) addUnverified(sum, each);
  return [...sum.values()];
}

function addUnverified(sum: Map<string, UnverifiedDecisions>, { module, decisions }: UnverifiedDecisions): void {
  const { name, version } = module;
  const key = JSON.stringify([name, version]);
  sum.set(key, { module: { name, version }, decisions: decisions + (sum.get(key)?.decisions ?? 0) });
}
