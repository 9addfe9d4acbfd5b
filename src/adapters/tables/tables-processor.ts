/** The processor of a table read model. It collects the statements of a page's events, in the order of the events. */

import type { Message } from '../../core/define/message.ts';
import { FaultError } from '../../core/errors.ts';
import type { EventContext, EventName, RecordedEvent } from '../../core/messages.ts';
import type { EventReading } from '../../core/processors/event-reading.ts';
import type { InlineProcessor } from '../../core/processors/inline-projection.ts';
import type { Batch, Item, Opened } from '../../core/processors/processor.ts';
import {
  StatementFailed,
  type SubscriptionId,
  type TableSetup,
  type TableStatement,
} from '../../core/processors/processor-store.ts';
import type { EventType } from '../../core/types.ts';

/** The parts that the processor needs. */
export interface TablesParts {
  readonly subscription: SubscriptionId;
  readonly definition: string;
  readonly setup: TableSetup;
  readonly reading: EventReading;
  readonly eventType: EventType<Message>;
  readonly keyOf: (event: Message, context: EventContext) => string | undefined;
  /** Returns whether the engine stores a value that SQLite does not. */
  readonly canStore: (value: unknown) => boolean;
  readonly statementsOf: (event: Message, context: EventContext) => readonly TableStatement[];
}

export class TablesProcessor implements InlineProcessor {
  readonly subscription: SubscriptionId;
  readonly kind = 'tables';
  readonly definition: string;
  readonly tables: TableSetup;
  readonly events: readonly EventName[];
  readonly concurrency = 1;
  readonly pageSize = 1_000;
  readonly #parts: TablesParts;

  constructor(parts: TablesParts) {
    this.subscription = parts.subscription;
    this.definition = parts.definition;
    this.tables = parts.setup;
    this.events = parts.reading.events;
    this.#parts = parts;
  }

  open(recorded: RecordedEvent): Opened | undefined {
    const message = this.#parts.eventType.fromEnvelope(this.#parts.reading.envelopeOf(recorded));
    const key = this.#parts.keyOf(message, recorded.context);
    return key === undefined ? undefined : { key, message };
  }

  batch(): Batch {
    const statements: TableStatement[] = [];
    /** The event of each statement. */
    const origins: Item[] = [];
    return {
      apply: (item) => {
        for (const statement of this.#statementsOf(item)) {
          statements.push(statement);
          origins.push(item);
        }
      },
      changes: () => ({ statements }),
      failedItem: (error) => (error instanceof StatementFailed ? origins[error.index] : undefined),
    };
  }

  inlineBatch(): Pick<Batch, 'apply' | 'changes'> {
    return this.batch();
  }

  #statementsOf({ event, message }: Item): readonly TableStatement[] {
    const { eventType, reading, statementsOf, subscription, canStore } = this.#parts;
    const read = (message ?? eventType.fromEnvelope(reading.envelopeOf(event))) as Message;
    let statements: readonly TableStatement[];
    try {
      statements = statementsOf(read, event.context);
    } catch (cause) {
      if (cause instanceof FaultError && cause.code === 'invalid-change') throw cause;
      const text = cause instanceof Error ? cause.message : String(cause);
      throw new FaultError(
        {
          code: 'handle-failed',
          message: `${subscription.name}.handle.${read.type} failed: ${text}`,
          details: [['type', read.type]],
        },
        { cause },
      );
    }
    for (const { parameters } of statements)
      for (const value of parameters) if (!canStore(value)) checkBindable(value, read.type, subscription.name);
    return statements;
  }
}

/** Checks that every engine can bind a value. Otherwise the event whose handler returned the value fails. */
function checkBindable(value: unknown, type: string, model: string): void {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint') return;
  if (value instanceof Uint8Array) return;
  const given = typeof value === 'object' ? `an instance of ${value?.constructor?.name ?? 'an object'}` : String(value);
  throw new FaultError({
    code: 'unbindable-value',
    message: `${model}.handle.${type}: expected a number, bigint, text, bytes or null in a query, got ${given}`,
    details: [['type', type]],
  });
}
