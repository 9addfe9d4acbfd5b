/**
 * The worlds (wit/worlds.wit), which are the exports of a module in any language. The event sourcer accepts any value
 * of these types: functions in the process, or the exports of a component.
 */
import type { Decider } from './decider.ts';
import type { EventHandler } from './event-handler.ts';
import type { EventSourcer } from './event-sourcer.ts';
import type { EventStore } from './event-store.ts';
import type { Projector } from './projector.ts';
import type { Routing } from './routing.ts';
import type { Types } from './types.ts';

/** `world command-handler`: a decider with its types and routing. */
export interface CommandHandler<State, Command, Event> {
  readonly types: Types<State, Command, Event>;
  readonly decider: Decider<State, Command, Event>;
  readonly routing: Routing<Command>;
}

/** `world process-manager`: an event handler with its types. */
export interface ProcessManager<State, Command, Event> {
  readonly types: Types<State, Command, Event>;
  readonly eventHandler: EventHandler<State, Event>;
}

/** `world read-model`: a projector with its types. */
export interface ReadModel<State, Command, Event> {
  readonly types: Types<State, Command, Event>;
  readonly projector: Projector<State, Event>;
}

/** `world event-sourcing`: the event sourcer, over a module and a store. */
export interface EventSourcing<State, Command, Event> {
  readonly types: Types<State, Command, Event>;
  readonly decider: Decider<State, Command, Event>;
  readonly routing: Routing<Command>;
  readonly eventStore: EventStore;
  readonly eventSourcer: EventSourcer;
}

/** `world event-storage`: a store. */
export interface EventStorage {
  readonly eventStore: EventStore;
}
