/**
 * Adapts components of the contract `cosmonic:eventsourcing@0.0.1` (cosmonic-labs/event-sourcing), in its form with
 * methods of resources and in its older forms with functions.
 *
 * The contract folds a whole history in one call, and `handle` consumes the state. So a state is the list of the events
 * here, and each decision folds the list again.
 */
import { msgpack } from '../../../../core/codec/msgpack.ts';
import { DefinitionError, isFault } from '../../../../core/errors.ts';
import type { Envelope, WritePrecondition } from '../../../../core/messages.ts';
import { mustBe } from '../../../../core/predicates.ts';
import type { CommandDescriptor } from '../../../../core/routing.ts';
import type { OptionNames } from '../../../../core/unknown-names.ts';
import { type BufferSource, type Component, ComponentError, isComponentError } from '../../index.ts';
import { checkNames } from '../../option-names.ts';
import { compileSource } from '../component-source.ts';
import { GuestFault } from '../failures.ts';
import type { BoundExports } from '../guest.ts';
import { DEFAULT_MAX_HANDLES } from '../limits.ts';
import { type ComponentCommandHandler, digestOf, moduleOf } from '../load-module.ts';
import { checkOptions } from '../options.ts';
import { type CosmonicGuest, cosmonicForm } from './cosmonic-forms.ts';
import {
  checkForeign,
  checkName,
  FOREIGN_NAMES,
  type ForeignDescriptor,
  type ForeignOptions,
  fault,
} from './foreign-options.ts';
import { keptMessages } from './kept-messages.ts';
import { envelopeOf, type KeptMessage, KeptValues, SCHEMA_VERSION } from './kept-values.ts';

/** One command type of {@link cosmonicCommandHandler}. */
export interface CosmonicCommand {
  /**
   * The condition under which the events of the command are appended.
   *
   * @default 'stream-unchanged'
   */
  readonly precondition?: WritePrecondition | undefined;
}

/**
 * The options of {@link cosmonicCommandHandler}. The contract has no descriptor, so the options contain the data of the
 * descriptor.
 */
export interface CosmonicOptions extends ForeignOptions {
  /** The name of the module, which is recorded with each decision. */
  readonly name: string;
  /** The version of the module. Change it with the component. */
  readonly version: string;
  /** The command types. Messages of the contract have no types, so each payload is passed on without its type. */
  readonly commands: Readonly<Record<string, CosmonicCommand>>;
  /** Returns the id of the stream that decides a command. */
  readonly streamId: (command: Envelope) => string;
  /**
   * Returns the type of an event that the component has decided on, one of `events`.
   *
   * @default the only one of `events`
   */
  readonly eventType?: ((payload: Uint8Array) => string) | undefined;
}

const NAMES: OptionNames<CosmonicOptions> = {
  name: true,
  version: true,
  commands: true,
  streamId: true,
  eventType: true,
  ...FOREIGN_NAMES,
};
const PLACE = 'cosmonicCommandHandler';
const PRECONDITIONS: readonly WritePrecondition[] = ['stream-unchanged', 'no-stream', 'stream-exists', 'any'];

/**
 * Loads a component that was built for `cosmonic:eventsourcing@0.0.1` as a decider. It exports `types` and either
 * `command-handler` with methods of resources, or `aggregate` or `command-handler` with functions such as
 * `serialize-event`.
 *
 * Each decision passes all events of its stream to the component, because the contract cannot continue from a state.
 * The error of `handle` is a rejection with the code `rejected` and the component's text. Its other errors are faults.
 *
 * @example
 * const account = await cosmonicCommandHandler(await readFile('account.wasm'), {
 *   name: 'account',
 *   version: '1.0.0',
 *   category: 'account',
 *   commands: { Deposit: {} },
 *   events: ['Deposited'],
 *   streamId: ({ payload }) => accountIdOf(payload),
 * });
 *
 * @param source the bytes of a component, or a compiled one.
 * @throws MalformedError | InvalidError | UnsupportedError if the bytes are not a component that can be loaded.
 * @throws ArgumentError if `source` is another value, or an option is unknown or invalid.
 * @throws DefinitionError if an option of the descriptor is invalid.
 * @throws LinkError if the exports do not match the contract, or an import is missing or asynchronous.
 * @throws Trap if a start function traps, or the guest needs more memory than the limit allows.
 */
export async function cosmonicCommandHandler(
  source: BufferSource | Component,
  options: CosmonicOptions,
): Promise<ComponentCommandHandler> {
  checkNames('options', options, NAMES);
  const { name, version, commands, streamId, eventType, ...foreign } = options;
  const { category, events, contentType, foreignEvents, ...loading } = foreign;
  const described = checkForeign({ category, events, contentType, foreignEvents }, PLACE);
  checkName(name, `${PLACE}.name`);
  checkName(version, `${PLACE}.version`);
  if (typeof streamId !== 'function') throw new DefinitionError(`${PLACE}.streamId`, mustBe('a function', streamId));
  const definition: Definition = {
    described,
    name,
    version,
    commands: commandsOf(commands),
    streamId,
    eventType: eventTypeOf(eventType, events),
    checksEachEvent: loading.isolation === 'fresh',
    maxHandles: loading.maxHandles ?? DEFAULT_MAX_HANDLES,
  };
  checkOptions(loading);
  const digest = digestOf(source, loading.digest);
  const { component, bounds } = await compileSource(source, loading);
  const form = cosmonicForm(component);
  const bind = (exports: Record<string, unknown>): BoundExports => bindGuest(form(exports), definition);
  return moduleOf({ ...loading, digest, component, bounds, interfaceNames: {}, bind }, 'command-handler');
}

/** The checked options. */
interface Definition {
  readonly described: ForeignDescriptor;
  readonly name: string;
  readonly version: string;
  readonly commands: readonly CommandDescriptor[];
  readonly streamId: (command: Envelope) => string;
  readonly eventType: (payload: Uint8Array) => string;
  /**
   * True with `isolation: 'fresh'`. In this mode, an event is decoded again for each call, so that the host cannot
   * recognize a new event.
   */
  readonly checksEachEvent: boolean;
  readonly maxHandles: number;
}

function commandsOf(commands: CosmonicOptions['commands']): readonly CommandDescriptor[] {
  if (typeof commands !== 'object' || commands === null) {
    throw new DefinitionError(`${PLACE}.commands`, mustBe('an object whose names are the command types', commands));
  }
  return Object.entries(commands).map(([type, command]) => {
    const place = `${PLACE}.commands.${type}`;
    checkNames(place, command, { precondition: true } satisfies OptionNames<CosmonicCommand>);
    const { precondition = 'stream-unchanged' } = command;
    if (!PRECONDITIONS.includes(precondition)) {
      throw new DefinitionError(`${place}.precondition`, mustBe(`one of ${PRECONDITIONS.join(', ')}`, precondition));
    }
    return { type, schemaVersion: SCHEMA_VERSION, precondition, snapshot: { tag: 'never' } };
  });
}

function eventTypeOf(eventType: CosmonicOptions['eventType'], events: readonly string[]): Definition['eventType'] {
  if (typeof eventType === 'function') return eventType;
  const [only, second] = events;
  if (eventType === undefined && only !== undefined && second === undefined) return () => only;
  const problem =
    eventType === undefined ? 'is required, unless `events` has exactly one type' : mustBe('a function', eventType);
  throw new DefinitionError(`${PLACE}.eventType`, problem);
}

function bindGuest(guest: CosmonicGuest, definition: Definition): BoundExports {
  const { described, name, version, commands, streamId, eventType, checksEachEvent, maxHandles } = definition;
  const commandTypes = new Set(commands.map(({ type }) => type));
  const eventTypes = new Set(described.events.map(({ type }) => type));
  const keptCommands = new KeptValues<KeptMessage>('command', maxHandles);
  const keptEvents = new KeptValues<KeptMessage & { readonly isNew: boolean }>('event', maxHandles);
  const keptStates = new KeptValues<Uint8Array[]>('state', maxHandles);

  /** Returns the guest's state after the events. The caller drops it, or passes it to `handle`. */
  const fold = (payloads: readonly Uint8Array[]): number => {
    const events: number[] = [];
    try {
      for (const payload of payloads)
        events.push(faulty('undecodable-payload', () => guest.event.deserialize(payload)));
    } catch (error) {
      if (isComponentError(error)) for (const event of events) guest.event.drop(event);
      throw error;
    }
    return faulty('cannot-rehydrate', () => guest.rehydrate(events));
  };
  /** Folds the events for a command, which is dropped if they cannot be folded. */
  const folded = (payloads: readonly Uint8Array[], command: number): number => {
    try {
      return fold(payloads);
    } catch (error) {
      if (isComponentError(error)) guest.command.drop(command);
      throw error;
    }
  };
  /** Encodes the events of a decision, and drops them. */
  const serializeAll = (events: readonly number[]): readonly Uint8Array[] => {
    let next = 0;
    try {
      return events.map((event) => {
        next++;
        return faulty('unencodable-event', () => guest.event.serialize(event));
      });
    } catch (error) {
      if (isComponentError(error)) for (const event of events.slice(next)) guest.event.drop(event);
      throw error;
    }
  };
  const checkFold = (payloads: readonly Uint8Array[]): void => guest.state.drop(fold(payloads));

  return {
    command: keptMessages(keptCommands, commandTypes, (message) => {
      guest.command.drop(faulty('undecodable-payload', () => guest.command.deserialize(message.payload)));
      return message;
    }),
    event: keptMessages(keptEvents, eventTypes, (message) => {
      guest.event.drop(faulty('undecodable-payload', () => guest.event.deserialize(message.payload)));
      return { ...message, isNew: checksEachEvent };
    }),
    state: {
      fromBytes: (bytes) => keptStates.keep(guarded('state', () => decodeHistory(bytes, name))),
      toBytes: (state) => msgpack.encode(keptStates.get(state), subjectOf(name)),
      drop: (state) => keptStates.drop(state),
    },
    decider: {
      initialState: () => {
        // The host also calls this function to check whether the instance can still be called.
        checkFold([]);
        return keptStates.keep([]);
      },
      evolve: (state, event) => {
        const payloads = keptStates.get(state);
        const { payload, isNew } = keptEvents.get(event);
        payloads.push(payload);
        // New events are folded before they are stored. Stored ones are folded once, when a command is decided.
        if (isNew) {
          try {
            checkFold(payloads);
          } catch (error) {
            keptStates.drop(state);
            throw error;
          }
        }
        return state;
      },
      decide: (state, command) => {
        const asked = faulty('undecodable-payload', () => guest.command.deserialize(keptCommands.get(command).payload));
        const events = rejecting(() => guest.handle(folded(keptStates.get(state), asked), asked));
        const payloads = serializeAll(events);
        return payloads.map((made) =>
          keptEvents.keep({ type: guarded('eventType', () => eventType(made)), payload: made, isNew: true }),
        );
      },
    },
    routing: {
      describe: () => ({ ...described, name, version, digest: undefined, commands }),
      streamId: (command) => {
        const envelope = envelopeOf(keptCommands.get(command));
        return guarded('streamId', () => streamId(envelope));
      },
    },
    keptHandles: () => keptCommands.size + keptEvents.size + keptStates.size,
  };
}

/** Converts an error of the guest, which is a text, to a fault. */
function faulty<Result>(code: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    if (!isComponentError(error)) throw error;
    throw fault(code, String(error.payload));
  }
}

/**
 * Converts an error of a function of this program to a fault. Another error would end the instance, as an error of an
 * import does.
 */
function guarded<Result>(name: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    if (isComponentError(error)) throw error;
    if (isFault(error)) throw new GuestFault(error.payload);
    throw fault(
      'unexpected-exception',
      `${name} threw an error: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Converts an error of `handle` to a rejection. The contract does not distinguish rejections and faults. */
function rejecting<Result>(call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    if (!isComponentError(error) || error instanceof GuestFault) throw error;
    const message = String(error.payload);
    throw new ComponentError({ code: 'rejected', message, details: [] }, message);
  }
}

function subjectOf(name: string): { kind: 'state'; type: string; schemaVersion: number } {
  return { kind: 'state', type: name, schemaVersion: SCHEMA_VERSION };
}

function decodeHistory(bytes: Uint8Array, name: string): Uint8Array[] {
  const value: unknown = msgpack.decode(bytes, subjectOf(name));
  if (Array.isArray(value) && value.every((each) => each instanceof Uint8Array)) return value;
  throw fault('undecodable-payload', `the state of module ${name} must be an array of the payloads of its events`);
}
