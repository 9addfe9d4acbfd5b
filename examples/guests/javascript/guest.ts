/**
 * Any decider of `defineDecider` as the exports of the world `command-handler`: what is a value in the process is the
 * representation of a resource here. Errors need nothing: the `payload` of what the module throws is the WIT's error.
 */
import type { CommandHandler, Envelope } from '../../../src/core/index.ts';

/** What componentize-js looks for: an object for each exported interface, and a class for each resource. */
export function guestOf<State, Command, Event>(module: CommandHandler<State, Command, Event>) {
  const { types, decider, routing } = module;

  class CommandResource {
    readonly value: Command;
    constructor(value: Command) {
      this.value = value;
    }
    static fromEnvelope(envelope: Envelope): CommandResource {
      return new CommandResource(types.command.fromEnvelope(envelope));
    }
    toEnvelope(): Envelope {
      return types.command.toEnvelope(this.value);
    }
  }

  class EventResource {
    readonly value: Event;
    constructor(value: Event) {
      this.value = value;
    }
    static fromEnvelope(envelope: Envelope): EventResource {
      return new EventResource(types.event.fromEnvelope(envelope));
    }
    toEnvelope(): Envelope {
      return types.event.toEnvelope(this.value);
    }
  }

  class StateResource {
    value: State;
    constructor(value: State) {
      this.value = value;
    }
    static fromBytes(bytes: Uint8Array): StateResource {
      return new StateResource(types.state.fromBytes(bytes));
    }
    toBytes(): Uint8Array {
      return types.state.toBytes(this.value);
    }
  }

  return {
    types: { Command: CommandResource, Event: EventResource, State: StateResource },
    decider: {
      initialState: () => new StateResource(decider.initialState()),
      // The same object goes back: componentize-js 0.23 keeps every object that it ever gave out as a result.
      evolve: (state: StateResource, event: EventResource) => {
        state.value = decider.evolve(state.value, event.value);
        return state;
      },
      decide: (state: StateResource, command: CommandResource) => {
        const events = decider.decide(state.value, command.value);
        // By an index: what the engine wrote in JavaScript, `map` and `for … of`, is interpreted too, and slow.
        const resources: EventResource[] = [];
        for (let index = 0; index < events.length; index++) resources.push(new EventResource(events[index]!));
        return resources;
      },
    },
    routing: {
      describe: () => routing.describe(),
      streamId: (command: CommandResource) => routing.streamId(command.value),
    },
  };
}
