/**
 * Runs a process manager as a decider. Its commands are the events that it receives and the rejections of its own
 * commands, and its events are its reactions. So storage, concurrency, idempotency, the hash chain, snapshots and
 * replay are those of every decider, and the outbox is an event stream.
 *
 * The state is folded from the input of the process. A decision record contains the input, but folding reads only
 * events. So the input is stored as the last event of its decision, if the state depends on it. It comes last because
 * the index of a reaction is part of its command's id.
 */
import { msgpack } from '../codec/msgpack.ts';
import type { CodeFingerprints } from '../define/state-fingerprint.ts';
import { FaultError } from '../errors.ts';
import type { Deadline, Reaction } from '../event-handler.ts';
import { LAST_TIME } from '../limits.ts';
import type { Envelope } from '../messages.ts';
import type { Descriptor } from '../routing.ts';
import { equalBytes } from '../storage/equal-bytes.ts';
import { categoryOf } from '../stream-name.ts';
import type { CommandHandler, ProcessManager } from '../worlds.ts';
import { EventReading } from './event-reading.ts';
import {
  decodeEvent,
  decodeInput,
  encodeEvent,
  encodeInput,
  observationType,
  PROCESS_EVENT_TYPES,
  type ProcessEvent,
  type ProcessInput,
  rejectionType,
} from './process-messages.ts';

/** A process manager with any type parameters. */
export type AnyProcessManager = ProcessManager<unknown, unknown, unknown> & CodeFingerprints;

/** The state of one process. */
export interface ProcessState {
  /** The state of the module itself: a value, or a handle into a guest. */
  readonly inner: unknown;
  readonly hasEnded: boolean;
}

/** The number of events after which a process stores a snapshot. Most processes have fewer events. */
const SNAPSHOT_EVERY = 200;

/** Makes a module for the event sourcer from a process manager. */
export function processModule(manager: AnyProcessManager): CommandHandler<ProcessState, ProcessInput, ProcessEvent> {
  const { types, eventHandler } = manager;
  const handler = eventHandler.describe();
  const reading = new EventReading(handler.events);
  const inputs = [...handler.events.map(observationType), ...handler.commands.map(rejectionType)];
  const descriptor: Descriptor = {
    name: handler.name,
    version: handler.version,
    contentType: msgpack.contentType,
    digest: handler.digest,
    category: handler.name,
    foreignEvents: 'fault',
    commands: inputs.map((type) => ({
      type,
      schemaVersion: 1,
      precondition: 'stream-unchanged',
      snapshot: { tag: 'every', val: SNAPSHOT_EVERY },
    })),
    events: PROCESS_EVENT_TYPES.map((type) => ({ type, schemaVersion: 1 })),
  };
  const isHandle = types.state.drop !== undefined;
  const copyOf = (state: unknown): unknown => (isHandle ? types.state.fromBytes(types.state.toBytes(state)) : state);
  return {
    types: {
      command: { fromEnvelope: decodeInput, toEnvelope: encodeInput },
      event: { fromEnvelope: decodeEvent, toEnvelope: encodeEvent },
      state: {
        fromBytes: (bytes) => {
          const [hasEnded, inner] = stateOf(msgpack.decode(bytes, subjectOf(handler.name)), handler.name);
          return { hasEnded, inner: types.state.fromBytes(inner) };
        },
        toBytes: ({ hasEnded, inner }) =>
          msgpack.encode([hasEnded, types.state.toBytes(inner)], subjectOf(handler.name)),
        ...(isHandle ? { drop: ({ inner }: ProcessState) => types.state.drop?.(inner) } : {}),
      },
    },
    decider: {
      initialState: () => ({ inner: eventHandler.initialState(), hasEnded: false }),
      evolve: (state, event) => {
        switch (event.type) {
          case 'EventObserved':
            return {
              ...state,
              inner: withEvent(manager, reading.named(event.category, event.event), (seen) =>
                eventHandler.evolve(state.inner, seen),
              ),
            };
          case 'RejectionObserved':
            return { ...state, inner: eventHandler.evolveRejected(state.inner, event.rejected) };
          case 'ProcessEnded':
            return { ...state, hasEnded: true };
          default:
            return state;
        }
      },
      decide: (state, input) => {
        if (state.hasEnded) return [];
        const before = copyOf(state.inner);
        const [after, reactions, observed] = react(manager, reading, before, input);
        // If the fold changes nothing, the input is not stored. Handles are compared by their bytes.
        const isChanged = isHandle
          ? !equalBytes(types.state.toBytes(state.inner), types.state.toBytes(after))
          : after !== before;
        types.state.drop?.(after);
        return [...reactions.map((reaction) => eventOf(reaction, handler.name)), ...(isChanged ? [observed] : [])];
      },
    },
    routing: {
      describe: () => descriptor,
      streamId: ({ key }) => key,
    },
  };
}

function react(
  manager: AnyProcessManager,
  reading: EventReading,
  before: unknown,
  input: ProcessInput,
): [after: unknown, reactions: readonly Reaction[], observed: ProcessEvent] {
  const { eventHandler, types } = manager;
  if (input.tag === 'rejected') {
    const after = eventHandler.evolveRejected(before, input.rejected);
    return releasing(types, after, () => [
      after,
      eventHandler.handleRejected(after, input.rejected),
      { type: 'RejectionObserved', rejected: input.rejected },
    ]);
  }
  const category = categoryOf(input.context.stream);
  return withEvent(manager, reading.named(category, input.event), (event) => {
    const after = eventHandler.evolve(before, event);
    return releasing(types, after, () => [
      after,
      eventHandler.handle(after, event, input.context),
      { type: 'EventObserved', category, event: input.event },
    ]);
  });
}

/** Runs the handler. If it fails, the state is released, because the caller does not get it. */
function releasing<Result>(types: AnyProcessManager['types'], state: unknown, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    types.state.drop?.(state);
    throw error;
  }
}

function withEvent<Result>({ types }: AnyProcessManager, envelope: Envelope, use: (event: unknown) => Result): Result {
  const event = types.event.fromEnvelope(envelope);
  try {
    return use(event);
  } finally {
    types.event.drop?.(event);
  }
}

/**
 * Makes the event for a reaction.
 * @throws FaultError if a guest has scheduled a command for a time that not all stores can keep.
 */
function eventOf(reaction: Reaction, name: string): ProcessEvent {
  switch (reaction.tag) {
    case 'dispatch':
      return { type: 'CommandDispatched', command: reaction.val };
    case 'schedule':
      if (reaction.val.dueAt > LAST_TIME) throw tooLate(reaction.val, name);
      return { type: 'DeadlineScheduled', ...reaction.val };
    case 'cancel':
      return { type: 'DeadlineCancelled', id: reaction.val };
    case 'end':
      return { type: 'ProcessEnded' };
  }
}

function tooLate({ id, dueAt }: Deadline, name: string): FaultError {
  const message = `${name} scheduled ${id} at ${dueAt}, expected milliseconds since the Unix epoch up to ${LAST_TIME}`;
  return new FaultError({ code: 'invalid-reaction', message, details: [['module', name]] });
}

function subjectOf(name: string): { kind: 'state'; type: string; schemaVersion: number } {
  return { kind: 'state', type: name, schemaVersion: 1 };
}

function stateOf(value: unknown, name: string): [boolean, Uint8Array] {
  if (Array.isArray(value) && value.length === 2 && typeof value[0] === 'boolean' && value[1] instanceof Uint8Array) {
    return [value[0], value[1]];
  }
  throw new FaultError({
    code: 'undecodable-payload',
    message: `the state of a process of ${name} must be an array of a boolean and bytes`,
    details: [['module', name]],
  });
}
