/**
 * `isolation: 'fresh'`: each call runs in a separate instance, which is disposed when the call ends. Between two calls,
 * the host keeps only bytes, so that a guest cannot carry hidden state from one call to the next. Proofs of decisions
 * use this isolation.
 *
 * Handles are keys of a table in the host, so that a module has the same interface in both kinds of isolation.
 */
import type { Decider } from '../../../core/decider.ts';
import type { EventHandler } from '../../../core/event-handler.ts';
import type { Envelope } from '../../../core/messages.ts';
import type { Projector } from '../../../core/projector.ts';
import type { Routing } from '../../../core/routing.ts';
import type { CommandType, EventType } from '../../../core/types.ts';
import { Trap } from '../index.ts';
import { faultOf, type HandleKind, noLiveHandle, rejectionOf } from './failures.ts';
import {
  type DecideWithCommandId,
  type Guest,
  type GuestTemplate,
  type Handle,
  type HandleTypes,
  makeGuestSync,
} from './guest.ts';

/** The data that a handle refers to. */
type Kept =
  | { readonly kind: 'state'; readonly bytes: Uint8Array }
  | { readonly kind: 'command'; readonly envelope: Envelope }
  | { readonly kind: 'event'; readonly envelope: Envelope };

/** Keeps the data of handles, and counts the instances that were created. */
export class FreshInstances {
  readonly #template: GuestTemplate;
  readonly #kept = new Map<Handle, Kept>();
  #last: Handle = 0;
  #instances = 0;

  constructor(template: GuestTemplate) {
    this.#template = template;
  }

  get instances(): number {
    return this.#instances;
  }

  get handles(): number {
    return this.#kept.size;
  }

  /** Runs a call in a separate instance. */
  run<Result>(call: (guest: Guest) => Result, failureOf: (error: unknown) => unknown = faultOf): Result {
    let guest: Guest | undefined;
    try {
      this.#instances++;
      guest = makeGuestSync(this.#template);
      return call(guest);
    } catch (error) {
      throw failureOf(guest === undefined ? error : guest.explain(error));
    } finally {
      guest?.dispose();
    }
  }

  /** Keeps data under a new handle. @throws Trap if the host already holds `maxHandles` handles. */
  keep(kept: Kept): Handle {
    const { maxHandles } = this.#template;
    if (this.#kept.size >= maxHandles)
      throw new Trap(`more than ${maxHandles} handles at a time; drop unused handles, or raise maxHandles`, {
        code: 'handles-exhausted',
      });
    this.#kept.set(++this.#last, kept);
    return this.#last;
  }

  keepState(bytes: Uint8Array): Handle {
    return this.keep({ kind: 'state', bytes });
  }

  /** Keeps all events. If the table has no room for all of them, no event is kept. */
  keepEvents(envelopes: readonly Envelope[]): readonly Handle[] {
    const handles: Handle[] = [];
    try {
      for (const envelope of envelopes) handles.push(this.keep({ kind: 'event', envelope }));
    } catch (error) {
      for (const handle of handles) this.drop(handle, 'event');
      throw error;
    }
    return handles;
  }

  drop(handle: Handle, kind: HandleKind): void {
    this.#find(handle, kind);
    this.#kept.delete(handle);
  }

  envelope(handle: Handle, kind: 'command' | 'event'): Envelope {
    return this.#find(handle, kind).envelope;
  }

  bytes(handle: Handle): Uint8Array {
    return this.#find(handle, 'state').bytes;
  }

  /** Returns the data of a handle. @throws ValueError if `handle` is not a live handle of this kind. */
  #find<Kind extends HandleKind>(handle: Handle, kind: Kind): Extract<Kept, { readonly kind: Kind }> {
    const kept = this.#kept.get(handle);
    if (kept === undefined) throw noLiveHandle(kind, handle);
    if (kept.kind !== kind) throw noLiveHandle(kind, handle, `it is a handle of ${kept.kind}`);
    return kept as Extract<Kept, { readonly kind: Kind }>;
  }

  /** Decodes the state in an instance, and drops its handle. */
  take(guest: Guest, handle: Handle): number {
    const state = guest.state.fromBytes(this.bytes(handle));
    this.drop(handle, 'state');
    return state;
  }
}

export function freshTypes(fresh: FreshInstances): HandleTypes {
  return {
    command: messageType(fresh, 'command'),
    event: messageType(fresh, 'event'),
    state: {
      fromBytes: (bytes) => fresh.run((guest) => fresh.keepState(guest.state.toBytes(guest.state.fromBytes(bytes)))),
      toBytes: (state) => fresh.bytes(state),
      drop: (state) => fresh.drop(state, 'state'),
    },
  };
}

/**
 * Makes the functions for one type of messages. Each message is decoded and encoded again immediately, so that old
 * versions are upgraded and invalid messages are reported here.
 */
function messageType(
  fresh: FreshInstances,
  kind: 'command' | 'event',
): Required<CommandType<Handle> & EventType<Handle>> {
  return {
    fromEnvelope: (envelope) =>
      fresh.run((guest) => {
        const read = guest[kind].toEnvelope(guest[kind].fromEnvelope(envelope));
        return fresh.keep({ kind, envelope: read });
      }),
    toEnvelope: (message) => fresh.envelope(message, kind),
    drop: (message) => fresh.drop(message, kind),
  };
}

export function freshDecider(fresh: FreshInstances): Decider<Handle, Handle, Handle> {
  return {
    initialState: () => fresh.run((guest) => fresh.keepState(guest.state.toBytes(guest.decider.initialState()))),
    evolve: (state, event) =>
      fresh.run((guest) => {
        const happened = guest.event.fromEnvelope(fresh.envelope(event, 'event'));
        return fresh.keepState(guest.state.toBytes(guest.decider.evolve(fresh.take(guest, state), happened)));
      }),
    decide: (state, command) => decide(fresh, state, command, undefined),
  };
}

/** Implements {@link Decider.decide} for the command with this UUID. */
export function freshDecideWithCommandId(fresh: FreshInstances): DecideWithCommandId {
  return (commandId, state, command) => decide(fresh, state, command, commandId);
}

function decide(
  fresh: FreshInstances,
  state: Handle,
  command: Handle,
  commandId: string | undefined,
): readonly Handle[] {
  return fresh.run((guest) => {
    const [before, asked] = [fresh.bytes(state), fresh.envelope(command, 'command')];
    const events = guest.decider.decide(guest.state.fromBytes(before), guest.command.fromEnvelope(asked), commandId);
    return fresh.keepEvents(events.map((event) => guest.event.toEnvelope(event)));
  }, rejectionOf);
}

export function freshRouting(fresh: FreshInstances): Routing<Handle> {
  return {
    describe: () => fresh.run((guest) => guest.routing.describe()),
    streamId: (command) =>
      fresh.run((guest) => guest.routing.streamId(guest.command.fromEnvelope(fresh.envelope(command, 'command')))),
  };
}

export function freshEventHandler(fresh: FreshInstances): EventHandler<Handle, Handle> {
  return {
    describe: () => fresh.run((guest) => guest.eventHandler.describe()),
    key: (event) =>
      fresh.run((guest) => guest.eventHandler.key(guest.event.fromEnvelope(fresh.envelope(event, 'event')))),
    initialState: () => fresh.run((guest) => fresh.keepState(guest.state.toBytes(guest.eventHandler.initialState()))),
    evolve: (state, event) =>
      fresh.run((guest) => {
        const happened = guest.event.fromEnvelope(fresh.envelope(event, 'event'));
        return fresh.keepState(guest.state.toBytes(guest.eventHandler.evolve(fresh.take(guest, state), happened)));
      }),
    handle: (state, event, context) =>
      fresh.run((guest) => {
        const happened = guest.event.fromEnvelope(fresh.envelope(event, 'event'));
        return guest.eventHandler.handle(guest.state.fromBytes(fresh.bytes(state)), happened, context);
      }),
    evolveRejected: (state, rejected) =>
      fresh.run((guest) => {
        const next = guest.eventHandler.evolveRejected(fresh.take(guest, state), rejected);
        return fresh.keepState(guest.state.toBytes(next));
      }),
    handleRejected: (state, rejected) =>
      fresh.run((guest) => guest.eventHandler.handleRejected(guest.state.fromBytes(fresh.bytes(state)), rejected)),
  };
}

export function freshProjector(fresh: FreshInstances): Projector<Handle, Handle> {
  return {
    describe: () => fresh.run((guest) => guest.projector.describe()),
    key: (event) => fresh.run((guest) => guest.projector.key(guest.event.fromEnvelope(fresh.envelope(event, 'event')))),
    initialState: () => fresh.run((guest) => fresh.keepState(guest.state.toBytes(guest.projector.initialState()))),
    project: (state, event, context) =>
      fresh.run((guest) => {
        const happened = guest.event.fromEnvelope(fresh.envelope(event, 'event'));
        const next = guest.projector.project(fresh.take(guest, state), happened, context);
        return next === undefined ? undefined : fresh.keepState(guest.state.toBytes(next));
      }),
  };
}
