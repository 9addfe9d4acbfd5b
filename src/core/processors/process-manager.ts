/** The processor of a process manager. It converts each event that concerns a process to a command of the process. */
import type { EventSourcer } from '../event-sourcer.ts';
import { handlingId } from '../ids.ts';
import type { EventName, RecordedEvent } from '../messages.ts';
import type { EventReading } from './event-reading.ts';
import { encodeInput } from './process-messages.ts';
import type { AnyProcessManager } from './process-module.ts';
import { type Batch, CONCURRENT_PROCESSES, type Item, type Opened, type Processor } from './processor.ts';
import type { SubscriptionId } from './processor-store.ts';

export class ProcessManagerProcessor implements Processor {
  readonly subscription: SubscriptionId;
  readonly kind = 'process-manager';
  readonly definition: string;
  readonly events: readonly EventName[];
  readonly concurrency: number = CONCURRENT_PROCESSES;
  readonly pageSize = 500;
  readonly #manager: AnyProcessManager;
  readonly #name: string;
  readonly #reading: EventReading;
  /** The event sourcer of the process module. */
  readonly #sourcer: Pick<EventSourcer, 'handleCommand'>;

  constructor(
    manager: AnyProcessManager,
    sourcer: Pick<EventSourcer, 'handleCommand'>,
    definition: string,
    reading: EventReading,
  ) {
    const { name, version } = manager.eventHandler.describe();
    this.subscription = { name, version };
    this.definition = definition;
    this.events = reading.events;
    this.#reading = reading;
    this.#manager = manager;
    this.#name = name;
    this.#sourcer = sourcer;
  }

  open(recorded: RecordedEvent): Opened | undefined {
    const { types, eventHandler } = this.#manager;
    const event = types.event.fromEnvelope(this.#reading.envelopeOf(recorded));
    try {
      const key = eventHandler.key(event);
      return key === undefined ? undefined : { key };
    } finally {
      types.event.drop?.(event);
    }
  }

  batch(): Batch {
    return {
      apply: (item) => this.#send(item),
      // The process's own stream has all results. If a page is processed again, its commands are duplicates.
      changes: () => ({}),
    };
  }

  async #send({ event: recorded, key }: Item): Promise<void> {
    const { context, event } = recorded;
    await this.#sourcer.handleCommand(encodeInput({ tag: 'event', key, context, event }), {
      commandId: handlingId(context.id, this.#name),
      causationId: context.id,
      correlationId: context.correlationId,
      actor: undefined,
      precondition: undefined,
      deadline: undefined,
    });
  }
}
