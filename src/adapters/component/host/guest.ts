/**
 * One instance of a component, as the functions of the contract over handles that are numbers. The only file of the host
 * that takes the loader's `unknown` for what `fit.ts` has checked it to be.
 */

import type { Decider } from '../../../core/decider.ts';
import type { CommandIdAware } from '../../../core/define/command-id-aware.ts';
import type { EventHandler } from '../../../core/event-handler.ts';
import type { EventContext, RejectedCommand } from '../../../core/messages.ts';
import type { Projector } from '../../../core/projector.ts';
import type { Routing } from '../../../core/routing.ts';
import type { CommandType, EventType, StateType, Types } from '../../../core/types.ts';
import { show } from '../abi/javascript-values.ts';
import {
  type Component,
  type ImportObject,
  type Instance,
  type InstantiateOptions,
  instantiate,
  instantiateSync,
  isLinkError,
  LinkError,
} from '../index.ts';
import { isWasi03 } from '../linking/import-problems.ts';
import { findImport } from '../linking/names.ts';
import type { DecisionContext, VirtualWasi } from '../wasi/index.ts';
import { asynchronousImport } from './asynchronous-import.ts';
import { contextOfCommand, contextOfEvent, contextOfRejection } from './decision-context.ts';
import type { InterfaceNames } from './fit.ts';
import type { Bounds } from './metering/budget.ts';
import { Counters } from './metering/counters.ts';

/** A handle into one instance. */
export type Handle = number;

/** `decider.decide`, for the command with this UUID. */
export type DecideWithCommandId = NonNullable<CommandIdAware<Handle, Handle, Handle>['decideWithCommandId']>;

/** Commands, events and states behind handles, each of which `drop` releases. */
export interface HandleTypes extends Types<Handle, Handle, Handle> {
  readonly command: Required<CommandType<Handle>>;
  readonly event: Required<EventType<Handle>>;
  readonly state: Required<StateType<Handle>>;
}

/** The functions of a guest, as the loader gives them. */
export interface Guest extends HandleTypes {
  /** What the world has beside `types`. A function of an interface that it has not is never called. */
  readonly decider: GuestDecider;
  readonly routing: Routing<Handle>;
  readonly eventHandler: EventHandler<Handle, Handle>;
  readonly projector: Projector<Handle, Handle>;
  /** How many handles the host holds. */
  readonly handleCount: number;
  /** What a call threw; a trap for which a bound of the host is to blame says so. */
  readonly explain: (error: unknown) => unknown;
  /** Ends the instance: what it holds of the host's is disposed. */
  readonly dispose: () => void;
}

interface GuestDecider extends Decider<Handle, Handle, Handle> {
  /** With the id of the command, where its virtual WASI is to show what follows from it. */
  decide(state: Handle, command: Handle, commandId?: string): readonly Handle[];
}

/** What instances are made of. */
export interface GuestTemplate {
  readonly component: Component;
  readonly interfaceNames: InterfaceNames;
  /** Made anew for each instance, so that no two share what an import keeps. */
  readonly imports: () => ImportObject;
  /** The same for WASI, of guests that need it. */
  readonly wasi: (() => VirtualWasi) | undefined;
  /** What its core modules were rewritten to keep to. */
  readonly bounds: Bounds;
  readonly maxHandles: number;
  readonly maxLiftedBytes: number | undefined;
}

/** @throws LinkError | Trap */
export async function makeGuest(template: GuestTemplate): Promise<Guest> {
  const parts = environmentOf(template);
  try {
    return bindGuest(await instantiate(template.component, parts.imports, parts.options), template, parts);
  } catch (error) {
    throw withHint(parts.counters.explain(error), parts);
  } finally {
    parts.wasi?.flush();
  }
}

/** At once. @throws LinkError | Trap */
export function makeGuestSync(template: GuestTemplate): Guest {
  const parts = environmentOf(template);
  try {
    return bindGuest(instantiateSync(template.component, parts.imports, parts.options), template, parts);
  } catch (error) {
    throw withHint(parts.counters.explain(error), parts);
  } finally {
    parts.wasi?.flush();
  }
}

/** Adds the way to WASI if it is missing altogether. */
function withHint(error: unknown, { wasi, imports }: Environment): unknown {
  if (wasi !== undefined || !isLinkError(error)) return error;
  const isMissing = (name: string | undefined): boolean =>
    name?.startsWith('wasi:') === true && !isWasi03(name) && findImport(imports, name) === undefined;
  if (!error.problems.some(({ path }) => isMissing(path[0]))) return error;
  const way = 'for what its language needs, give wasi: () => virtualWasi({ grant: LANGUAGE_RUNTIME })';
  const message = `${error.message}\nThe guest asks for WASI: ${way}`;
  return new LinkError(message, error.path, { cause: error }, error.problems);
}

/** What one instance has for itself. */
interface Environment {
  readonly imports: ImportObject;
  readonly options: InstantiateOptions;
  readonly wasi: VirtualWasi | undefined;
  readonly counters: Counters;
}

function environmentOf({ imports, wasi, bounds, maxHandles, maxLiftedBytes }: GuestTemplate): Environment {
  const virtual = wasi === undefined ? undefined : virtualOf(wasi);
  const given = imports();
  // What is made of a promise is an import object without imports.
  if (isPromise(given)) throw new TypeError('imports: expected the function to make an object, got a promise');
  const counters = new Counters(bounds);
  const { maxMemoryBytes } = bounds;
  return {
    imports: virtual === undefined ? given : mergeImports(given, virtual.imports),
    options: {
      resources: 'handles',
      maxMemoryBytes,
      maxHandles,
      ...(maxLiftedBytes !== undefined && { maxLiftedBytes }),
      onCoreInstance: counters.add,
    },
    wasi: virtual,
    counters,
  };
}

/** A promise of this or another realm. An import object may have a function with the name "then". */
function isPromise(value: unknown): boolean {
  return Object.prototype.toString.call(value) === '[object Promise]';
}

/** @throws TypeError */
function virtualOf(wasi: () => VirtualWasi): VirtualWasi {
  const virtual: Partial<VirtualWasi> = wasi();
  if (virtual?.imports !== undefined) return virtual as VirtualWasi;
  throw new TypeError(`wasi: expected the function to make what virtualWasi makes, got ${show(virtual)}`);
}

/**
 * What the host gives, and of the virtual WASI what it does not give itself, in whatever version: else the loader would take
 * the later one. What is only found by asking for it, in a proxy or an object of a class, is asked for behind all others.
 */
function mergeImports(own: ImportObject, virtual: ImportObject): ImportObject {
  const withoutVersion = (name: string): string => name.replace(/@.*$/, '');
  const given = new Set(Object.keys(own).map(withoutVersion));
  const isGiven = (name: string): boolean => given.has(name) || Reflect.get(own, name) !== undefined;
  const missing = Object.entries(virtual).filter(([name]) => !isGiven(withoutVersion(name)));
  return Object.create(own, Object.getOwnPropertyDescriptors({ ...Object.fromEntries(missing), ...own }));
}

/** Whether the instance can still be called: it makes a state, which is dropped. */
export function isAlive(guest: Guest): boolean {
  try {
    guest.state.drop((guest.decider ?? guest.eventHandler ?? guest.projector).initialState());
    return true;
  } catch {
    return false;
  }
}

function bindGuest(
  instance: Instance,
  { component, interfaceNames, bounds }: GuestTemplate,
  environment: Environment,
): Guest {
  const { imports, wasi, counters } = environment;
  const interfaceOf = (name: string | undefined): unknown => (name === undefined ? undefined : instance.exports[name]);
  const types = interfaceOf(interfaceNames.types) as HandleTypes;
  // The loader makes every function of an instance one that gives a promise, where an import may have to be waited for.
  if (types.state.toBytes.constructor.name === 'AsyncFunction') throw asynchronous(component, imports);
  const parts = {
    command: types.command,
    event: types.event,
    state: types.state,
    decider: interfaceOf(interfaceNames.decider) as Guest['decider'],
    routing: interfaceOf(interfaceNames.routing) as Guest['routing'],
    eventHandler: interfaceOf(interfaceNames['event-handler']) as Guest['eventHandler'],
    projector: interfaceOf(interfaceNames.projector) as Guest['projector'],
  };
  const timed = wasi === undefined ? parts : withWasi(parts, wasi);
  const guest = {
    ...(bounds.budget === undefined ? timed : counting(timed, counters)),
    explain: counters.explain,
    dispose: () => instance[Symbol.dispose](),
  };
  return Object.defineProperty(guest as Guest, 'handleCount', { get: () => instance.handleCount, enumerable: true });
}

function asynchronous(component: Component, imports: ImportObject): LinkError {
  const path = asynchronousImport(component.imports, imports);
  const subject = path === undefined ? 'an import of the component' : `import ${path.map(show).join(' → ')}: it`;
  const message = `${subject} is asynchronous, and a module cannot wait: what it needs to know belongs in its messages`;
  return new LinkError(message, path);
}

type Parts = Omit<Guest, 'handleCount' | 'explain' | 'dispose'>;
type Call = (...args: unknown[]) => unknown;

/**
 * Before each call the virtual clock and randomness are set: to what follows from the command in a decision, and from the
 * event in a process manager's; to constants elsewhere. So nothing depends on what was called before. What a call has
 * printed is handed over when it ends.
 */
function withWasi(parts: Parts, wasi: VirtualWasi): Parts {
  return around(parts, (name, call) => {
    const contextOf = CONTEXTS[name] ?? (() => undefined);
    return (a, b, c) => {
      wasi.setDecision(contextOf(c ?? b));
      try {
        return call(a, b, c);
      } finally {
        wasi.flush();
      }
    };
  });
}

/** By function: the context that follows from its last argument. */
const CONTEXTS: Readonly<Record<string, (argument: unknown) => DecisionContext | undefined>> = {
  // Without an id, the last argument is the command.
  decide: (commandId) => (typeof commandId === 'string' ? contextOfCommand(commandId) : undefined),
  handle: (context) => contextOfEvent(context as EventContext),
  handleRejected: (rejected) => contextOfRejection(rejected as RejectedCommand),
};

/** Each call has the whole budget. */
function counting(parts: Parts, counters: Counters): Parts {
  return around(parts, (_, call) => (...args) => {
    counters.fill();
    return call(...args);
  });
}

function around(parts: Parts, wrap: (name: string, call: Call) => Call): Parts {
  const wrapped = Object.entries(parts).map(([name, part]: [string, object | undefined]) => [
    name,
    part && Object.fromEntries(Object.entries(part).map(([name, call]: [string, Call]) => [name, wrap(name, call)])),
  ]);
  return Object.fromEntries(wrapped) as unknown as Parts;
}
