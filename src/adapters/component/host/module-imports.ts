/**
 * The imports of an event sourcer in a component: the interfaces of a module, and a store. A value of the module is the
 * representation of a resource here. Each call records the failures that the component cannot express, because such a
 * failure ends its instance.
 */
import { isAppendFailure, isFault, isRejection, isStoreFailure } from '../../../core/errors.ts';
import type { Appended, EventStore } from '../../../core/event-store.ts';
import type { BoundModule } from '../../../core/loop/bound-module.ts';
import type { Envelope } from '../../../core/messages.ts';
import type { ImportObject } from '../index.ts';
import { PACKAGE, VERSION } from './worlds.ts';

/** The progress of one call of the event sourcer. */
export interface CallInProgress {
  /** The UUID of the command. It is undefined for a read. */
  readonly commandId: string | undefined;
  /** The progress of the append. It is `'unknown'` from the beginning of the append until its result is known. */
  commit: 'none' | 'unknown' | 'done';
  /** The failure that ended the instance, if it is not a failure of the component. */
  failure: { readonly of: 'module' | 'store'; readonly error: unknown; readonly work: string } | undefined;
}

/** A command or an event of the module, as the representation of a resource. */
interface Message {
  readonly value: unknown;
}

/** Makes a call without progress. */
export function callInProgress(commandId: string | undefined): CallInProgress {
  return { commandId, commit: 'none', failure: undefined };
}

/** Ends the instance. It has no `payload`, because the loader would pass a payload to the component as a result. */
function ending(progress: CallInProgress, of: 'module' | 'store', work: string, error: unknown): Error {
  progress.failure = { of, error, work };
  return new Error(`the ${of} failed while it was ${work}`, { cause: error });
}

/**
 * Returns the imports for one instance.
 *
 * @param progress returns the call that the instance executes.
 */
export function moduleImports(module: BoundModule, progress: () => CallInProgress): ImportObject {
  const { types, decider, routing } = module;

  const endingUnless =
    (passes: (error: unknown) => boolean) =>
    <Args extends readonly unknown[], Result>(work: string, call: (...args: Args) => Result) =>
    (...args: Args): Result => {
      try {
        return call(...args);
      } catch (error) {
        if (passes(error)) throw error;
        throw ending(progress(), 'module', work, error);
      }
    };
  /** Passes faults to the component. Every other error ends the instance. */
  const guarded = endingUnless(isFault);
  /** Ends the instance with a fault too, because the function has no error case. */
  const infallible = endingUnless(() => false);

  const messageClass = (kind: 'command' | 'event', release: (value: unknown) => void) => {
    const encode = infallible('encoding a message', (value: unknown) => types[kind].toEnvelope(value));
    return class Message {
      readonly value: unknown;
      constructor(value: unknown) {
        this.value = value;
      }
      static fromEnvelope = guarded('reading a message', (it: Envelope) => new Message(types[kind].fromEnvelope(it)));
      toEnvelope(): Envelope {
        return encode(this.value);
      }
      [Symbol.dispose](): void {
        release(this.value);
      }
    };
  };
  const Command = messageClass('command', (value) => module.releaseCommand(value));
  const Event = messageClass('event', (value) => module.releaseEvent(value));

  class State {
    readonly value: unknown;
    constructor(value: unknown) {
      this.value = value;
    }
    static fromBytes = guarded('reading a state', (bytes: Uint8Array) => new State(types.state.fromBytes(bytes)));
    toBytes(): Uint8Array {
      return toBytes(this.value);
    }
    [Symbol.dispose](): void {
      module.releaseState(this.value);
    }
  }

  const toBytes = infallible('encoding a state', (value: unknown) => types.state.toBytes(value));

  return {
    [nameOf('types')]: { Command, Event, State },
    [nameOf('decider')]: {
      initialState: infallible('making the initial state', () => new State(decider.initialState())),
      evolve: guarded('folding an event', (state: State, event: Message) => {
        return new State(decider.evolve(state.value, event.value));
      }),
      decide: (state: State, command: Message): readonly Message[] => {
        const { commandId } = progress();
        try {
          const events =
            commandId === undefined
              ? decider.decide(state.value, command.value)
              : module.decide(commandId, state.value, command.value);
          return events.map((event) => new Event(event));
        } catch (error) {
          // A fault has the form of a rejection, and the component would record it as one.
          if (isRejection(error)) throw error;
          throw ending(progress(), 'module', 'deciding', error);
        }
      },
    },
    [nameOf('routing')]: {
      describe: () => module.descriptor,
      streamId: guarded('routing a command', (command: Message) => routing.streamId(command.value)),
    },
  };
}

/**
 * Returns the store as an import. Its functions are `async`, so that the loader suspends the component while they work.
 *
 * @param progress returns the call that the instance executes.
 */
export function storeImport(store: EventStore, progress: () => CallInProgress): ImportObject {
  const guarded = async <Result>(work: string, call: () => Promise<Result>): Promise<Result> => {
    try {
      return await call();
    } catch (error) {
      if (isStoreFailure(error)) throw error;
      throw ending(progress(), 'store', work, error);
    }
  };
  const append = async (
    ...[stream, events, precondition, decision]: Parameters<EventStore['append']>
  ): Promise<Appended> => {
    const current = progress();
    current.commit = 'unknown';
    try {
      const appended = await store.append(stream, events, precondition, decision);
      current.commit = 'done';
      return appended;
    } catch (error) {
      if (!isAppendFailure(error)) {
        // An inline read model could not process the events, so the store has rolled the append back.
        if (isFault(error)) current.commit = 'none';
        throw ending(current, 'store', 'appending', error);
      }
      const isUnknown = error.payload.tag === 'failure' && error.payload.val.code === 'unknown-outcome';
      if (!isUnknown) current.commit = 'none';
      throw error;
    }
  };
  return {
    [nameOf('event-store')]: {
      append,
      readStream: async (...args: Parameters<EventStore['readStream']>) =>
        guarded('reading', () => store.readStream(...args)),
      readAll: async (...args: Parameters<EventStore['readAll']>) => guarded('reading', () => store.readAll(...args)),
      awaitEvents: async (after: bigint | undefined) => guarded('waiting', () => store.awaitEvents(after)),
      findDecision: async (commandId: string) => guarded('reading', () => store.findDecision(commandId)),
      loadSnapshot: async (...args: Parameters<EventStore['loadSnapshot']>) =>
        guarded('reading', () => store.loadSnapshot(...args)),
      saveSnapshot: async (...args: Parameters<EventStore['saveSnapshot']>) =>
        guarded('saving a snapshot', () => store.saveSnapshot(...args)),
      dropSnapshot: async (...args: Parameters<EventStore['dropSnapshot']>) =>
        guarded('dropping a snapshot', () => store.dropSnapshot(...args)),
    },
  };
}

function nameOf(name: string): string {
  return `${PACKAGE}/${name}@${VERSION}`;
}
