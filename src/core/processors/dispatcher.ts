/**
 * Sends the commands of processes. The dispatcher subscribes to their reactions, dispatches each command with its
 * derived id, reports rejections to the process, and maintains the index of deadlines.
 *
 * A crash at any point causes no second effect. A command that was sent before is found by its id and returns its first
 * outcome. A rejection that was reported before is found by its id too.
 */
import { msgpack } from '../codec/msgpack.ts';
import type { CommandOptions, CommandResult, EventSourcer } from '../event-sourcer.ts';
import type { EventStore } from '../event-store.ts';
import { rejectionId } from '../ids.ts';
import type { Envelope, EventContext, EventName, RecordedEvent } from '../messages.ts';
import { decodeEvent, encodeEvent, encodeInput, REACTION_TYPES } from './process-messages.ts';
import { type Batch, type Changes, CONCURRENT_PROCESSES, type Item, type Opened, type Processor } from './processor.ts';
import type { StoredDeadline, SubscriptionId } from './processor-store.ts';

type Sourcer = Pick<EventSourcer, 'handleCommand'>;

/** The parts that a dispatcher needs. */
export interface DispatcherParts {
  /** The process manager's name, which is the category of its streams. */
  readonly handler: string;
  readonly version: string;
  /** The events that the process manager reads. */
  readonly events: readonly EventName[];
  readonly store: EventStore;
  /** The event sourcer of the process module. Rejections are reported to it. */
  readonly processes: Sourcer;
  /** The event sourcer of the deciders. */
  readonly deciders: Sourcer;
  /** The maximum number of commands that the deciders' event sourcer accepts at the same time. */
  readonly maxInFlight: number;
}

export class Dispatcher implements Processor {
  readonly subscription: SubscriptionId;
  readonly kind = 'dispatcher';
  readonly definition = '{}';
  readonly events: readonly EventName[];
  readonly concurrency: number;
  readonly pageSize = 500;
  readonly deadlines: NonNullable<Processor['deadlines']>;
  readonly #parts: DispatcherParts;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
    this.concurrency = Math.min(CONCURRENT_PROCESSES, parts.maxInFlight);
    this.subscription = { name: `${parts.handler}/commands`, version: parts.version };
    this.events = REACTION_TYPES.map((type) => ({ category: parts.handler, type }));
    this.deadlines = {
      source: { subscription: { name: parts.handler, version: parts.version }, events: parts.events },
      fire: ({ command, context }) => this.#send(command, context),
      eventOf: ({ context, id, dueAt, command }) => ({
        context,
        event: encodeEvent({ type: 'DeadlineScheduled', id, dueAt: BigInt(dueAt), command }),
        contentType: msgpack.contentType,
      }),
    };
  }

  open({ context }: RecordedEvent): Opened {
    return { key: context.stream };
  }

  batch(): Batch {
    const { subscription } = this;
    /** The deadlines that the page sets or cancels, by process and id. A cancelled deadline has no `dueAt`. */
    const deadlines = new Map<string, StoredDeadline | Pick<StoredDeadline, 'subscription' | 'stream' | 'id'>>();
    const ended = new Map<string, Pick<StoredDeadline, 'subscription' | 'stream'>>();
    return {
      apply: async ({ event: recorded }: Item, share: number) => {
        const { context, event } = recorded;
        const { stream } = context;
        const reaction = decodeEvent(event);
        switch (reaction.type) {
          case 'CommandDispatched':
            return this.#send(reaction.command, context);
          case 'DeadlineScheduled':
            deadlines.set(`${stream}\0${reaction.id}`, {
              subscription,
              share,
              stream,
              id: reaction.id,
              dueAt: Number(reaction.dueAt),
              commandId: context.id,
              command: reaction.command,
              context,
            });
            return;
          case 'DeadlineCancelled':
            deadlines.set(`${stream}\0${reaction.id}`, { subscription, stream, id: reaction.id });
            return;
          case 'ProcessEnded':
            ended.set(stream, { subscription, stream });
            return;
        }
      },
      changes: (): Changes => {
        const all = [...deadlines.values()];
        return {
          setDeadlines: all.filter((deadline) => 'dueAt' in deadline),
          removeDeadlines: all.filter((deadline) => !('dueAt' in deadline)),
          endProcesses: [...ended.values()],
        };
      },
    };
  }

  /** Sends a command, and reports its rejection to the process. The command has the id of the reaction. */
  async #send(command: Envelope, { id, stream, causationId, correlationId }: EventContext): Promise<void> {
    const { deciders } = this.#parts;
    const result = await deciders.handleCommand(command, options(id, causationId, correlationId));
    if (result.outcome.tag === 'rejected') await this.#returnRejection(command, result, stream, correlationId);
  }

  async #returnRejection(
    command: Envelope,
    result: CommandResult,
    process: string,
    correlationId: string,
  ): Promise<void> {
    const { handler, processes, store } = this.#parts;
    const { commandId, stream, outcome } = result;
    const recorded = await store.findDecision(commandId);
    if (outcome.tag !== 'rejected' || recorded === undefined) {
      throw new Error(
        `the rejection of the command ${commandId} was returned by the event sourcer, but is not in the store`,
      );
    }
    const rejected = { commandId, command, stream, rejection: outcome.val, recordedAt: recorded.recordedAt };
    const input = encodeInput({ tag: 'rejected', key: process.slice(handler.length + 1), rejected });
    await processes.handleCommand(input, options(rejectionId(commandId, handler), commandId, correlationId));
  }
}

function options(commandId: string, causationId: string, correlationId: string): CommandOptions {
  return { commandId, causationId, correlationId, actor: undefined, precondition: undefined, deadline: undefined };
}
