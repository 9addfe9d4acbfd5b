/** The configuration of an event sourcer, and its checks. */
import { isRecord } from '../codec/values.ts';
import { DefinitionError } from '../errors.ts';
import type { EventStore } from '../event-store.ts';
import { DEFAULT_CACHED_STATES, DEFAULT_REPLAY_LIMIT } from '../limits.ts';
import { checkOptionNames } from '../option-names.ts';
import { mustBe } from '../predicates.ts';
import type { ExclusiveAppend } from '../storage/exclusive-append.ts';
import type { OptionNames } from '../unknown-names.ts';
import type { Authorizer } from './authorization.ts';
import type { AnyModule } from './bound-module.ts';
import { type EventSourcerObserver, HOOKS } from './observer.ts';

/** The part of a store that the event sourcer uses. */
export type ConfiguredStore = EventStore & ExclusiveAppend & { close?(): Promise<void> };

/** The parts and the limits of an event sourcer. */
export interface EventSourcerConfiguration<Modules extends readonly AnyModule[] = readonly AnyModule[]> {
  /** The store of the events, such as the result of `createSqliteStore`. */
  readonly store: ConfiguredStore;
  /**
   * The modules of the event sourcer. Each command type belongs to one of them. Several modules may share streams if
   * they skip each other's events.
   */
  readonly modules: Modules;
  /**
   * The maximum number of times that a command is decided if its appends conflict.
   * @default 8 for a command without a deadline. A command with a deadline is decided again until the deadline passes.
   */
  readonly maxAttempts?: number | undefined;
  /**
   * The maximum number of events that a command or a read may replay.
   * @default 1_000_000
   */
  readonly replayLimit?: number | undefined;
  /**
   * The maximum number of states in memory, for all modules together. 0 disables the cache.
   * @default 10_000
   */
  readonly cachedStates?: number | undefined;
  /**
   * The maximum number of commands in flight, waiting ones included. Further commands fail with `overloaded`.
   * @default Number.POSITIVE_INFINITY
   */
  readonly maxInFlight?: number | undefined;
  /**
   * Decides whether a principal may send a command.
   * @default every command is accepted
   */
  readonly authorize?: Authorizer | undefined;
  /** Hooks that are called for commits, rejections, failures, conflicts and snapshots. */
  readonly observer?: EventSourcerObserver | undefined;
  /**
   * Closes the store when the event sourcer is closed.
   * @default false
   */
  readonly closeStore?: boolean | undefined;
}

/** A configuration that was checked, with its defaults. */
export interface Configured {
  readonly store: ConfiguredStore;
  readonly modules: readonly AnyModule[];
  /** `undefined` means the default, which depends on the command's deadline. */
  readonly maxAttempts: number | undefined;
  readonly replayLimit: number;
  readonly cachedStates: number;
  readonly maxInFlight: number;
  readonly authorizer: Authorizer | undefined;
  readonly observer: EventSourcerObserver;
  readonly closeStore: (() => Promise<void>) | undefined;
}

const PLACE = 'createEventSourcer';

const NAMES: OptionNames<EventSourcerConfiguration> = {
  store: true,
  modules: true,
  maxAttempts: true,
  replayLimit: true,
  cachedStates: true,
  maxInFlight: true,
  authorize: true,
  observer: true,
  closeStore: true,
};

/** The functions of a store that the event sourcer calls. */
const STORE_MEMBERS = [
  'append',
  'readStream',
  'findDecision',
  'loadSnapshot',
  'saveSnapshot',
  'dropSnapshot',
] as const satisfies readonly (keyof EventStore)[];

/** Checks a configuration, and sets the defaults. @throws DefinitionError that names the option. */
export function configured(configuration: EventSourcerConfiguration): Configured {
  checkOptionNames(configuration, NAMES, PLACE);
  const { store, modules, authorize, observer = {}, closeStore = false } = configuration;
  checkStore(store, `${PLACE}.store`);
  checkModules(modules, PLACE);
  if (authorize !== undefined && typeof authorize !== 'function') throw wrong('authorize', 'a function', authorize);
  checkObserver(observer);
  if (typeof closeStore !== 'boolean') throw wrong('closeStore', 'true or false', closeStore);
  if (closeStore && typeof store.close !== 'function') {
    throw new DefinitionError(`${PLACE}.closeStore`, 'the store has no function `close`; omit the option');
  }
  const { maxAttempts } = configuration;
  return {
    store,
    modules,
    maxAttempts: maxAttempts === undefined ? undefined : wholeNumber('maxAttempts', maxAttempts, 1),
    replayLimit: wholeNumber('replayLimit', configuration.replayLimit ?? DEFAULT_REPLAY_LIMIT, 0),
    cachedStates: wholeNumber('cachedStates', configuration.cachedStates ?? DEFAULT_CACHED_STATES, 0),
    maxInFlight: wholeNumber('maxInFlight', configuration.maxInFlight ?? Number.POSITIVE_INFINITY, 1),
    authorizer: authorize,
    observer,
    closeStore: closeStore ? () => store.close!() : undefined,
  };
}

/** Checks the store of a configuration. @throws DefinitionError if the value is not an event store. */
export function checkStore(store: unknown, place: string): void {
  if (store === undefined || store === null) {
    throw new DefinitionError(place, 'is missing; pass an event store, for example createMemoryStore()');
  }
  if (store instanceof Promise) throw new DefinitionError(place, 'is a promise; await it');
  for (const member of STORE_MEMBERS) {
    if (typeof Reflect.get(Object(store), member) === 'function') continue;
    throw new DefinitionError(`${place}.${member}`, 'is missing; an event store has this function');
  }
}

/** Checks the modules of a configuration. @throws DefinitionError if the value is not a list of at least one module. */
export function checkModules(modules: unknown, place: string): asserts modules is readonly unknown[] {
  if (!Array.isArray(modules)) {
    throw new DefinitionError(`${place}.modules`, mustBe('an array of modules', modules));
  }
  if (modules.length === 0) {
    throw new DefinitionError(`${place}.modules`, 'is empty; pass at least one module');
  }
}

function checkObserver(observer: unknown): void {
  if (typeof observer !== 'object' || observer === null) throw wrong('observer', 'an object', observer);
  for (const hook of Object.keys(HOOKS)) {
    const value: unknown = Reflect.get(observer, hook);
    if (value !== undefined && typeof value !== 'function') throw wrong(`observer.${hook}`, 'a function', value);
  }
  // An instance of a class may have further fields.
  if (isRecord(observer)) checkOptionNames(observer, HOOKS, `${PLACE}.observer`);
}

/** Checks an option that is an integer or infinity. */
function wholeNumber(name: string, value: number, least: number): number {
  if ((Number.isInteger(value) || value === Number.POSITIVE_INFINITY) && value >= least) return value;
  throw wrong(name, `an integer of at least ${least}`, value);
}

function wrong(option: string, expected: string, value: unknown): DefinitionError {
  return new DefinitionError(`${PLACE}.${option}`, mustBe(expected, value));
}
