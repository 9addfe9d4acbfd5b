/** `isolation: 'pooled'`: the functions of the contract, which run in the one instance of a {@link Pool}. */
import type { Decider } from '../../../core/decider.ts';
import type { EventHandler } from '../../../core/event-handler.ts';
import type { Projector } from '../../../core/projector.ts';
import type { Routing } from '../../../core/routing.ts';
import type { CommandType, EventType } from '../../../core/types.ts';
import { faultOf, type HandleKind, rejectionOf } from './failures.ts';
import type { DecideWithCommandId, Handle, HandleTypes } from './guest.ts';
import type { Pool } from './pool.ts';

/**
 * Wraps `call` so that it throws the errors of the contract. No function has more than three parameters, and passing
 * them one by one takes half the time of passing a list.
 */
function guarded<A, B, C, Result>(pool: Pool, call: (a: A, b: B, c: C) => Result): (a?: A, b?: B, c?: C) => Result {
  return (a, b, c) => {
    try {
      return call(a as A, b as B, c as C);
    } catch (error) {
      throw faultOf(pool.handleFailure(error));
    }
  };
}

export function pooledTypes(pool: Pool): HandleTypes {
  return {
    command: messageType(pool, 'command'),
    event: messageType(pool, 'event'),
    state: {
      fromBytes: guarded(pool, (bytes) => pool.base + pool.guest.state.fromBytes(bytes)),
      toBytes: guarded(pool, (state) => pool.guest.state.toBytes(pool.numberOf(state, 'state'))),
      drop: dropping(pool, 'state'),
    },
  };
}

function messageType(pool: Pool, kind: 'command' | 'event'): Required<CommandType<Handle> & EventType<Handle>> {
  return {
    fromEnvelope: guarded(pool, (envelope) => pool.base + pool.guest[kind].fromEnvelope(envelope)),
    toEnvelope: guarded(pool, (message) => pool.guest[kind].toEnvelope(pool.numberOf(message, kind))),
    drop: dropping(pool, kind),
  };
}

function dropping(pool: Pool, kind: HandleKind): (handle: Handle) => void {
  return guarded(pool, (handle) => {
    if (pool.isLive(handle, kind)) pool.guest[kind].drop(pool.numberOf(handle, kind));
  });
}

export function pooledDecider(pool: Pool): Decider<Handle, Handle, Handle> {
  return {
    initialState: guarded(pool, () => pool.base + pool.guest.decider.initialState()),
    // Replays and decisions consist of these calls. Sharing `guarded` with the other functions would slow them down.
    evolve: (state, event) => {
      try {
        return pool.base + pool.guest.decider.evolve(pool.numberOf(state, 'state'), pool.numberOf(event, 'event'));
      } catch (error) {
        throw faultOf(pool.handleFailure(error));
      }
    },
    decide: (state, command) => {
      try {
        return pool.handlesOf(
          pool.base,
          pool.guest.decider.decide(pool.numberOf(state, 'state'), pool.numberOf(command, 'command')),
        );
      } catch (error) {
        throw rejectionOf(pool.handleFailure(error));
      }
    },
  };
}

/** Implements {@link Decider.decide} for the command with this UUID. */
export function pooledDecideWithCommandId(pool: Pool): DecideWithCommandId {
  return (commandId, state, command) => {
    try {
      return pool.handlesOf(
        pool.base,
        pool.guest.decider.decide(pool.numberOf(state, 'state'), pool.numberOf(command, 'command'), commandId),
      );
    } catch (error) {
      throw rejectionOf(pool.handleFailure(error));
    }
  };
}

export function pooledRouting(pool: Pool): Routing<Handle> {
  return {
    describe: guarded(pool, () => pool.guest.routing.describe()),
    streamId: guarded(pool, (command) => pool.guest.routing.streamId(pool.numberOf(command, 'command'))),
  };
}

export function pooledEventHandler(pool: Pool): EventHandler<Handle, Handle> {
  return {
    describe: guarded(pool, () => pool.guest.eventHandler.describe()),
    key: guarded(pool, (event) => pool.guest.eventHandler.key(pool.numberOf(event, 'event'))),
    initialState: guarded(pool, () => pool.base + pool.guest.eventHandler.initialState()),
    evolve: guarded(
      pool,
      (state, event) =>
        pool.base + pool.guest.eventHandler.evolve(pool.numberOf(state, 'state'), pool.numberOf(event, 'event')),
    ),
    handle: guarded(pool, (state, event, context) =>
      pool.guest.eventHandler.handle(pool.numberOf(state, 'state'), pool.numberOf(event, 'event'), context),
    ),
    evolveRejected: guarded(
      pool,
      (state, rejected) => pool.base + pool.guest.eventHandler.evolveRejected(pool.numberOf(state, 'state'), rejected),
    ),
    handleRejected: guarded(pool, (state, rejected) =>
      pool.guest.eventHandler.handleRejected(pool.numberOf(state, 'state'), rejected),
    ),
  };
}

export function pooledProjector(pool: Pool): Projector<Handle, Handle> {
  return {
    describe: guarded(pool, () => pool.guest.projector.describe()),
    key: guarded(pool, (event) => pool.guest.projector.key(pool.numberOf(event, 'event'))),
    initialState: guarded(pool, () => pool.base + pool.guest.projector.initialState()),
    project: guarded(pool, (state, event, context) => {
      const { base } = pool;
      const next = pool.guest.projector.project(pool.numberOf(state, 'state'), pool.numberOf(event, 'event'), context);
      return next === undefined ? undefined : base + next;
    }),
  };
}
