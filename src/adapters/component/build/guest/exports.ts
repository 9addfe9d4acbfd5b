/**
 * Turns a definition (`defineDecider`, `defineEventHandler` or `defineProjector`) into the exports of its world. A
 * value of the module is the content of a resource. Errors are not converted, because their `payload` is the error of
 * the WIT.
 *
 * The engine interprets this code, so each call does little: no spread of arguments, no closures, no iterators.
 */
import type { Reaction } from '../../../../core/event-handler.ts';
import type { EventContext, Fault, RejectedCommand } from '../../../../core/messages.ts';
import type { CommandHandler, ProcessManager, ReadModel } from '../../../../core/worlds.ts';
import { guardOf, type Refusal } from './guard.ts';

const guard = guardOf();

type AnyModule = CommandHandler<unknown, unknown, unknown> | AnyProcessManager | ReadModel<unknown, unknown, unknown>;
type AnyProcessManager = ProcessManager<unknown, unknown, unknown>;
type Types = AnyModule['types'];

/** The result of {@link guestOf}. */
export interface Guest {
  readonly world: 'command-handler' | 'process-manager' | 'read-model';
  readonly name: string;
  readonly version: string;
  /** The exports of the component, by the name of the interface in camel case. */
  readonly exports: Readonly<Record<string, object>>;
}

/** The reason why a file cannot be built, with the names of its exports, and of those that are definitions. */
export interface NoGuest {
  readonly world?: undefined;
  /** The clock or the random numbers that the file has read while it was evaluated. */
  readonly read: Refusal | undefined;
  readonly exported: readonly string[];
  readonly definitions: readonly string[];
}

/**
 * Chooses the definition among the exports of a file, and returns its guest. Without a name, the definition is the
 * default export or the only definition.
 */
export function guestOf(exports: Readonly<Record<string, unknown>>, name: string | undefined): Guest | NoGuest {
  const exported = Object.keys(exports);
  const definitions = exported.filter((each) => isModule(exports[each]));
  const read = guard.refused?.isIndeterminate ? guard.refused : undefined;
  const usual = definitions.includes('default') ? 'default' : definitions.length === 1 ? definitions[0] : undefined;
  const module = exports[name ?? usual ?? ''];
  return isModule(module) && read === undefined ? guest(module) : { read, exported, definitions };
}

function isModule(value: unknown): value is AnyModule {
  if (typeof value !== 'object' || value === null || !('types' in value)) return false;
  return ('decider' in value && 'routing' in value) || 'eventHandler' in value || 'projector' in value;
}

function guest(module: AnyModule): Guest {
  const resources = resourcesOf(module.types);
  const { State } = resources;
  // The first use creates the objects that later calls share, so that the snapshot of the engine contains them.
  const describe = (): Guest => {
    if ('decider' in module) {
      const { name, version } = module.routing.describe();
      const exports = { types: resources, ...commandHandler(module, resources) };
      return { world: 'command-handler', name, version, exports };
    }
    if ('eventHandler' in module) {
      const { name, version } = module.eventHandler.describe();
      const exports = { types: resources, eventHandler: eventHandler(module, resources) };
      return { world: 'process-manager', name, version, exports };
    }
    const { name, version } = module.projector.describe();
    return {
      world: 'read-model',
      name,
      version,
      exports: { types: resources, projector: projector(module, resources) },
    };
  };
  const initial =
    'decider' in module ? module.decider : 'eventHandler' in module ? module.eventHandler : module.projector;
  State.fromBytes(new State(initial.initialState()).toBytes());
  return describe();
}

// Calls ------------------------------------------------------------------------------------------------------------

/** Calls a function of the module. A refused use is a fault, even if the module has caught its error. */
function called<Call extends (a: never, b: never, c: never) => unknown>(call: Call): Call {
  const checked = (a: never, b: never, c: never): unknown => {
    guard.refused = undefined;
    const result = call(a, b, c);
    if (guard.refused !== undefined) throw unavailable(guard.refused);
    return result;
  };
  return checked as Call;
}

/** Returns the error for a refused use. The engine passes the `payload` of a thrown object to the host. */
function unavailable({ name, message }: Refusal): { readonly payload: Fault } {
  return { payload: { code: 'unavailable', message, details: [['name', name]] } };
}

function isRejection(error: unknown): boolean {
  return (error as { readonly family?: unknown } | undefined)?.family === 'decidable/rejection';
}

/**
 * Returns an error that ends the instance. The WIT has no fault of `decide`, and a fault that was returned as a
 * rejection would be recorded. The engine traps if a thrown error has no `payload`.
 */
function asTrap(error: unknown): Error {
  return new Error('the decision failed', { cause: error });
}

function unsafeInteger(name: string): { readonly payload: Fault } {
  const message = `${name} is 2^53 or more, which a guest in JavaScript cannot represent exactly`;
  return { payload: { code: 'unsafe-integer', message, details: [['name', name]] } };
}

/** Converts a `u64`, for which the engine uses a number. @throws a fault if the number may have been rounded. */
function bigint(value: unknown, name: string): bigint {
  if (typeof value === 'bigint') return value;
  if (!Number.isSafeInteger(value)) throw unsafeInteger(name);
  return BigInt(value as number);
}

function contextOf(context: EventContext): EventContext {
  return {
    id: context.id,
    stream: context.stream,
    revision: bigint(context.revision, 'revision'),
    position: bigint(context.position, 'position'),
    recordedAt: bigint(context.recordedAt, 'recorded-at'),
    correlationId: context.correlationId,
    causationId: context.causationId,
  };
}

function rejectedOf(rejected: RejectedCommand): RejectedCommand {
  return {
    commandId: rejected.commandId,
    command: rejected.command,
    stream: rejected.stream,
    rejection: rejected.rejection,
    recordedAt: bigint(rejected.recordedAt, 'recorded-at'),
  };
}

/** Converts the times of deadlines, for which the engine uses numbers. */
function reactionsOf(reactions: readonly Reaction[]): readonly object[] {
  return reactions.map((reaction) => {
    if (reaction.tag !== 'schedule') return reaction;
    const { id, dueAt, command } = reaction.val;
    if (dueAt > Number.MAX_SAFE_INTEGER) throw unsafeInteger('due-at');
    return { tag: 'schedule', val: { id, dueAt: Number(dueAt), command } };
  });
}

// Worlds -----------------------------------------------------------------------------------------------------------

/** A resource of the guest. */
interface Held {
  readonly value: unknown;
}

type Resources = ReturnType<typeof resourcesOf>;

function resourcesOf({ command, event, state }: Types) {
  class Command implements Held {
    static readonly fromEnvelope = called((envelope: never) => new Command(command.fromEnvelope(envelope)));
    readonly value: unknown;
    constructor(value: unknown) {
      this.value = value;
    }
    toEnvelope() {
      return encodeCommand(this.value);
    }
  }

  class Event implements Held {
    static readonly fromEnvelope = called((envelope: never) => new Event(event.fromEnvelope(envelope)));
    readonly value: unknown;
    constructor(value: unknown) {
      this.value = value;
    }
    toEnvelope() {
      return encodeEvent(this.value);
    }
  }

  class State implements Held {
    static readonly fromBytes = called((bytes: Uint8Array) => new State(state.fromBytes(bytes)));
    readonly value: unknown;
    constructor(value: unknown) {
      this.value = value;
    }
    toBytes() {
      return encodeState(this.value);
    }
  }

  const encodeCommand = called((value: unknown) => command.toEnvelope(value));
  const encodeEvent = called((value: unknown) => event.toEnvelope(value));
  const encodeState = called((value: unknown) => state.toBytes(value));
  return { Command, Event, State };
}

function commandHandler(
  { decider, routing }: CommandHandler<unknown, unknown, unknown>,
  { Event, State }: Resources,
): Record<'decider' | 'routing', object> {
  const decide = called((state: unknown, command: unknown) => decider.decide(state, command));
  return {
    decider: {
      initialState: () => new State(decider.initialState()),
      // The result is a new object, because the engine keeps the handle of an object that was a result before.
      evolve: called((state: Held, event: Held) => new State(decider.evolve(state.value, event.value))),
      decide: (state: Held, command: Held) => {
        try {
          const events = decide(state.value, command.value);
          const resources = new Array(events.length);
          for (let index = 0; index < events.length; index++) resources[index] = new Event(events[index]);
          return resources;
        } catch (error) {
          throw isRejection(error) ? error : asTrap(error);
        }
      },
    },
    routing: {
      describe: () => routing.describe(),
      streamId: called((command: Held) => routing.streamId(command.value)),
    },
  };
}

function eventHandler({ eventHandler: handler }: AnyProcessManager, { State }: Resources): object {
  return {
    describe: () => handler.describe(),
    key: called((event: Held) => handler.key(event.value)),
    initialState: () => new State(handler.initialState()),
    evolve: called((state: Held, event: Held) => new State(handler.evolve(state.value, event.value))),
    handle: called((state: Held, event: Held, context: EventContext) =>
      reactionsOf(handler.handle(state.value, event.value, contextOf(context))),
    ),
    evolveRejected: called(
      (state: Held, rejected: RejectedCommand) => new State(handler.evolveRejected(state.value, rejectedOf(rejected))),
    ),
    handleRejected: called((state: Held, rejected: RejectedCommand) =>
      reactionsOf(handler.handleRejected(state.value, rejectedOf(rejected))),
    ),
  };
}

function projector(
  { projector: handler }: ReadModel<unknown, unknown, unknown>,
  { State }: Resources,
): Record<string, unknown> {
  return {
    describe: () => handler.describe(),
    key: called((event: Held) => handler.key(event.value)),
    initialState: () => new State(handler.initialState()),
    project: called((state: Held, event: Held, context: EventContext) => {
      const next = handler.project(state.value, event.value, contextOf(context));
      return next === undefined ? undefined : new State(next);
    }),
  };
}
