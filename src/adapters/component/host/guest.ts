/**
 * One instance of a component, with the functions of the contract over handles that are numbers. It is the only file of
 * the host that casts the loader's `unknown` to the types that `fit.ts` has checked.
 */

import type { Decider } from '../../../core/decider.ts';
import type { CommandIdAware } from '../../../core/define/command-id-aware.ts';
import type { EventHandler } from '../../../core/event-handler.ts';
import type { EventContext, RejectedCommand } from '../../../core/messages.ts';
import type { Projector } from '../../../core/projector.ts';
import type { Routing } from '../../../core/routing.ts';
import type { CommandType, EventType, StateType, Types } from '../../../core/types.ts';
import { show } from '../abi/javascript-values.ts';
import { type Component, type ImportObject, type Instance, instantiate, instantiateSync, LinkError } from '../index.ts';
import type { DecisionContext, VirtualWasi } from '../wasi/index.ts';
import { asynchronousImport } from './asynchronous-import.ts';
import { contextOfCommand, contextOfEvent, contextOfRejection } from './decision-context.ts';
import { type Environment, environmentOf, type InstanceTemplate } from './environment.ts';
import { withWasiHint } from './failures.ts';
import type { InterfaceNames } from './fit.ts';
import type { Bounds } from './metering/budget.ts';
import type { Counters } from './metering/counters.ts';

/** A handle into one instance. */
export type Handle = number;

/** The type of `decider.decide` for the command with this UUID. */
export type DecideWithCommandId = NonNullable<CommandIdAware<Handle, Handle, Handle>['decideWithCommandId']>;

/** Handles of commands, events and states. `drop` releases each of them. */
export interface HandleTypes extends Types<Handle, Handle, Handle> {
  readonly command: Required<CommandType<Handle>>;
  readonly event: Required<EventType<Handle>>;
  readonly state: Required<StateType<Handle>>;
}

/** The functions of a guest, as the loader exports them. */
export interface Guest extends HandleTypes {
  /**
   * The interfaces of the world other than `types`. An interface of another world is undefined at run time, and never
   * called.
   */
  readonly decider: GuestDecider;
  readonly routing: Routing<Handle>;
  readonly eventHandler: EventHandler<Handle, Handle>;
  readonly projector: Projector<Handle, Handle>;
  /** The number of handles that the host holds. */
  readonly handleCount: number;
  /** Returns the error of a call. If a limit of the host caused the trap, the error names that limit. */
  readonly explain: (error: unknown) => unknown;
  /** Ends the instance, and disposes the resources of the host that it holds. */
  readonly dispose: () => void;
}

interface GuestDecider extends Decider<Handle, Handle, Handle> {
  /** Decides a command. The clock and randomness of a virtual WASI are derived from `commandId`. */
  decide(state: Handle, command: Handle, commandId?: string): readonly Handle[];
}

/** The data from which instances of a module are created. */
export interface GuestTemplate extends InstanceTemplate {
  readonly interfaceNames: InterfaceNames;
  /** Binds the exports of another contract. @default the interfaces of `interfaceNames` */
  readonly bind?: BindExports | undefined;
}

/** Implements the functions of the contract by those of an instance whose exports are of another contract. */
type BindExports = (exports: Instance['exports']) => BoundExports;

/** The functions of a decider, and the number of handles that they keep in addition to those of the instance. */
export interface BoundExports extends HandleTypes {
  readonly decider: GuestDecider;
  readonly routing: Routing<Handle>;
  keptHandles(): number;
}

/** Creates an instance. @throws LinkError | Trap */ export async function makeGuest(
  template: GuestTemplate,
): Promise<Guest> {
  const parts = environmentOf(template, 'handles');
  try {
    return bindGuest(await instantiate(template.component, parts.imports, parts.options), template, parts);
  } catch (error) {
    throw withWasiHint(parts.counters.explain(error), parts);
  } finally {
    parts.wasi?.flush();
  }
}

/** Creates the instance synchronously. @throws LinkError | Trap */
export function makeGuestSync(template: GuestTemplate): Guest {
  const parts = environmentOf(template, 'handles');
  try {
    return bindGuest(instantiateSync(template.component, parts.imports, parts.options), template, parts);
  } catch (error) {
    throw withWasiHint(parts.counters.explain(error), parts);
  } finally {
    parts.wasi?.flush();
  }
}

/** Returns whether the instance can still be called. It creates a state and drops it. */
export function isAlive(guest: Guest): boolean {
  try {
    guest.state.drop((guest.decider ?? guest.eventHandler ?? guest.projector).initialState());
    return true;
  } catch {
    return false;
  }
}

function bindGuest(instance: Instance, template: GuestTemplate, environment: Environment): Guest {
  const { imports } = environment;
  const { component, bounds, bind } = template;
  if (bind !== undefined) {
    if (asynchronousImport(component.imports, imports) !== undefined) throw asynchronousImportError(component, imports);
    const { keptHandles, ...bound } = bind(instance.exports);
    return finishGuest(bound as Parts, instance, environment, bounds, () => instance.handleCount + keptHandles());
  }
  const parts = bindInterfaces(instance, template);
  // If an import is asynchronous, the loader makes every function of the instance return a promise.
  if (parts.state.toBytes.constructor.name === 'AsyncFunction') throw asynchronousImportError(component, imports);
  return finishGuest(parts, instance, environment, bounds, () => instance.handleCount);
}

function bindInterfaces(instance: Instance, { interfaceNames }: GuestTemplate): Parts {
  const interfaceOf = (name: string | undefined): unknown => (name === undefined ? undefined : instance.exports[name]);
  const types = interfaceOf(interfaceNames.types) as HandleTypes;
  return {
    command: types.command,
    event: types.event,
    state: types.state,
    decider: interfaceOf(interfaceNames.decider) as Guest['decider'],
    routing: interfaceOf(interfaceNames.routing) as Guest['routing'],
    eventHandler: interfaceOf(interfaceNames['event-handler']) as Guest['eventHandler'],
    projector: interfaceOf(interfaceNames.projector) as Guest['projector'],
  };
}

/** Adds the virtual WASI, the budget and the end of the instance to its functions. */
function finishGuest(
  parts: Parts,
  instance: Instance,
  { wasi, counters }: Environment,
  bounds: Bounds,
  handleCount: () => number,
): Guest {
  const timed = wasi === undefined ? parts : withWasi(parts, wasi);
  const guest = {
    ...(bounds.budget === undefined ? timed : withBudget(timed, counters)),
    explain: counters.explain,
    dispose: () => instance[Symbol.dispose](),
  };
  return Object.defineProperty(guest as Guest, 'handleCount', { get: handleCount, enumerable: true });
}

function asynchronousImportError(component: Component, imports: ImportObject): LinkError {
  const path = asynchronousImport(component.imports, imports);
  const subject = path === undefined ? 'an import of the component' : `import ${path.map(show).join(' → ')}`;
  const message = `${subject} is asynchronous, but a module cannot wait; pass the data in its messages instead`;
  return new LinkError(message, path);
}

type Parts = Omit<Guest, 'handleCount' | 'explain' | 'dispose'>;
type Call = (...args: unknown[]) => unknown;

/**
 * Sets the virtual clock and randomness before each call, so that nothing depends on earlier calls. In a decision they
 * are derived from the command, and in a process manager's handler from the event. In other calls they are constants.
 * The output of a call is flushed when the call ends.
 */
function withWasi(parts: Parts, wasi: VirtualWasi): Parts {
  return wrapFunctions(parts, (name, call) => {
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

/** The functions that derive the context of a call from its last argument, by the name of the called function. */
const CONTEXTS: Readonly<Record<string, (argument: unknown) => DecisionContext | undefined>> = {
  // If there is no id, the last argument is the command.
  decide: (commandId) => (typeof commandId === 'string' ? contextOfCommand(commandId) : undefined),
  handle: (context) => contextOfEvent(context as EventContext),
  handleRejected: (rejected) => contextOfRejection(rejected as RejectedCommand),
};

/** Resets the budget before each call. */
function withBudget(parts: Parts, counters: Counters): Parts {
  return wrapFunctions(parts, (_, call) => (...args) => {
    counters.fill();
    return call(...args);
  });
}

function wrapFunctions(parts: Parts, wrap: (name: string, call: Call) => Call): Parts {
  const wrapped = Object.entries(parts).map(([name, part]: [string, object | undefined]) => [
    name,
    part && Object.fromEntries(Object.entries(part).map(([name, call]: [string, Call]) => [name, wrap(name, call)])),
  ]);
  return Object.fromEntries(wrapped) as Parts;
}
