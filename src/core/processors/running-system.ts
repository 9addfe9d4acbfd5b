/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A system that runs: the event sourcers of its deciders and processes, a runner for each processor, and the membership
 * in the group of all processes that run the same system on the same store.
 */
import { DefinitionError } from '../errors.ts';
import type { CommandResult } from '../event-sourcer.ts';
import type { EventStore } from '../event-store.ts';
import type { AnyModule } from '../loop/bound-module.ts';
import type { EventSourcerConfiguration } from '../loop/configuration.ts';
import { createEventSourcer, type ModuleEventSourcer } from '../loop/create-event-sourcer.ts';
import { eventSourcerHooks } from '../loop/observer.ts';
import type { SendOptions } from '../loop/options.ts';
import type { Envelope } from '../messages.ts';
import { checkOptionNames, type OptionNames } from '../option-names.ts';
import { uuidV4 } from '../uuid.ts';
import { type Clock, systemClock } from './clock.ts';
import { type CompletePolicy, completePolicy, type FailurePolicy } from './failure-policy.ts';
import { Member } from './member.ts';
import { ProcessorStopped } from './processor-stopped.ts';
import type { ParkedEvent, ParkedFilter, ProcessorStore, SubscriptionId } from './processor-store.ts';
import { checkRebuildOptions, type RebuildOptions, rebuild } from './rebuild.ts';
import { Runner } from './runner.ts';
import type { RunnerObserver } from './runner-parts.ts';
import { type ProcessorStatus, statusOf } from './status.ts';
import type { AnyPart, ProcessorFactory, SystemParts } from './system-parts.ts';
import {
  activateCaughtUp,
  checkVersion,
  dropOldVersions,
  dropVersion,
  isReadModel,
  lookAtVersion,
  openVersion,
  recordOf,
} from './versions.ts';

/** How a system is started. */
export interface StartOptions extends Omit<EventSourcerConfiguration, 'modules' | 'store' | 'observer'> {
  /** The event store. The memory store and the SQLite store also keep what processors need. */
  readonly store: EventStore & { readonly processors?: ProcessorStore; close?(): Promise<void> };
  /**
   * The storage of checkpoints, documents, tables, parked events and deadlines.
   * @default store.processors
   */
  readonly processors?: ProcessorStore | undefined;
  /**
   * The number of shares of each subscription: as many processes can work on it at the same time. It is fixed when the
   * subscription is created.
   * @default 8
   */
  readonly shares?: number | undefined;
  /**
   * Milliseconds for which a process holds its shares without renewing them. Another process takes over afterwards.
   * @default 10000
   */
  readonly lease?: number | undefined;
  /** The policies for failing events: one for all processors, and others by the name of a part. */
  readonly failurePolicy?: FailurePolicy | undefined;
  readonly failurePolicies?: Readonly<Record<string, FailurePolicy>> | undefined;
  /**
   * The names of parts whose definitions may differ from what the store has, although their versions are the same: their
   * code means what it meant, and another compiler has written it, for example. Stored documents, rows and states stay.
   * @default []
   */
  readonly acceptChanges?: readonly string[] | undefined;
  /** @default the clock of the machine */
  readonly clock?: Clock | undefined;
  /** Hooks for logs and telemetry, of the event sourcer and of the processors. */
  readonly observer?: (EventSourcerConfiguration['observer'] & RunnerObserver) | undefined;
  /**
   * Runs processors in this process. Without them, it only accepts commands and answers queries.
   * @default true
   */
  readonly process?: boolean | undefined;
}

const NAMES: OptionNames<StartOptions> = {
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
  /** Ends the wait. */
  readonly signal?: AbortSignal | undefined;
}

/** The arguments of `caughtUp`: a position and options, or only options. */
export type CaughtUpArguments =
  | readonly [options?: CaughtUpOptions]
  | readonly [position: bigint | undefined, options?: CaughtUpOptions];

const CAUGHT_UP_NAMES: OptionNames<CaughtUpOptions> = { names: true, signal: true };

const PARKED_FILTER_NAMES: OptionNames<ParkedFilter> = {
  subscription: true,
  key: true,
  requested: true,
  after: true,
  limit: true,
};

const DEFAULT_SHARES = 8;
const DEFAULT_LEASE = 10_000;

/** The untyped part of a running system; `defineSystem` adds the types of its definition. */
export class SystemRun implements AsyncDisposable {
  readonly #store: StartOptions['store'];
  readonly #processors: ProcessorStore;
  readonly #parts: SystemParts;
  readonly #sourcer: ModuleEventSourcer<AnyModule>;
  readonly #processSourcers: readonly ModuleEventSourcer<AnyModule>[];
  readonly #runners: readonly Runner[];
  /** Versions of read models that were not active when they were last looked at. */
  readonly #waiting: Set<Runner>;
  readonly #options: StartOptions;
  readonly #clock: Clock;
  readonly #member: Member | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(
    options: StartOptions,
    processors: ProcessorStore,
    parts: SystemParts,
    sourcer: ModuleEventSourcer<AnyModule>,
    processSourcers: readonly ModuleEventSourcer<AnyModule>[],
    runners: readonly Runner[],
    waiting: Set<Runner>,
    member: Member | undefined,
  ) {
    this.#options = options;
    this.#store = options.store;
    this.#waiting = waiting;
    this.#clock = options.clock ?? systemClock;
    this.#processors = processors;
    this.#parts = parts;
    this.#sourcer = sourcer;
    this.#processSourcers = processSourcers;
    this.#runners = runners;
    this.#member = member;
  }

  static async start(parts: SystemParts, options: StartOptions): Promise<SystemRun> {
    checkOptionNames(options, NAMES, `${parts.name}.start`);
    const { store, clock = systemClock, observer = {}, lease = DEFAULT_LEASE, shares = DEFAULT_SHARES } = options;
    checkWhole('shares', shares);
    checkWhole('lease', lease);
    const processors = options.processors ?? store.processors;
    if (processors === undefined) {
      throw new DefinitionError(
        `${parts.name}.start.processors`,
        'the store keeps no processors: name a store that does',
      );
    }
    const sourcing = sourcingOptions(options);
    const sourcer = createEventSourcer({ ...sourcing, store, modules: parts.deciders });
    const processSourcers: ModuleEventSourcer<AnyModule>[] = [];
    const factory: ProcessorFactory = {
      store,
      processors,
      deciders: sourcer,
      processes: (module: AnyModule) => {
        const made = createEventSourcer({ store, modules: [module], observer: eventSourcerHooks(observer) });
        processSourcers.push(made);
        return made;
      },
    };
    const runners: Runner[] = [];
    const waiting = new Set<Runner>();
    const made = parts.processors(factory);
    const names = made.map(([name]) => name);
    const { failurePolicies = {}, acceptChanges: accepted = [] } = options;
    for (const part of Object.keys(failurePolicies)) {
      checkPartName(part, names, `${parts.name}.start.failurePolicies.${part}`);
    }
    if (!Array.isArray(accepted)) {
      throw new DefinitionError(
        `${parts.name}.start.acceptChanges`,
        `expected a list of names, got ${typeof accepted}`,
      );
    }
    for (const part of accepted) checkPartName(part, names, `${parts.name}.start.acceptChanges`);
    if (options.process !== false) {
      const records = await processors.listSubscriptions();
      for (const [part, processor] of made) checkVersion(records, processor, accepted.includes(part));
    }
    for (const [part, processor] of made) {
      const policy = policyOf(options, part, parts.name);
      const record =
        options.process === false
          ? await lookAtVersion(processors, processor, shares)
          : await openVersion(processors, processor, shares, accepted.includes(part));
      const { shares: divided = shares, active = true } = record ?? {};
      const runner = new Runner({ store, processors, processor, shares: divided, policy, clock, observer });
      runners.push(runner);
      if (!active) waiting.add(runner);
    }
    const member =
      options.process === false
        ? undefined
        : new Member(uuidV4(), processors, runners, clock, lease, () => activateCaughtUp(processors, runners));
    const running = new SystemRun(options, processors, parts, sourcer, processSourcers, runners, waiting, member);
    if (member !== undefined) {
      for (const runner of runners) runner.start();
      await member.start();
    }
    return running;
  }

  get sourcer(): ModuleEventSourcer<AnyModule> {
    return this.#sourcer;
  }

  dispatch(command: unknown, options?: SendOptions): Promise<CommandResult> {
    return this.#sourcer.dispatch(command as never, options);
  }

  handleCommand(command: Envelope, options?: SendOptions): Promise<CommandResult> {
    return this.#sourcer.handleCommand(command, options);
  }

  readModel(model: AnyPart): unknown {
    const reader = this.#parts.readerOf(model, this.#processors);
    if (reader !== undefined) return reader;
    throw new DefinitionError(`${this.#parts.name}.readModel`, 'the read model is not part of this system');
  }

  /**
   * Resolves when all read models, or the processors with these names, have processed the position. Without a position, it
   * waits for the store's last event. `undefined` is the position of a decision without events: there is nothing to wait for.
   */
  async caughtUp(...given: CaughtUpArguments): Promise<void> {
    const place = `${this.#parts.name}.caughtUp`;
    const [position, options] = argumentsOf(given, await this.#head());
    checkOptionNames(options, CAUGHT_UP_NAMES, place);
    const { names, signal } = options;
    if (position !== undefined && typeof position !== 'bigint') {
      throw new DefinitionError(`${place}.position`, `expected a bigint or undefined, got ${typeof position}`);
    }
    if (names !== undefined && !Array.isArray(names)) {
      throw new DefinitionError(`${place}.names`, `expected a list of names, got ${typeof names}`);
    }
    // A name that nobody has would wait for nothing, and the caller would believe that it had waited.
    for (const name of names ?? []) {
      checkPartName(
        name,
        this.#runners.map(({ processor }) => processor.subscription.name),
        `${place}.names`,
      );
    }
    const waited = this.#runners.filter(({ processor: { kind, subscription } }) =>
      names === undefined ? isReadModel(kind) : names.includes(subscription.name),
    );
    if (position === undefined) return;
    await Promise.all(waited.map((runner) => this.#reached(runner, position, signal)));
    await this.#activate(waited);
  }

  /** A version that has caught up becomes active now, and not at the next renewal of the lease. */
  async #activate(runners: readonly Runner[]): Promise<void> {
    const waiting = runners.filter((runner) => this.#waiting.has(runner));
    if (waiting.length === 0) return;
    await activateCaughtUp(this.#processors, waiting);
    for (const runner of waiting) {
      if ((await recordOf(this.#processors, runner.processor.subscription))?.active) this.#waiting.delete(runner);
    }
  }

  async rebuild(model: AnyPart, options: RebuildOptions = {}): Promise<void> {
    const place = `${this.#parts.name}.rebuild`;
    checkRebuildOptions(options, place);
    const subscription = this.#parts.readModelProcessor(model, this.#processors)?.subscription;
    const runner = this.#runners.find((one) => sameSubscription(one.processor.subscription, subscription));
    const target = subscription === undefined ? undefined : await recordOf(this.#processors, subscription);
    if (runner === undefined || target === undefined) {
      throw new DefinitionError(place, 'the read model is not part of this system');
    }
    await rebuild(
      {
        store: this.#store,
        processors: this.#processors,
        target,
        policy: policyOf(this.#options, target.subscription.name, this.#parts.name),
        clock: this.#clock,
        lease: this.#options.lease ?? DEFAULT_LEASE,
        processorFor: (replacement) => this.#parts.readModelProcessor(model, this.#processors, replacement)!,
        head: () => this.#head(),
      },
      options,
    );
    // The member has lost its shares, and a processor that had stopped continues after the events that were rebuilt.
    if (this.#member === undefined) return;
    runner.resume();
    this.#member.wake();
  }

  dropOldVersions(): Promise<readonly SubscriptionId[]> {
    return dropOldVersions(this.#processors, this.#readModels());
  }

  dropVersion(subscription: SubscriptionId): Promise<void> {
    return dropVersion(this.#processors, subscription, this.#readModels(), `${this.#parts.name}.dropVersion`);
  }

  #readModels(): readonly SubscriptionId[] {
    return this.#runners.flatMap(({ processor: { kind, subscription } }) => (isReadModel(kind) ? [subscription] : []));
  }

  /** Resolves when every processor has processed everything, the events that they caused themselves included. */
  async settled(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const head = await this.#head();
      if (head === undefined) return;
      await Promise.all(this.#runners.map((runner) => this.#reached(runner, head, signal)));
      await Promise.all(this.#runners.map((runner) => this.#fired(runner, signal)));
      await Promise.all(this.#runners.map((runner) => this.#retried(runner, signal)));
      if ((await this.#head()) === head) return;
    }
  }

  async status(): Promise<readonly ProcessorStatus[]> {
    const head = await this.#head();
    return statusOf(this.#processors, head);
  }

  readonly parked = {
    list: async (filter: ParkedFilter = {}): Promise<readonly ParkedEvent[]> => {
      checkOptionNames(filter, PARKED_FILTER_NAMES, `${this.#parts.name}.parked.list`);
      return this.#processors.listParked(filter);
    },
    retry: async (subscription: SubscriptionId, key: string): Promise<number> => {
      const events = await this.#processors.requestRetry(subscription, key);
      this.#refresh(subscription);
      return events;
    },
    drop: async (subscription: SubscriptionId, key: string, which: 'first' | 'all' = 'first'): Promise<number> => {
      const dropped = await this.#processors.dropParked(subscription, key, which);
      this.#refresh(subscription);
      return dropped;
    },
  };

  /** Finishes the pages that are being processed and the commands that were accepted, and leaves the group. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    await Promise.all(this.#runners.map((runner) => runner.stop()));
    await this.#member?.stop();
    await Promise.all(this.#processSourcers.map((sourcer) => sourcer.close()));
    await this.#sourcer.close();
  }

  #refresh({ name, version }: SubscriptionId): void {
    for (const runner of this.#runners) {
      const { subscription } = runner.processor;
      if (subscription.name === name && subscription.version === version) runner.refresh();
    }
  }

  async #head(): Promise<bigint | undefined> {
    const [last] = await this.#store.readAll({
      direction: 'backward',
      limit: 1,
      categories: [],
      eventTypes: [],
      events: [],
    });
    return last?.context.position;
  }

  /** Resolves when the runner has nothing that is due. */
  async #fired(runner: Runner, signal: AbortSignal | undefined): Promise<void> {
    const { subscription, deadlines } = runner.processor;
    if (deadlines === undefined) return;
    await this.#until(runner, signal, async () => {
      const dueBefore = this.#clock.now() + 1;
      return (await this.#processors.listDeadlines(subscription, { dueBefore, limit: 1 })).length === 0;
    });
  }

  /** Resolves when the parked events that someone wants to retry were tried again. */
  async #retried(runner: Runner, signal: AbortSignal | undefined): Promise<void> {
    const { subscription } = runner.processor;
    await this.#until(runner, signal, async () => {
      return (await this.#processors.listParked({ subscription, requested: 'retry', limit: 1 })).length === 0;
    });
  }

  async #reached(runner: Runner, position: bigint, signal: AbortSignal | undefined): Promise<void> {
    const { subscription } = runner.processor;
    await this.#until(runner, signal, async () => {
      runner.flush();
      const shares = await this.#processors.listShares(subscription);
      return shares.length > 0 && shares.every(({ checkpoint }) => checkpoint !== undefined && checkpoint >= position);
    });
  }

  /** Looks after each change of the store, and ends early if the processor has stopped. */
  async #until(runner: Runner, signal: AbortSignal | undefined, isReached: () => Promise<boolean>): Promise<void> {
    const { subscription } = runner.processor;
    for (;;) {
      const ended = new AbortController();
      const changed = this.#processors.awaitChange(
        signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]),
      );
      changed.catch(() => undefined);
      const unsubscribe = runner.onFailure(() => ended.abort());
      try {
        if (await isReached()) return;
        const reason = runner.failure ?? (await recordOf(this.#processors, subscription))?.stopped;
        if (reason !== undefined) throw new ProcessorStopped(subscription, reason);
        await changed.catch((error: unknown) => {
          if (runner.failure === undefined) throw error;
        });
      } finally {
        unsubscribe();
        ended.abort();
      }
    }
  }
}

function policyOf({ failurePolicies, failurePolicy }: StartOptions, part: string, system: string): CompletePolicy {
  return completePolicy(failurePolicies?.[part] ?? failurePolicy, `${system}.start.failurePolicies.${part}`);
}

function sourcingOptions(options: StartOptions): Omit<EventSourcerConfiguration, 'modules' | 'store'> {
  const { maxAttempts, replayLimit, cachedStates, maxInFlight, authorize, closeStore } = options;
  const observer = eventSourcerHooks(options.observer ?? {});
  return { maxAttempts, replayLimit, cachedStates, maxInFlight, authorize, closeStore, observer };
}

function argumentsOf(
  given: CaughtUpArguments,
  head: bigint | undefined,
): readonly [position: bigint | undefined, options: CaughtUpOptions] {
  const [first, options] = given;
  if (given.length === 0) return [head, {}];
  return typeof first === 'object' ? [head, first] : [first, options ?? {}];
}

function sameSubscription(one: SubscriptionId, other: SubscriptionId | undefined): boolean {
  return one.name === other?.name && one.version === other.version;
}

function checkPartName(name: unknown, known: readonly string[], place: string): void {
  if (known.includes(name as string)) return;
  throw new DefinitionError(place, `${JSON.stringify(name)} is not among the parts: ${known.join(', ') || 'none'}`);
}

function checkWhole(name: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new DefinitionError(name, `must be a whole number from 1, not ${String(value)}`);
}
