/** The step of a reactor: runs the handler of each event, in order within a stream. */
import type { Definition } from '../define/message.ts';
import type { ReactorContext, ReactorModule } from '../define/reactor.ts';
import type { RecordedEvent } from '../messages.ts';
import type { EventType } from '../types.ts';
import type { Batch, Item, Opened, Processor } from './processor.ts';
import type { SubscriptionId } from './processor-store.ts';

/** A reactor of whatever events. */
export interface AnyReactor extends Omit<ReactorModule<never>, 'events' | 'eventType' | 'react'> {
  readonly events: Readonly<Record<string, Definition>>;
  readonly eventType: EventType<unknown>;
  react(event: unknown, context: ReactorContext): Promise<void>;
}

export class ReactorProcessor implements Processor {
  readonly subscription: SubscriptionId;
  readonly kind = 'reactor';
  readonly definition: string;
  readonly categories: readonly string[];
  readonly eventTypes: readonly string[];
  readonly concurrency: number;
  readonly pageSize: number;
  readonly #reactor: AnyReactor;

  constructor(
    reactor: AnyReactor,
    definition: string,
    filter: { readonly categories: readonly string[]; readonly eventTypes: readonly string[] },
  ) {
    const { name, version, concurrency } = reactor;
    this.subscription = { name, version };
    this.definition = definition;
    this.categories = filter.categories;
    this.eventTypes = filter.eventTypes;
    this.concurrency = concurrency;
    // The checkpoint moves when a page is done, so that a crash repeats at most a page.
    this.pageSize = concurrency * 4;
    this.#reactor = reactor;
  }

  open({ context, event }: RecordedEvent): Opened {
    return { key: context.stream, message: this.#reactor.eventType.fromEnvelope(event) };
  }

  batch(signal: AbortSignal): Batch {
    return {
      apply: async ({ event: { context, event }, message }: Item) => {
        const read = message ?? this.#reactor.eventType.fromEnvelope(event);
        const { id, stream, revision, position, recordedAt, correlationId, causationId } = context;
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
