/** Verifies streams one after another: their chains, their heads and their decisions. */
import { DefinitionError } from '../errors.ts';
import { type AnyModule, BoundModule } from '../loop/bound-module.ts';
import { mustBe } from '../predicates.ts';
import { type AnyProcessManager, processModule } from '../processors/process-module.ts';
import type { RecordedCommit } from '../storage/chain.ts';
import { equalBytes } from '../storage/equal-bytes.ts';
import { StreamChain } from '../storage/stream-chain.ts';
import { Turns } from '../storage/turns.ts';
import { type CommitSource, wrongHead } from '../storage/verify-chain.ts';
import { categoryOf } from '../stream-name.ts';
import type { Difference } from './difference.ts';
import { NOTHING, StreamCounts, sumOf, type VerificationProgress } from './extent.ts';
import type { PlannedStream } from './planned-streams.ts';
import { StreamReplay } from './stream-replay.ts';

/** The modules of a system: the result of `defineSystem`, or an object with the same lists. */
export interface VerifiedSystem {
  readonly deciders: readonly unknown[];
  readonly processManagers?: readonly unknown[];
}

const PAGE = 1_000;

/** Returns the modules of the system, with both versions of a rollout. */
function modulesOf({ deciders, processManagers = [] }: VerifiedSystem): readonly BoundModule[] {
  if (!Array.isArray(deciders)) throw new DefinitionError('verifyStore.deciders', mustBe('an array', deciders));
  const managers = (processManagers as readonly AnyProcessManager[]).map((manager) => processModule(manager));
  const modules = [...(deciders as readonly AnyModule[]), ...(managers as readonly AnyModule[])];
  // A release can fail only after a trap, which is reported as the difference.
  const bound = (module: AnyModule, place: string): BoundModule => new BoundModule(module, place, () => {});
  return modules.flatMap((module, index) => {
    const candidate = module.rollout?.candidate;
    const others = candidate === undefined ? [] : [bound(candidate, `modules[${index}].rollout.candidate`)];
    return [bound(module, `modules[${index}]`), ...others];
  });
}

export class StreamVerifier {
  readonly #store: Pick<CommitSource, 'readCommits'>;
  readonly #modules: readonly BoundModule[];
  readonly #onProgress: (progress: VerificationProgress) => void;
  readonly #turns = new Turns();
  #verified: VerificationProgress;

  /**
   * Makes a verifier of streams.
   * @param onProgress called after each stream and each page of a stream. It throws an error to end the verification.
   * @param after the stream that was verified last, if the verification continues.
   * @throws DefinitionError if a module is invalid.
   */
  constructor(
    store: Pick<CommitSource, 'readCommits'>,
    system: VerifiedSystem,
    onProgress: (progress: VerificationProgress) => void,
    after?: string,
  ) {
    this.#store = store;
    this.#modules = modulesOf(system);
    this.#onProgress = onProgress;
    this.#verified = { ...NOTHING, last: after };
  }

  /** The extent of the streams that are equal to their records. */
  get verified(): VerificationProgress {
    return this.#verified;
  }

  /** Returns the first difference of a stream. */
  async verify({ stream, head, expected }: PlannedStream): Promise<Difference | undefined> {
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
    this.#verified = sumOf(this.#verified, counts.extent(stream));
    await this.#report();
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
      await this.#report();
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

  async #report(): Promise<void> {
    this.#onProgress(this.#verified);
    await this.#turns.next();
  }
}

function isSameDigest(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  return one === undefined || other === undefined ? one === other : equalBytes(one, other);
}
