/** The processor of a reactor. It runs the handler of each event, in order within a stream. */
import type { Definition } from '../define/message.ts';
import type { ReactorContext, ReactorModule } from '../define/reactor.ts';
import type { EventName, RecordedEvent } from '../messages.ts';
import type { EventType } from '../types.ts';
import type { EventReading } from './event-reading.ts';
import type { Batch, Item, Opened, Processor } from './processor.ts';
import type { SubscriptionId } from './processor-store.ts';

/** A reactor of any events. */
export interface AnyReactor extends Omit<ReactorModule<never>, 'events' | 'eventType' | 'react'> {
  readonly events: Readonly<Record<string, Definition>>;
  readonly eventType: EventType<unknown>;
  react(event: unknown, context: ReactorContext): Promise<void>;
}

export class ReactorProcessor implements Processor {
  readonly subscription: SubscriptionId;
  readonly kind = 'reactor';
  readonly definition: string;
  readonly events: readonly EventName[];
  readonly concurrency: number;
  readonly pageSize: number;
  readonly #reactor: AnyReactor;
  readonly #reading: EventReading;

  constructor(reactor: AnyReactor, definition: string, reading: EventReading) {
    const { name, version, concurrency } = reactor;
    this.subscription = { name, version };
    this.definition = definition;
    this.events = reading.events;
    this.#reading = reading;
    this.concurrency = concurrency;
    // The checkpoint moves after each page, so a crash repeats at most one page.
    this.pageSize = concurrency * 4;
    this.#reactor = reactor;
  }

  open(recorded: RecordedEvent): Opened {
    const message = this.#reactor.eventType.fromEnvelope(this.#reading.envelopeOf(recorded));
    return { key: recorded.context.stream, message };
  }

  batch(signal: AbortSignal): Batch {
    return {
      apply: async ({ event, message }: Item) => {
        const read = message ?? this.#reactor.eventType.fromEnvelope(this.#reading.envelopeOf(event));
        const { id, stream, revision, position, recordedAt, correlationId, causationId } = event.context;
        await this.#reactor.react(read, {
          id,
          stream,
          revision,
          position,
          recordedAt,
          correlationId,
          causationId,
          idempotencyKey: id,
          signal,
        });
      },
      changes: () => ({}),
    };
  }
}
