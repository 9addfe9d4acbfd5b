/**
 * Turns any decider of `defineDecider` into an import object for a component that imports the interfaces of a decider,
 * such as the event sourcer of examples/system. A value of the module is the content of a resource. Errors are not
 * converted, because their `payload` is the error of the WIT.
 */
import type { CommandHandler, Envelope } from '../../../src/core/index.ts';

/** Returns an object for each interface, with a class for each resource. */
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
      evolve: (state: StateResource, event: EventResource) => {
        state.value = decider.evolve(state.value, event.value);
        return state;
      },
      decide: (state: StateResource, command: CommandResource) => {
        const events = decider.decide(state.value, command.value);
        // A loop with an index, because the engine's own JavaScript (`map`, `for … of`) is interpreted too, and slow.
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
