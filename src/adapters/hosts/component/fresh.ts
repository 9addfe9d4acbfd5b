/**
 * `isolation: 'fresh'`: every call has an instance of its own, which is thrown away after it. What lives between two calls
 * is bytes on this side, and so nothing can be carried from one to the other: what proves a decision runs like this.
 *
 * Handles are places in a table of the host's, so that a module is the same in both kinds of isolation.
 */
import type { Decider } from '../../../core/decider.ts';
import type { EventHandler } from '../../../core/event-handler.ts';
import type { Envelope } from '../../../core/messages.ts';
import type { Projector } from '../../../core/projector.ts';
import type { Routing } from '../../../core/routing.ts';
import type { CommandType, EventType, Types } from '../../../core/types.ts';
import { faultOf, rejectionOf } from './failures.ts';
import { type Blueprint, type DecideById, type Guest, type Handle, makeGuestSync } from './guest.ts';

/** What handles stand for, and the instances that were made. */
export class FreshInstances {
  readonly #blueprint: Blueprint;
  readonly #values = new Map<Handle, Envelope | Uint8Array>();
  #last: Handle = 0;
  #instances = 0;

  constructor(blueprint: Blueprint) {
    this.#blueprint = blueprint;
  }

  get instances(): number {
    return this.#instances;
  }

  get handles(): number {
    return this.#values.size;
  }

  /** Runs a call in an instance of its own. */
  run<Result>(call: (guest: Guest) => Result, failureOf: (error: unknown) => unknown = faultOf): Result {
    let guest: Guest | undefined;
    try {
      this.#instances++;
      guest = makeGuestSync(this.#blueprint);
      return call(guest);
    } catch (error) {
      throw failureOf(guest === undefined ? error : guest.explain(error));
    }
  }

  /** @throws RangeError where the host holds as many handles as it may. */
  keep(value: Envelope | Uint8Array): Handle {
    const { maxHandles } = this.#blueprint;
    if (this.#values.size >= maxHandles) throw new RangeError(`too many handles: the limit is ${maxHandles}`);
    this.#values.set(++this.#last, value);
    return this.#last;
  }

  /** All of them or, where there is no room for that, none. */
  keepAll(values: readonly (Envelope | Uint8Array)[]): readonly Handle[] {
    const kept: Handle[] = [];
    try {
      for (const value of values) kept.push(this.keep(value));
    } catch (error) {
      for (const handle of kept) this.drop(handle);
      throw error;
    }
    return kept;
  }

  drop(handle: Handle): void {
    if (!this.#values.delete(handle)) throw new TypeError(`${handle} is no live handle`);
  }

  envelope(handle: Handle): Envelope {
    const value = this.#values.get(handle);
    if (value === undefined || value instanceof Uint8Array)
      throw new TypeError(`${handle} is no live handle of a message`);
    return value;
  }

  bytes(handle: Handle): Uint8Array {
    const value = this.#values.get(handle);
    if (!(value instanceof Uint8Array)) throw new TypeError(`${handle} is no live handle of a state`);
    return value;
  }

  /** Gives the state to an instance; the handle is used up. */
  take(guest: Guest, handle: Handle): number {
    const state = guest.state.fromBytes(this.bytes(handle));
    this.drop(handle);
    return state;
  }
}

export function freshTypes(fresh: FreshInstances): Types<Handle, Handle, Handle> {
  return {
    command: messageType(fresh, 'command'),
    event: messageType(fresh, 'event'),
    state: {
      fromBytes: (bytes) => fresh.run((guest) => fresh.keep(guest.state.toBytes(guest.state.fromBytes(bytes)))),
      toBytes: (state) => fresh.bytes(state),
      drop: (state) => fresh.drop(state),
    },
  };
}

/** A message is read and written again at once: old versions are brought forward, and what is wrong is a fault here. */
function messageType(fresh: FreshInstances, kind: 'command' | 'event'): CommandType<Handle> & EventType<Handle> {
  return {
    fromEnvelope: (envelope) =>
      fresh.run((guest) => fresh.keep(guest[kind].toEnvelope(guest[kind].fromEnvelope(envelope)))),
    toEnvelope: (message) => fresh.envelope(message),
    drop: (message) => fresh.drop(message),
  };
}

export function freshDecider(fresh: FreshInstances): Decider<Handle, Handle, Handle> {
  return {
    initialState: () => fresh.run((guest) => fresh.keep(guest.state.toBytes(guest.decider.initialState()))),
    evolve: (state, event) =>
      fresh.run((guest) => {
        const happened = guest.event.fromEnvelope(fresh.envelope(event));
        return fresh.keep(guest.state.toBytes(guest.decider.evolve(fresh.take(guest, state), happened)));
      }),
    decide: (state, command) => decide(fresh, state, command, undefined),
  };
}

/** {@link Decider.decide} for the command with this UUID. */
export function freshDecideById(fresh: FreshInstances): DecideById {
  return (commandId, state, command) => decide(fresh, state, command, commandId);
}

function decide(
  fresh: FreshInstances,
  state: Handle,
  command: Handle,
  commandId: string | undefined,
): readonly Handle[] {
  return fresh.run((guest) => {
    const [before, asked] = [fresh.bytes(state), fresh.envelope(command)];
    const events = guest.decider.decide(guest.state.fromBytes(before), guest.command.fromEnvelope(asked), commandId);
    return fresh.keepAll(events.map((event) => guest.event.toEnvelope(event)));
  }, rejectionOf);
}

export function freshRouting(fresh: FreshInstances): Routing<Handle> {
  return {
    describe: () => fresh.run((guest) => guest.routing.describe()),
    streamId: (command) =>
      fresh.run((guest) => guest.routing.streamId(guest.command.fromEnvelope(fresh.envelope(command)))),
  };
}

export function freshEventHandler(fresh: FreshInstances): EventHandler<Handle, Handle> {
  return {
    describe: () => fresh.run((guest) => guest.eventHandler.describe()),
    key: (event) => fresh.run((guest) => guest.eventHandler.key(guest.event.fromEnvelope(fresh.envelope(event)))),
    initialState: () => fresh.run((guest) => fresh.keep(guest.state.toBytes(guest.eventHandler.initialState()))),
    evolve: (state, event) =>
      fresh.run((guest) => {
        const happened = guest.event.fromEnvelope(fresh.envelope(event));
        return fresh.keep(guest.state.toBytes(guest.eventHandler.evolve(fresh.take(guest, state), happened)));
      }),
    handle: (state, event, context) =>
      fresh.run((guest) => {
        const happened = guest.event.fromEnvelope(fresh.envelope(event));
        return guest.eventHandler.handle(guest.state.fromBytes(fresh.bytes(state)), happened, context);
      }),
  };
}

export function freshProjector(fresh: FreshInstances): Projector<Handle, Handle> {
  return {
    describe: () => fresh.run((guest) => guest.projector.describe()),
    key: (event) => fresh.run((guest) => guest.projector.key(guest.event.fromEnvelope(fresh.envelope(event)))),
    initialState: () => fresh.run((guest) => fresh.keep(guest.state.toBytes(guest.projector.initialState()))),
    project: (state, event, context) =>
      fresh.run((guest) => {
        const happened = guest.event.fromEnvelope(fresh.envelope(event));
        const next = guest.projector.project(fresh.take(guest, state), happened, context);
        return next === undefined ? undefined : fresh.keep(guest.state.toBytes(next));
      }),
  };
}
