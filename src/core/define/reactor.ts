/**
 * `defineReactor`: effects outside the store in response to events, such as e-mails, webhooks and files.
 *
 * A reactor can run more than once for one event, because a crash may happen between the effect and the checkpoint. The
 * id of the event is an idempotency key, so that the receiver can ignore the second effect.
 */

import type { Immutable } from 'immer';
import { checkInteger } from '../check-integer.ts';
import type { Codec } from '../codec/codec.ts';
import { msgpack } from '../codec/msgpack.ts';
import type { EventContext, EventSource } from '../messages.ts';
import type { EventType } from '../types.ts';
import type { OptionNames } from '../unknown-names.ts';
import {
  type CheckedEventSources,
  eventSources,
  eventSourceTable,
  type ReadEventDefinitions,
  readDefinitions,
} from './event-sources.ts';
import type { DataOf, Message, MessageOf, Source } from './message.ts';
import { checkHandlers, checkIdentity, eventTypeOf } from './message-table.ts';

/** The second argument of a reactor's handler: the context of the event. */
export interface ReactorContext extends EventContext {
  /** The event's id. Pass it to the receiver, so that a second delivery can be recognized. */
  readonly idempotencyKey: string;
  /** Aborted when the system stops. An unfinished effect is started again later. */
  readonly signal: AbortSignal;
}

/** Reacts to an event. The next event of the stream is handled after the promise resolves. */
export type React<Data> = (data: Immutable<Data>, context: ReactorContext) => Promise<void> | void;

/** The parts of a reactor. */
export interface ReactorDefinition<Events> {
  /** The name under which the reactor's progress is stored. */
  readonly name: string;
  /**
   * A new version continues after the last event of the previous one, so that no effect is repeated. A new name starts
   * at the first event.
   */
  readonly version: string;
  /**
   * The events that the reactor reads: definitions of the deciders that own them. The keys are the reactor's own names.
   */
  readonly events: Events;
  /**
   * The codec of the deciders that own the events.
   * @default msgpack
   */
  readonly codec?: Codec;
  /**
   * The number of streams that are handled at the same time. Events of one stream are handled in order.
   * @default 16
   */
  readonly concurrency?: number;
  /** The functions that react to events, by event. */
  readonly react: { readonly [Type in keyof Events]: React<DataOf<Events[Type]>> };
}

/** A reactor for `defineSystem`. */
export interface ReactorModule<Events> {
  readonly kind: 'reactor';
  readonly name: string;
  readonly version: string;
  readonly concurrency: number;
  readonly events: ReadEventDefinitions<Events>;
  /** The events that the reactor reads, with their categories. */
  readonly sources: readonly EventSource[];
  readonly eventType: EventType<MessageOf<Events>>;
  /** Runs the handler of the event. */
  react(event: MessageOf<Events>, context: ReactorContext): Promise<void>;
}

const NAMES: OptionNames<ReactorDefinition<unknown>> = {
  name: true,
  version: true,
  events: true,
  codec: true,
  concurrency: true,
  react: true,
};

const DEFAULT_CONCURRENCY = 16;

/**
 * Defines a reactor.
 *
 * ```ts
 * const receipts = defineReactor({
 *   name: 'receipts',
 *   version: '1',
 *   events: { Deposited: account.events.Deposited },
 *   react: {
 *     Deposited: async ({ amount }, { idempotencyKey, signal }) => {
 *       await mail.send({ text: `You paid in ${amount}.`, id: idempotencyKey, signal });
 *     },
 *   },
 * });
 * ```
 *
 * @throws DefinitionError that names the invalid part.
 */
export function defineReactor<const Events extends Readonly<Record<string, Source>>>(
  definition: ReactorDefinition<Events> & { readonly events: CheckedEventSources<Events> },
): ReactorModule<Events> {
  const name = checkIdentity(definition, NAMES, 'defineReactor');
  const { version, codec = msgpack, concurrency = DEFAULT_CONCURRENCY } = definition;
  checkInteger(concurrency, 1, `${name}.concurrency`);
  const events = eventSourceTable(definition.events, `${name}.events`);
  checkHandlers(definition.react, events, 'event', `${name}.react`, 'all');
  const handlers = new Map(Object.entries(definition.react)) as ReadonlyMap<string, React<unknown>>;
  return {
    kind: 'reactor',
    name,
    version,
    concurrency,
    events: readDefinitions(events) as ReadEventDefinitions<Events>,
    sources: eventSources(events),
    eventType: eventTypeOf<Message>(events, codec) as never,
    react: async ({ type, data }: Message, context) => {
      await handlers.get(type)?.(data as Immutable<unknown>, context);
    },
  };
}
