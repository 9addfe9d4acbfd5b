/// <reference lib="esnext.disposable" preserve="true" />
/**
 * A running system: the event sourcers of its deciders and processes, a runner for each processor, and the membership
 * in the group of processes that run the same system on the same store.
 */
import { DefinitionError } from '../errors.ts';
import type { CommandResult } from '../event-sourcer.ts';
import type { AnyModule } from '../loop/bound-module.ts';
import { createEventSourcer, type ModuleEventSourcer } from '../loop/create-event-sourcer.ts';
import { eventSourcerHooks } from '../loop/observer.ts';
import type { DispatchOptions } from '../loop/options.ts';
import type { Envelope } from '../messages.ts';
import { checkOptionNames } from '../option-names.ts';
import { lastPosition } from '../storage/read-events.ts';
import { uuidV4 } from '../uuid.ts';
import { type Clock, systemClock } from './clock.ts';
import { checkKey } from './documents-reader.ts';
import { Member } from './member.ts';
import { ProcessorStopped } from './processor-stopped.ts';
import type {
  InlineProjection,
  ParkedEvent,
  ParkedFilter,
  ProcessorStore,
  StopReason,
  SubscriptionId,
} from './processor-store.ts';
import { checkRebuildOptions, type RebuildOptions, rebuild } from './rebuild.ts';
import { Runner } from './runner.ts';
import { type ProcessorStatus, statusOf } from './status.ts';
import {
  argumentsOf,
  CAUGHT_UP_NAMES,
  type CaughtUpArguments,
  checkPartName,
  checkStartOptions,
  DEFAULT_LEASE,
  DEFAULT_SHARES,
  inlineProjections,
  isAmong,
  PARKED_FILTER_NAMES,
  policyOf,
  type StartOptions,
  sameSubscription,
  sourcingOptions,
} from './system-options.ts';
import type { AnyPart, ProcessorFactory, SystemParts } from './system-parts.ts';
import {
  activateCaughtUp,
  checkVersion,
  dropOldVersions,
  dropVersion,
  isReadModel,
  openVersion,
  openWithoutRunning,
  recordOf,
} from './versions.ts';

/** The parts of a system, with the objects that run them. */
interface StartedParts {
  readonly processors: ProcessorStore;
  readonly parts: SystemParts;
  readonly sourcer: ModuleEventSourcer<AnyModule>;
  readonly processSourcers: readonly ModuleEventSourcer<AnyModule>[];
  readonly runners: readonly Runner[];
  /** The runners of read models whose versions are not active. */
  readonly waiting: Set<Runner>;
  readonly member: Member | undefined;
}

/** The untyped implementation of a running system. `defineSystem` adds the types of its definition. */
export class SystemRun implements AsyncDisposable {
  readonly #store: StartOptions['store'];
  readonly #processors: ProcessorStore;
  readonly #parts: SystemParts;
  readonly #sourcer: ModuleEventSourcer<AnyModule>;
  readonly #processSourcers: readonly ModuleEventSourcer<AnyModule>[];
  readonly #runners: readonly Runner[];
  /** The runners of read models whose versions were not active when they were last checked. */
  readonly #waiting: Set<Runner>;
  readonly #options: StartOptions;
  readonly #clock: Clock;
  readonly #member: Member | undefined;
  #stopping: Promise<void> | undefined;
  /** The controller that {@link stop} aborts, which ends all waiting for processors. */
  readonly #ended = new AbortController();
  /** The functions that remove the inline projections. */
  readonly #inline: (() => void)[] = [];

  private constructor(
    options: StartOptions,
    { processors, parts, sourcer, processSourcers, runners, waiting, member }: StartedParts,
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
    checkStartOptions(options, parts.name);
    const { store, clock = systemClock, observer = {}, lease = DEFAULT_LEASE, shares = DEFAULT_SHARES } = options;
    const processors = options.processors ?? store.processors;
    if (processors === undefined) {
      throw new DefinitionError(
        `${parts.name}.start.processors`,
        'is missing, because this event store has no storage for processors; pass a processor store',
      );
    }
    const sourcing = sourcingOptions(options);
    const sourcer = createEventSourcer({ ...sourcing, store, modules: parts.deciders });
    const processSourcers: ModuleEventSourcer<AnyModule>[] = [];
    const factory: ProcessorFactory = {
      store,
      processors,
      deciders: sourcer,
      maxInFlight: sourcing.maxInFlight ?? Number.POSITIVE_INFINITY,
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
        `expected an array of names, got ${typeof accepted}`,
      );
    }
    for (const part of accepted) checkPartName(part, names, `${parts.name}.start.acceptChanges`);
    const inline = inlineProjections(parts, options, processors, clock);
    if (options.process !== false) {
      const records = await processors.listSubscriptions();
      for (const [part, processor] of made) checkVersion(records, processor, accepted.includes(part));
    }
    for (const [part, processor] of made) {
      const policy = policyOf(options, part, parts.name);
      const record =
        options.process === false
          ? await openWithoutRunning(processors, processor, shares)
          : await openVersion(processors, processor, shares, accepted.includes(part));
      const { shares: divided = shares, active = true } = record ?? {};
      const readsShares = processor.kind === 'reactor' || isAmong(processor.subscription, inline);
      const acceptsChanges = accepted.includes(part);
      const own = { processor, shares: divided, policy, readsShares, acceptsChanges };
      const runner = new Runner({ store, processors, clock, observer, ...own });
      runners.push(runner);
      if (!active) waiting.add(runner);
    }
    const member =
      options.process === false
        ? undefined
        : new Member(uuidV4(), processors, runners, clock, lease, () => activateCaughtUp(processors, runners));
    const running = new SystemRun(options, {
      processors,
      parts,
      sourcer,
      processSourcers,
      runners,
      waiting,
      member,
    });
    if (member !== undefined) {
      for (const runner of runners) runner.start();
      await member.start();
    }
    await running.#beginInline(inline);
    return running;
  }

  /** Adds the inline projections after their processors have caught up, so that no append has to catch up. */
  async #beginInline(projections: readonly InlineProjection[]): Promise<void> {
    if (projections.length === 0) return;
    try {
      const names = projections.map(({ subscription }) => subscription.name);
      if (this.#member !== undefined) await this.caughtUp({ names });
      for (const projection of projections) this.#inline.push(this.#processors.inline!(projection));
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  get sourcer(): ModuleEventSourcer<AnyModule> {
    return this.#sourcer;
  }

  dispatch(command: unknown, options?: DispatchOptions): Promise<CommandResult> {
    return this.#sourcer.dispatch(command as never, options);
  }

  handleCommand(command: Envelope, options?: DispatchOptions): Promise<CommandResult> {
    return this.#sourcer.handleCommand(command, options);
  }

  readModel(model: AnyPart): unknown {
    const reader = this.#parts.readerOf(model, this.#processors);
    if (reader !== undefined) return reader;
    throw new DefinitionError(
      `${this.#parts.name}.readModel`,
      'is not a read model of this system; pass one that the system was defined with',
    );
  }

  /**
   * Resolves when all read models, or the processors with these names, have processed the position. Without a position,
   * the call waits for the store's last event. `undefined` is the position of a decision without events. The promise
   * then resolves immediately.
   */
  async caughtUp(...given: CaughtUpArguments): Promise<void> {
    const place = `${this.#parts.name}.caughtUp`;
    const [position, options] = argumentsOf(given, await lastPosition(this.#store));
    checkOptionNames(options, CAUGHT_UP_NAMES, place);
    const { names, signal } = options;
    if (position !== undefined && typeof position !== 'bigint') {
      throw new DefinitionError(`${place}.position`, `expected a bigint or undefined, got ${typeof position}`);
    }
    if (names !== undefined && !Array.isArray(names)) {
      throw new DefinitionError(`${place}.names`, `expected an array of names, got ${typeof names}`);
    }
    // Without this check, a call with an unknown name would resolve immediately, and the caller would not notice.
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

  /** Activates the versions that have caught up, without waiting for the next renewal of the lease. */
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
      throw new DefinitionError(place, 'is not a read model of this system; pass one that the system was defined with');
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
        head: () => lastPosition(this.#store),
      },
      options,
    );
    // The member has lost its shares. A processor that had stopped continues after the rebuilt events.
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

  /** Resolves when every processor has processed all events, including those that processors caused. */
  async settled(signal?: AbortSignal): Promise<void> {
    for (;;) {
      const head = await lastPosition(this.#store);
      if (head === undefined) return;
      await Promise.all(this.#runners.map((runner) => this.#reached(runner, head, signal)));
      await Promise.all(this.#runners.map((runner) => this.#fired(runner, signal)));
      await Promise.all(this.#runners.map((runner) => this.#retried(runner, signal)));
      if ((await lastPosition(this.#store)) !== head) continue;
      await this.#activate(this.#runners);
      return;
    }
  }

  async status(): Promise<readonly ProcessorStatus[]> {
    const head = await lastPosition(this.#store);
    const statuses = await statusOf(this.#processors, head);
    return statuses.map((status) => ({
      ...status,
      outage: this.#runners.find(({ processor }) => sameSubscription(processor.subscription, status))?.outage,
    }));
  }

  readonly parked = {
    list: async (filter: ParkedFilter = {}): Promise<readonly ParkedEvent[]> => {
      checkOptionNames(filter, PARKED_FILTER_NAMES, `${this.#parts.name}.parked.list`);
      if (filter.key !== undefined) checkKey(filter.key, `${this.#parts.name}.parked.list.key`);
      return this.#processors.listParked(filter);
    },
    retry: async (subscription: SubscriptionId, key: string): Promise<number> => {
      checkKey(key, `${this.#parts.name}.parked.retry`);
      const events = await this.#processors.requestRetry(subscription, key);
      this.#refresh(subscription);
      return events;
    },
    drop: async (subscription: SubscriptionId, key: string, which: 'first' | 'all' = 'first'): Promise<number> => {
      checkKey(key, `${this.#parts.name}.parked.drop`);
      const dropped = await this.#processors.dropParked(subscription, key, which);
      this.#refresh(subscription);
      return dropped;
    },
  };

  /** Finishes pages in progress and accepted commands, and leaves the group. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#runners.map((runner) => runner.stop()));
    await this.#member?.stop();
    await Promise.all(this.#processSourcers.map((sourcer) => sourcer.close()));
    await this.#sourcer.close();
    for (const end of this.#inline.splice(0)) end();
  }

  #stoppedHere(): StopReason {
    const message =
      'the system was stopped in this process while a caller waited for it; await caughtUp or settled before stop';
    return { code: 'closed', message, position: undefined, at: this.#clock.now() };
  }

  #refresh({ name, version }: SubscriptionId): void {
    for (const runner of this.#runners) {
      const { subscription } = runner.processor;
      if (subscription.name === name && subscription.version === version) runner.refresh();
    }
  }

  /** Resolves when the runner has no deadlines that are due. */
  async #fired(runner: Runner, signal: AbortSignal | undefined): Promise<void> {
    const { subscription, deadlines } = runner.processor;
    if (deadlines === undefined) return;
    // Deadlines wait for the process manager too.
    const { source } = deadlines;
    const causes = this.#runners.filter(({ processor }) =>
      sameSubscription(processor.subscription, source.subscription),
    );
    await this.#until([runner, ...causes], signal, async () => {
      const dueBefore = this.#clock.now() + 1;
      return (await this.#processors.listDeadlines(subscription, { dueBefore, limit: 1 })).length === 0;
    });
  }

  /** Resolves when every requested retry of parked events was made. */
  async #retried(runner: Runner, signal: AbortSignal | undefined): Promise<void> {
    const { subscription } = runner.processor;
    await this.#until([runner], signal, async () => {
      return (await this.#processors.listParked({ subscription, requested: 'retry', limit: 1 })).length === 0;
    });
  }

  async #reached(runner: Runner, position: bigint, signal: AbortSignal | undefined): Promise<void> {
    const { subscription } = runner.processor;
    await this.#until([runner], signal, async () => {
      runner.flush();
      const shares = await this.#processors.listShares(subscription);
      return shares.length > 0 && shares.every(({ checkpoint }) => checkpoint !== undefined && checkpoint >= position);
    });
  }

  /** Checks the condition after each change of the store. Throws if one of the processors has stopped. */
  async #until(
    runners: readonly Runner[],
    signal: AbortSignal | undefined,
    isReached: () => Promise<boolean>,
  ): Promise<void> {
    for (;;) {
      const ended = new AbortController();
      const signals = [ended.signal, this.#ended.signal];
      const changed = this.#processors.awaitChange(
        AbortSignal.any(signal === undefined ? signals : [signal, ...signals]),
      );
      changed.catch(() => undefined);
      const unsubscribes = runners.map((runner) => runner.onFailure(() => ended.abort()));
      try {
        if (await isReached()) return;
        for (const { failure, processor } of runners) {
          const { subscription } = processor;
          const reason = failure ?? (await recordOf(this.#processors, subscription))?.stopped;
          if (reason !== undefined) throw new ProcessorStopped(subscription, reason);
          if (this.#ended.signal.aborted) throw new ProcessorStopped(subscription, this.#stoppedHere());
        }
        await changed.catch((error: unknown) => {
          if (runners.every(({ failure }) => failure === undefined) && !this.#ended.signal.aborted) throw error;
        });
      } finally {
        for (const unsubscribe of unsubscribes) unsubscribe();
        ended.abort();
      }
    }
  }
}
