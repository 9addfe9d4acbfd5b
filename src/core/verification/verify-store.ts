/** `verifyStore` decides every recorded command again, and compares the results with the records. */

import { checkOptionNames } from '../option-names.ts';
import type { StreamHead } from '../storage/stream-chain.ts';
import type { CommitSource } from '../storage/verify-chain.ts';
import type { OptionNames } from '../unknown-names.ts';
import type { Difference } from './difference.ts';
import type { VerificationProgress } from './extent.ts';
import { plannedStreams } from './planned-streams.ts';
import { StreamVerifier, type VerifiedSystem } from './stream-verifier.ts';

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
  readonly onProgress?: ((progress: VerificationProgress) => void) | undefined;
  /** Cancels the verification, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<VerifyStoreOptions> = {
  stream: true,
  after: true,
  select: true,
  heads: true,
  onProgress: true,
  signal: true,
};

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
  const { stream, after, onProgress, signal } = options;
  const report = (extent: VerificationProgress): void => {
    onProgress?.(extent);
    signal?.throwIfAborted();
  };
  const verifier = new StreamVerifier(store, system, report, after);
  const result = (difference: Difference | undefined): Verification => ({ ...verifier.verified, difference });
  if (stream === undefined && after === undefined) {
    const damage = await store.findDamage?.();
    if (damage !== undefined) return result({ reason: 'chain', broken: damage });
  }
  const streams = plannedStreams(store, options);
  try {
    for (;;) {
      const next = await streams.next();
      if (next.done === true) return result(next.value);
      const difference = await verifier.verify(next.value);
      if (difference !== undefined) return result(difference);
    }
  } finally {
    // The heads are then read no further.
    await streams.return(undefined);
  }
}
