/**
 * Rebuilds a version of a read model. The new rows are built from the first event, while readers still read the old
 * rows. Then they replace the old rows in one transaction.
 *
 * The replacement is a separate subscription, `<name>/rebuild`, that only this process runs. So fencing, parking and
 * `status` work as for any other subscription. Each attempt has a unique id, which is the definition of its
 * subscription. So if two processes rebuild simultaneously, only one of them creates the subscription.
 */
import { DecidableError, DefinitionError } from '../errors.ts';
import type { EventStore } from '../event-store.ts';
import { checkOptionNames } from '../option-names.ts';
import { mustBe } from '../predicates.ts';
import type { OptionNames } from '../unknown-names.ts';
import { uuidV4 } from '../uuid.ts';
import { type Clock, sleepFor } from './clock.ts';
import type { CompletePolicy } from './failure-policy.ts';
import type { Processor } from './processor.ts';
import { ProcessorStopped } from './processor-stopped.ts';
import type { ProcessorStore, Share, SubscriptionId, SubscriptionRecord } from './processor-store.ts';
import { Runner } from './runner.ts';
import { lowestCheckpoint } from './share-progress.ts';
import type { Replacement } from './system-parts.ts';

/** The progress of a rebuild. */
export interface RebuildProgress {
  /** The number of processed events of the read model. */
  readonly events: number;
  /** The position up to which the store was read. */
  readonly position: bigint;
  /**
   * The position of the store's last event. The new rows replace the old ones when `position` reaches it.
   */
  readonly head: bigint;
}

/** The options of `rebuild`. */
export interface RebuildOptions {
  /** Called after each page of events that was processed. */
  readonly onProgress?: ((progress: RebuildProgress) => void) | undefined;
  /** Cancels the rebuild. The old rows stay, and the new ones are removed. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<RebuildOptions> = { onProgress: true, signal: true };

/** The read model is being rebuilt already, in this process or in another one. */
export class RebuildRunning extends DecidableError<'rebuild-running', SubscriptionId> {
  override readonly name: string = 'RebuildRunning';

  constructor({ name, version }: SubscriptionId) {
    super(
      'processor',
      'rebuild-running',
      { name, version },
      `${name} ${version} is being rebuilt already; wait until that rebuild has ended`,
    );
  }
}

/** The parts that a rebuild needs. */
export interface RebuildParts {
  readonly store: EventStore;
  readonly processors: ProcessorStore;
  /** The stored record of the version that is rebuilt. */
  readonly target: SubscriptionRecord;
  readonly policy: CompletePolicy;
  readonly clock: Clock;
  readonly lease: number;
  /** Makes the processor that builds the replacement. */
  processorFor(replacement: Replacement): Processor;
  head(): Promise<bigint | undefined>;
}

/** Checks the options of a rebuild. @throws DefinitionError if an option is invalid or unknown. */
export function checkRebuildOptions(options: RebuildOptions, place: string): void {
  checkOptionNames(options, NAMES, place);
  const { onProgress } = options;
  if (onProgress === undefined || typeof onProgress === 'function') return;
  throw new DefinitionError(`${place}.onProgress`, mustBe('a function', onProgress));
}

/**
 * Builds the replacement and exchanges it with the target.
 * @throws RebuildRunning; ProcessorStopped if an event cannot be processed; the reason of the signal. The old rows
 * stay.
 */
export async function rebuild(parts: RebuildParts, { onProgress, signal }: RebuildOptions): Promise<void> {
  signal?.throwIfAborted();
  const { store, processors, target, policy, clock } = parts;
  const replacement = replacementOf(target);
  const processor = parts.processorFor(replacement);
  const { subscription } = processor;
  await dropAbandoned(parts, subscription, signal);
  const opened = await processors.openSubscription({
    subscription,
    kind: target.kind,
    shares: target.shares,
    definition: replacement.id,
    tables: processor.tables,
  });
  if (opened.definition !== replacement.id) throw new RebuildRunning(target.subscription);
  let events = 0;
  const runner = new Runner({
    store,
    processors,
    processor,
    shares: target.shares,
    policy,
    clock,
    // The stored definition is the id of this attempt.
    acceptsChanges: true,
    observer: {
      processed: (_, count, position, head) => {
        events += count;
        onProgress?.({ events, position, head });
      },
    },
  });
  const ended = new AbortController();
  let isReplaced = false;
  try {
    const held = await claimAll(parts, subscription);
    for (const share of held) runner.addShare(share);
    runner.start();
    const renewing = keepLease(parts, held, ended.signal);
    await untilReplaced(parts, runner, signal);
    isReplaced = true;
    ended.abort();
    await renewing;
  } finally {
    ended.abort();
    await runner.stop();
    if (!isReplaced) await dropOwn(parts, replacement);
  }
}

function replacementOf({ subscription: { name, version } }: SubscriptionRecord): Replacement {
  return { subscription: { name: `${name}/rebuild`, version }, id: uuidV4() };
}

/** Removes the replacement, unless another process has begun a rebuild in the meantime. */
async function dropOwn({ processors }: RebuildParts, { id, subscription }: Replacement): Promise<void> {
  const records = await processors.listSubscriptions();
  if (records.some(({ definition }) => definition === id)) await processors.dropSubscription(subscription);
}

/** Removes the replacement of a process that ended during a rebuild. */
async function dropAbandoned(
  { processors, target, clock, lease }: RebuildParts,
  subscription: SubscriptionId,
  signal: AbortSignal | undefined,
): Promise<void> {
  const shares = await processors.listShares(subscription);
  const ends = shares.flatMap(({ holder, expiresAt }) => (holder === undefined ? [] : [expiresAt]));
  const last = Math.max(0, ...ends);
  if (last > clock.now()) {
    // A lease that ends later than a new one was claimed before the clock was stepped backward, or is renewed.
    if (last <= clock.now() + lease) throw new RebuildRunning(target.subscription);
    await sleepFor(clock, lease, signal ?? new AbortController().signal);
    const later = await processors.listShares(subscription);
    const isRenewed = later.some(
      ({ token, expiresAt }, index) => token !== shares[index]?.token || expiresAt !== shares[index]?.expiresAt,
    );
    if (isRenewed) throw new RebuildRunning(target.subscription);
  }
  if (shares.length > 0) await processors.dropSubscription(subscription);
}

async function claimAll(
  { processors, target, clock, lease }: RebuildParts,
  subscription: SubscriptionId,
): Promise<readonly Share[]> {
  const member = uuidV4();
  const held: Share[] = [];
  for (const share of await processors.listShares(subscription)) {
    const now = clock.now();
    const claimed = await processors.claimShare(share, member, now, now + lease);
    if (claimed === undefined) throw new RebuildRunning(target.subscription);
    held.push(claimed);
  }
  return held;
}

/** Renews the lease, which shows other processes that this rebuild is still running. */
async function keepLease(
  { processors, clock, lease }: RebuildParts,
  held: readonly Share[],
  ended: AbortSignal,
): Promise<void> {
  while (!ended.aborted) {
    await sleepFor(clock, lease / 3, ended).catch(() => undefined);
    // If the store does not respond, the next renewal tries again. Commits are fenced, whatever happens to the lease.
    if (!ended.aborted) await processors.renewShares(held, clock.now() + lease).catch(() => undefined);
  }
}

async function untilReplaced(parts: RebuildParts, runner: Runner, signal: AbortSignal | undefined): Promise<void> {
  const { processors, target } = parts;
  const { subscription } = runner.processor;
  for (;;) {
    const looked = new AbortController();
    const either = signal === undefined ? looked.signal : AbortSignal.any([signal, looked.signal]);
    const changed = processors.awaitChange(either);
    changed.catch(() => undefined);
    const unsubscribe = runner.onFailure(() => looked.abort());
    try {
      signal?.throwIfAborted();
      if (runner.failure !== undefined) throw new ProcessorStopped(subscription, runner.failure);
      runner.flush();
      const head = await parts.head();
      const shares = await processors.listShares(subscription);
      if (shares.length === 0) throw new RebuildRunning(target.subscription);
      const lowest = lowestCheckpoint(shares);
      const hasCaughtUp = head === undefined || (lowest !== undefined && lowest >= head);
      signal?.throwIfAborted();
      if (
        hasCaughtUp &&
        (await processors.replaceSubscription(target.subscription, subscription, runner.processor.definition))
      )
        return;
      await changed.catch((error: unknown) => {
        if (runner.failure === undefined) throw error;
      });
    } finally {
      unsubscribe();
      looked.abort();
    }
  }
}
