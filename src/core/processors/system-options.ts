/** The options of a running system, and their checks. */
import { checkInteger } from '../check-integer.ts';
import { DefinitionError } from '../errors.ts';
import type { EventStore } from '../event-store.ts';
import { checkStore, type EventSourcerConfiguration } from '../loop/configuration.ts';
import { eventSourcerHooks } from '../loop/observer.ts';
import { checkOptionNames } from '../option-names.ts';
import type { OptionNames } from '../unknown-names.ts';
import { UnsupportedByStore } from './capabilities.ts';
import type { Clock } from './clock.ts';
import { type CompletePolicy, completePolicy, type FailurePolicy } from './failure-policy.ts';
import type { RunnerObserver } from './observer.ts';
import type { InlineProjection, ParkedFilter, ProcessorStore, SubscriptionId } from './processor-store.ts';
import type { SystemParts } from './system-parts.ts';

/** The options that start a system. */
export interface StartOptions extends Omit<EventSourcerConfiguration, 'modules' | 'store' | 'observer'> {
  /** The event store. The stores of the package also have storage for processors. */
  readonly store: EventStore & { readonly processors?: ProcessorStore; close?(): Promise<void> };
  /**
   * The storage of checkpoints, documents, tables, parked events and deadlines.
   * @default store.processors
   */
  readonly processors?: ProcessorStore | undefined;
  /**
   * The number of shares of each subscription, which is the maximum number of processes that can work on it
   * concurrently. It is fixed when the subscription is created.
   * @default 8
   */
  readonly shares?: number | undefined;
  /**
   * The time in milliseconds for which a process holds its shares without renewing them. Another process then claims
   * them.
   * @default 10000
   */
  readonly lease?: number | undefined;
  /** The failure policy of all processors. */
  readonly failurePolicy?: FailurePolicy | undefined;
  /** The failure policies of single parts, by the name of the part. An entry replaces `failurePolicy`. */
  readonly failurePolicies?: Readonly<Record<string, FailurePolicy>> | undefined;
  /**
   * The names of parts whose definitions may differ from the stored ones although their versions are the same. Use this
   * option if the code has the same meaning as before, for example after a change of the compiler. Stored documents,
   * rows and states are kept.
   * @default []
   */
  readonly acceptChanges?: readonly string[] | undefined;
  /** The clock of the processors. @default the system clock */
  readonly clock?: Clock | undefined;
  /** Hooks for logs and telemetry, of the event sourcer and of the processors. */
  readonly observer?: (EventSourcerConfiguration['observer'] & RunnerObserver) | undefined;
  /**
   * Runs processors in this process. Without them, the process only accepts commands and answers queries.
   * @default true
   */
  readonly process?: boolean | undefined;
}

const START_NAMES: OptionNames<StartOptions> = {
  store: true,
  processors: true,
  shares: true,
  lease: true,
  failurePolicy: true,
  failurePolicies: true,
  acceptChanges: true,
  clock: true,
  observer: true,
  process: true,
  maxAttempts: true,
  replayLimit: true,
  cachedStates: true,
  maxInFlight: true,
  authorize: true,
  closeStore: true,
};

/** The options of `caughtUp`. */
export interface CaughtUpOptions {
  /**
   * The processors to wait for.
   * @default all read models
   */
  readonly names?: readonly string[] | undefined;
  /** Cancels the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** The arguments of `caughtUp`: a position and options, or only options. */
export type CaughtUpArguments =
  | readonly [options?: CaughtUpOptions]
  | readonly [position: bigint | undefined, options?: CaughtUpOptions];

export const CAUGHT_UP_NAMES: OptionNames<CaughtUpOptions> = { names: true, signal: true };

export const PARKED_FILTER_NAMES: OptionNames<ParkedFilter> = {
  subscription: true,
  key: true,
  requested: true,
  after: true,
  limit: true,
};

export const DEFAULT_SHARES = 8;
export const DEFAULT_LEASE = 10_000;

/** Checks the options of a start. @throws DefinitionError if an option is invalid or unknown. */
export function checkStartOptions(options: StartOptions, system: string): void {
  const place = `${system}.start`;
  if (typeof options !== 'object' || options === null) {
    throw new DefinitionError(
      place,
      'needs an object of options with a store, for example { store: createMemoryStore() }',
    );
  }
  checkOptionNames(options, START_NAMES, place);
  checkStore(options.store, `${place}.store`);
  const { shares = DEFAULT_SHARES, lease = DEFAULT_LEASE } = options;
  checkInteger(shares, 1, `${place}.shares`);
  checkInteger(lease, 1, `${place}.lease`);
}

/**
 * Returns the projections of the inline read models.
 * @throws UnsupportedByStore if the store cannot update read models in the transaction of an append.
 */
export function inlineProjections(
  parts: SystemParts,
  options: StartOptions,
  processors: ProcessorStore,
  clock: Clock,
): readonly InlineProjection[] {
  const projections = parts.inlineProjections(processors, () => clock.now(), options.acceptChanges ?? []);
  const [first] = projections;
  if (first === undefined) return [];
  const { name } = first.subscription;
  if (processors.inline === undefined) throw new UnsupportedByStore(name, 'inline');
  if (processors !== options.store.processors) {
    throw new DefinitionError(
      name,
      'an inline read model must be in the store of the events; omit the option processors',
    );
  }
  return projections;
}

export function isAmong(subscription: SubscriptionId, projections: readonly InlineProjection[]): boolean {
  return projections.some((projection) => sameSubscription(projection.subscription, subscription));
}

export function policyOf(
  { failurePolicies, failurePolicy }: StartOptions,
  part: string,
  system: string,
): CompletePolicy {
  const own = failurePolicies?.[part];
  const option = own === undefined ? 'failurePolicy' : `failurePolicies.${part}`;
  return completePolicy(own ?? failurePolicy, `${system}.start.${option}`);
}

export function sourcingOptions(options: StartOptions): Omit<EventSourcerConfiguration, 'modules' | 'store'> {
  const { maxAttempts, replayLimit, cachedStates, maxInFlight, authorize, closeStore } = options;
  const observer = eventSourcerHooks(options.observer ?? {});
  return { maxAttempts, replayLimit, cachedStates, maxInFlight, authorize, closeStore, observer };
}

export function argumentsOf(
  given: CaughtUpArguments,
  head: bigint | undefined,
): readonly [position: bigint | undefined, options: CaughtUpOptions] {
  const [first, options] = given;
  if (given.length === 0) return [head, {}];
  return typeof first === 'object' ? [head, first] : [first, options ?? {}];
}

export function sameSubscription(one: SubscriptionId, other: SubscriptionId | undefined): boolean {
  return one.name === other?.name && one.version === other.version;
}

export function checkPartName(name: unknown, known: readonly string[], place: string): void {
  if (known.includes(name as string)) return;
  throw new DefinitionError(place, `unknown part ${JSON.stringify(name)}; the parts are ${known.join(', ') || 'none'}`);
}
