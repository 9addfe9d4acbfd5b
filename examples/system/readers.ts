/**
 * Runs a process manager and a read model over a store, in the memory of this program. `defineSystem` runs them
 * durably. This file shows which functions of the contract it calls.
 */
import {
  type CommandOptions,
  type Envelope,
  type EventContext,
  type EventSource,
  type EventSourcer,
  type EventStore,
  type ProcessManager,
  type Reaction,
  type ReadModel,
  type RecordedEvent,
  reactionId,
  readEvents,
} from 'decidable';

type Module<World> = World & { readonly types: ProcessManager<unknown, unknown, unknown>['types'] };
export type AnyProcessManager = Module<ProcessManager<unknown, unknown, unknown>>;
export type AnyReadModel = Module<ReadModel<unknown, unknown, unknown>>;

/** The cause of reactions: the ids that their commands record. */
type Cause = Pick<EventContext, 'id' | 'correlationId'>;

export class Readers {
  readonly #store: EventStore;
  readonly #sourcer: EventSourcer;
  readonly #manager: AnyProcessManager;
  readonly #model: AnyReadModel;
  readonly #processes = new Map<string, unknown>();
  readonly #documents = new Map<string, unknown>();
  #position: bigint | undefined;

  constructor(store: EventStore, sourcer: EventSourcer, manager: AnyProcessManager, model: AnyReadModel) {
    this.#store = store;
    this.#sourcer = sourcer;
    this.#manager = manager;
    this.#model = model;
  }

  /** Reads all new events, including the events that the reactions to them cause. */
  async catchUp(): Promise<void> {
    for (let before: bigint | undefined | null = null; before !== this.#position; ) {
      before = this.#position;
      for await (const recorded of readEvents(this.#store, { afterPosition: before })) {
        this.#project(recorded);
        await this.#react(recorded);
        this.#position = recorded.context.position;
      }
    }
  }

  /** Returns the keys and the encoded documents of the read model. */
  documents(): readonly (readonly [key: string, document: Uint8Array])[] {
    const { state } = this.#model.types;
    return [...this.#documents].map(([key, document]) => [key, state.toBytes(document)] as const);
  }

  /** Returns the keys and the encoded states of the processes that have not ended. */
  processes(): readonly (readonly [key: string, state: Uint8Array])[] {
    const { state } = this.#manager.types;
    return [...this.#processes].map(([key, process]) => [key, state.toBytes(process)] as const);
  }

  #project(recorded: RecordedEvent): void {
    const { projector, types } = this.#model;
    if (!isRead(recorded, projector.describe().events)) return;
    const event = types.event.fromEnvelope(recorded.event);
    const key = projector.key(event);
    if (key !== undefined) {
      const document = this.#documents.get(key) ?? projector.initialState();
      // The document was consumed, and the result replaces it.
      const next = projector.project(document, event, recorded.context);
      if (next === undefined) this.#documents.delete(key);
      else this.#documents.set(key, next);
    }
    types.event.drop?.(event);
  }

  async #react(recorded: RecordedEvent): Promise<void> {
    const { eventHandler, types } = this.#manager;
    if (!isRead(recorded, eventHandler.describe().events)) return;
    const event = types.event.fromEnvelope(recorded.event);
    const key = eventHandler.key(event);
    const { context } = recorded;
    if (key !== undefined) {
      const state = eventHandler.evolve(this.#processes.get(key) ?? eventHandler.initialState(), event);
      this.#processes.set(key, state);
      await this.#execute(key, eventHandler.handle(state, event, context), context);
    }
    types.event.drop?.(event);
  }

  async #execute(key: string, reactions: readonly Reaction[], cause: Cause): Promise<void> {
    for (const [index, reaction] of reactions.entries()) {
      switch (reaction.tag) {
        case 'dispatch':
          await this.#dispatch(key, reaction.val, index, cause);
          break;
        case 'end':
          this.#manager.types.state.drop?.(this.#processes.get(key));
          this.#processes.delete(key);
          break;
        default:
          throw new Error(`this example has no timer, so it cannot execute a reaction "${reaction.tag}"`);
      }
    }
  }

  /** Sends a command with its derived id, and returns a rejection to the process. */
  async #dispatch(key: string, command: Envelope, index: number, { id, correlationId }: Cause): Promise<void> {
    const { eventHandler } = this.#manager;
    const commandId = reactionId(id, eventHandler.describe().name, index);
    const options: CommandOptions = { commandId, causationId: id, correlationId };
    const { outcome, stream } = await this.#sourcer.handleCommand(command, options);
    if (outcome.tag === 'accepted') return;
    const recorded = await this.#store.findDecision(commandId);
    const { recordedAt = 0n } = recorded ?? {};
    const rejected = { commandId, command, stream, rejection: outcome.val, recordedAt };
    const state = eventHandler.evolveRejected(this.#processes.get(key), rejected);
    this.#processes.set(key, state);
    await this.#execute(key, eventHandler.handleRejected(state, rejected), { id: commandId, correlationId });
  }
}

function isRead({ context, event }: RecordedEvent, sources: readonly EventSource[]): boolean {
  const [category] = context.stream.split('-', 1);
  return sources.some((source) => source.category === category && source.type === event.type);
}
