/// <reference lib="esnext.disposable" preserve="true" />
/** `defineSystem`: combines deciders and the parts that react to their events. */

import { EventOwners } from '../define/event-category.ts';
import { DefinitionError } from '../errors.ts';
import type { CommandResult } from '../event-sourcer.ts';
import type { AnyModule } from '../loop/bound-module.ts';
import type { ModuleEventSourcer } from '../loop/create-event-sourcer.ts';
import type { DispatchOptions } from '../loop/options.ts';
import type { Envelope, EventSource } from '../messages.ts';
import { checkOptionNames } from '../option-names.ts';
import type { DocumentsReader } from '../processors/documents-reader.ts';
import type { AnyProcessManager } from '../processors/process-module.ts';
import type { ParkedEvent, ParkedFilter, SubscriptionId } from '../processors/processor-store.ts';
import type { AnyReactor } from '../processors/reactor.ts';
import type { RebuildOptions } from '../processors/rebuild.ts';
import { SystemRun } from '../processors/running-system.ts';
import type { ProcessorStatus } from '../processors/status.ts';
import type { CaughtUpOptions, StartOptions } from '../processors/system-options.ts';
import { type AnyPart, type AnySystemDefinition, isTables, partsOf } from '../processors/system-parts.ts';
import { checkCategory } from '../stream-name.ts';
import type { OptionNames } from '../unknown-names.ts';
import type { ReadModel } from '../worlds.ts';

/** The parts of a system. */
export interface SystemDefinition<
  Deciders extends readonly unknown[],
  ProcessManagers extends readonly unknown[],
  ReadModels extends readonly unknown[],
  Reactors extends readonly unknown[],
> {
  /** The name of the system, for descriptions and error messages. */
  readonly name: string;
  /** The modules that decide commands: results of `defineDecider`, or components of the world `command-handler`. */
  readonly deciders: Deciders;
  /**
   * The modules that react to events with commands: results of `defineEventHandler`, or components of the world
   * `process-manager`.
   */
  readonly processManagers?: ProcessManagers;
  /**
   * The read models, which answer queries: results of `defineProjector` or `defineTables`, or components of the world
   * `read-model`.
   */
  readonly readModels?: ReadModels;
  /** The reactors, which have effects outside the system: results of `defineReactor`. */
  readonly reactors?: Reactors;
}

/** The result of `readModel(model)`. */
export type ReaderOf<Model> = Model extends { readonly kind: 'tables'; reader(...args: never): infer Reader }
  ? Reader
  : Model extends ReadModel<infer State, infer _Command, infer _Event>
    ? DocumentsReader<State>
    : never;

/** A system that runs in this process. It stops at the end of its `await using` scope. */
export interface RunningSystem<Decider, Models> extends AsyncDisposable {
  /**
   * Decides a command and stores the result.
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  readonly dispatch: ModuleEventSourcer<Decider>['dispatch'];
  /** Decides a command in an envelope and stores the result. */
  handleCommand(command: Envelope, options?: DispatchOptions): Promise<CommandResult>;
  /** The event sourcer of the deciders. Use it to read states. */
  readonly sourcer: ModuleEventSourcer<Decider>;
  /** Reads a read model of the system. */
  readModel<Model extends Models>(model: Model): ReaderOf<Model>;
  /**
   * Resolves when the read models have processed the position, so that a program reads its own writes. Any process may
   * run the read models. Without a position, the call waits for the store's last event.
   *
   * ```ts
   * const { position } = await running.dispatch(account.commands.Deposit({ accountId: '0001', amount: 1250 }));
   * await running.caughtUp(position);
   * ```
   *
   * @param position the position of a command's result. It is `undefined` if the decision has no events. The promise
   *   then resolves immediately.
   *   If the store has no event at this position yet, the call waits for one. Pass
   *   `{ signal: AbortSignal.timeout(5_000) }` to end a wait for a position that may belong to another store.
   * @throws ProcessorStopped with the reason if a read model has stopped.
   * @throws DefinitionError if an option is unknown, or the system has no processor with one of the names.
   */
  caughtUp(position: bigint | undefined, options?: CaughtUpOptions): Promise<void>;
  caughtUp(options?: CaughtUpOptions): Promise<void>;
  /**
   * Resolves when every processor has processed all events, including those that process managers caused in the
   * meantime, and every requested retry of parked events was made. New versions of read models are then active. The
   * call does not wait for deadlines that are not due yet.
   */
  settled(signal?: AbortSignal): Promise<void>;
  /** Returns the position, the shares, the parked events and the failure of each processor. */
  status(): Promise<readonly ProcessorStatus[]>;
  /**
   * Builds a read model again from the first event. Readers get the old documents and rows until the new ones have
   * caught up and replace them in one transaction. Other processes continue to run the read model in the meantime. The
   * method also works without processors in this process (`process: false`).
   *
   * ```ts
   * await running.rebuild(balances, { onProgress: ({ position, head }) => console.log(`${position} of ${head}`) });
   * ```
   *
   * @throws ProcessorStopped if an event cannot be processed. The old documents and rows stay.
   * @throws RebuildRunning if the read model is being rebuilt already.
   * @throws DefinitionError if an option is invalid, or the read model is not part of the system.
   */
  rebuild(model: Models, options?: RebuildOptions): Promise<void>;
  /**
   * Drops the versions of read models that the versions of this system have replaced, and returns them. If a new
   * version is still being built, its predecessor is kept.
   */
  dropOldVersions(): Promise<readonly SubscriptionId[]>;
  /**
   * Drops one version of a read model, with its documents and tables.
   * @throws DefinitionError if the version does not exist, or is the active version of a read model of this system.
   */
  dropVersion(subscription: SubscriptionId): Promise<void>;
  /** Events that could not be processed. */
  readonly parked: {
    list(filter?: ParkedFilter): Promise<readonly ParkedEvent[]>;
    /** Processes the events of a key again, in order. Returns the number of parked events of the key. */
    retry(subscription: SubscriptionId, key: string): Promise<number>;
    /** Drops the first parked event of a key, or all of them. Returns the number of dropped events. */
    drop(subscription: SubscriptionId, key: string, which?: 'first' | 'all'): Promise<number>;
  };
  /**
   * Finishes the work in progress, releases the shares and closes the event sourcer. It aborts the `signal` of each
   * reactor's handler, and waits until the handler has ended.
   */
  stop(): Promise<void>;
}

/** A system: its parts, and the function that runs it. */
export interface System<Deciders, ProcessManagers, ReadModels, Reactors> {
  readonly name: string;
  readonly deciders: Deciders;
  readonly processManagers: ProcessManagers;
  readonly readModels: ReadModels;
  readonly reactors: Reactors;
  /**
   * Runs the system on a store. Operating-system processes that run the same system on the same store share its work.
   * @throws DefinitionError if an option is invalid, or a definition has changed under the same version.
   */
  start(
    options: StartOptions,
  ): Promise<
    RunningSystem<
      Deciders extends readonly (infer Decider)[] ? Decider : never,
      ReadModels extends readonly (infer Model)[] ? Model : never
    >
  >;
}

const NAMES: OptionNames<SystemDefinition<[], [], [], []>> = {
  name: true,
  deciders: true,
  processManagers: true,
  readModels: true,
  reactors: true,
};

/**
 * Defines a system: the composition root of a program.
 *
 * ```ts
 * export const bank = defineSystem({
 *   name: 'bank',
 *   deciders: [account, transfer],
 *   processManagers: [transfers],
 *   readModels: [balances],
 *   reactors: [receipts],
 * });
 *
 * await using running = await bank.start({ store });
 * await running.dispatch(account.commands.Deposit({ accountId: '0001', amount: 1250 }));
 * await running.caughtUp();
 * console.log(await running.readModel(balances).get('0001'));
 * ```
 *
 * @throws DefinitionError if the parts contradict each other. The error names both parts.
 */
export function defineSystem<
  const Deciders extends readonly AnyModule[],
  const ProcessManagers extends readonly AnyProcessManager[] = readonly [],
  const ReadModels extends readonly AnyPart[] = readonly [],
  const Reactors extends readonly AnyReactor[] = readonly [],
>(
  definition: SystemDefinition<Deciders, ProcessManagers, ReadModels, Reactors>,
): System<Deciders, ProcessManagers, ReadModels, Reactors> {
  const { name } = definition;
  if (typeof name !== 'string' || name === '')
    throw new DefinitionError('defineSystem.name', 'must be a non-empty string');
  checkOptionNames(definition, NAMES, name);
  const parts: AnySystemDefinition = {
    name,
    deciders: listOf<AnyModule>(definition.deciders, `${name}.deciders`, ['decider', 'routing']),
    processManagers: listOf<AnyProcessManager>(definition.processManagers ?? [], `${name}.processManagers`, [
      'eventHandler',
    ]),
    readModels: listOf<AnyPart>(definition.readModels ?? [], `${name}.readModels`, ['projector', 'reader']),
    reactors: listOf<AnyReactor>(definition.reactors ?? [], `${name}.reactors`, ['react']),
  };
  checkParts(parts);
  return {
    name,
    deciders: definition.deciders,
    processManagers: (definition.processManagers ?? []) as ProcessManagers,
    readModels: (definition.readModels ?? []) as ReadModels,
    reactors: (definition.reactors ?? []) as Reactors,
    start: async (options) => (await SystemRun.start(partsOf(parts), options)) as never,
  };
}

/** Checks a list of parts. @throws DefinitionError if an entry lacks all members of its kind. */
function listOf<Part>(value: unknown, place: string, members: readonly string[]): readonly Part[] {
  if (!Array.isArray(value)) throw new DefinitionError(place, 'must be an array');
  for (const [index, part] of value.entries()) {
    const at = `${place}[${index}]`;
    if (part instanceof Promise) throw new DefinitionError(at, 'is a promise; await it before you pass it');
    if (!members.some((member) => Object(part)[member] !== undefined)) {
      throw new DefinitionError(at, `has no ${members.join(' or ')}, so it does not belong in this list`);
    }
  }
  return value;
}

function checkParts({ name, deciders, processManagers, readModels, reactors }: AnySystemDefinition): void {
  const names = new Map<string, string>();
  const claim = (kind: string, part: string, place: string): void => {
    const other = names.get(part);
    if (other !== undefined)
      throw new DefinitionError(
        place,
        `has the name ${JSON.stringify(part)}, which is also the name of ${other}; rename one of the two`,
        { names: [part] },
      );
    names.set(part, `${kind} ${place}`);
  };
  const takers = new Map<string, string[]>();
  const makers = new Set<string>();
  const categories = new Map<string, string>();
  const owners = new EventOwners();
  for (const [index, decider] of deciders.entries()) {
    const descriptor = decider.routing.describe();
    claim('decider', descriptor.name, `${name}.deciders[${index}]`);
    owners.add(decider, descriptor, `${name}.deciders`);
    categories.set(descriptor.category, descriptor.name);
    for (const { type } of descriptor.commands) takers.set(type, [...(takers.get(type) ?? []), descriptor.name]);
    for (const { type } of descriptor.events) makers.add(`${descriptor.category}.${type}`);
  }
  for (const [type, deciding] of takers) {
    if (deciding.length > 1) {
      throw new DefinitionError(
        `${name}.deciders`,
        `the command ${type} is accepted by ${deciding.join(' and ')}; rename it in all but one of them`,
        { names: [type, ...deciding] },
      );
    }
  }
  const checkEvents = (part: string, sources: readonly EventSource[]): void => {
    if (sources.length === 0)
      throw new DefinitionError(`${name}.${part}`, 'reads no events; add one, or remove the part');
    for (const { category, type } of sources) {
      const event = `${category}.${type}`;
      if (makers.has(event)) continue;
      throw new DefinitionError(
        `${name}.${part}`,
        `reads the event ${event}, which no decider of the system has; add its decider`,
        { names: [event] },
      );
    }
  };
  for (const [index, manager] of processManagers.entries()) {
    const descriptor = manager.eventHandler.describe();
    const place = `${name}.processManagers[${index}]`;
    claim('process manager', descriptor.name, place);
    const problem = checkCategory(descriptor.name);
    if (problem !== undefined) {
      throw new DefinitionError(
        place,
        `the name ${JSON.stringify(descriptor.name)} ${problem}; rename the process manager, because its name is the ` +
          'category of its streams',
      );
    }
    const decider = categories.get(descriptor.name);
    if (decider !== undefined) {
      throw new DefinitionError(
        place,
        `has the name ${descriptor.name}, which is also the category of the decider ${decider}; rename it, because its streams ` +
          'have its name as their category',
      );
    }
    checkEvents(descriptor.name, descriptor.events);
    for (const type of descriptor.commands) {
      if (takers.has(type)) continue;
      throw new DefinitionError(
        `${name}.${descriptor.name}`,
        `sends the command ${type}, which no decider of the system accepts; add its decider`,
        { names: [type] },
      );
    }
  }
  for (const [index, model] of readModels.entries()) {
    const [part, events] = isTables(model)
      ? [model.name, model.sources]
      : [model.projector.describe().name, model.projector.describe().events];
    claim('read model', part, `${name}.readModels[${index}]`);
    checkEvents(part, events);
  }
  for (const [index, reactor] of reactors.entries()) {
    claim('reactor', reactor.name, `${name}.reactors[${index}]`);
    checkEvents(reactor.name, reactor.sources);
  }
}
