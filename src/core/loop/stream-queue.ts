/**
 * A queue for each stream within a process (docs/architecture.md, "Concurrency"), because concurrent commands to one
 * stream would only conflict. Without contention, it costs two look-ups in a map and no promise.
 *
 * The queue of an idle stream stays in the map for a while, because the engine rebuilds a map whose entries are
 * constantly removed. A command allocates 150 bytes less that way.
 */
import { MAX_IDLE_QUEUES } from '../limits.ts';
import type { Cancellation } from './cancellation.ts';

/** A place in the queue of one stream. */
export class Ticket {
  readonly stream: string;
  /** Resolves when the ticket has its turn. */
  readonly turn: Promise<void>;
  readonly grant: () => void;
  granted: boolean = false;
  previous: Ticket | undefined;
  next: Ticket | undefined;

  constructor(stream: string, previous: Ticket | undefined) {
    this.stream = stream;
    this.previous = previous;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.turn = promise;
    this.grant = resolve;
  }
}

/** The tickets that wait for a stream. It is a linked list, so that a ticket in the middle can leave. */
interface Line {
  /** True while a command has its turn. */
  isBusy: boolean;
  first: Ticket | undefined;
  last: Ticket | undefined;
}

export class StreamQueue {
  readonly #lines = new Map<string, Line>();
  #idle = 0;

  /**
   * Enters the queue of a stream. Returns `undefined` if the caller has its turn now, or a ticket to wait for. In both
   * cases the caller must call `leave`.
   */
  enter(stream: string): Ticket | undefined {
    const line = this.#lines.get(stream);
    if (line === undefined) {
      this.#lines.set(stream, { isBusy: true, first: undefined, last: undefined });
      return undefined;
    }
    if (!line.isBusy) {
      line.isBusy = true;
      this.#idle--;
      return undefined;
    }
    const ticket = new Ticket(stream, line.last);
    if (line.last === undefined) line.first = ticket;
    else line.last.next = ticket;
    line.last = ticket;
    return ticket;
  }

  /** Ends the turn of the caller. The turn of the next ticket begins. */
  leave(stream: string): void {
    const line = this.#lines.get(stream);
    if (line === undefined) return;
    const next = line.first;
    if (next === undefined) {
      line.isBusy = false;
      this.#idle++;
      if (this.#idle > MAX_IDLE_QUEUES) this.#removeIdle();
      return;
    }
    line.first = next.next;
    if (line.first === undefined) line.last = undefined;
    else line.first.previous = undefined;
    next.granted = true;
    next.grant();
  }

  #removeIdle(): void {
    for (const [stream, line] of this.#lines) if (!line.isBusy) this.#lines.delete(stream);
    this.#idle = 0;
  }

  /**
   * Waits for the ticket's turn. If the command is cancelled, the ticket leaves the queue.
   *
   * @throws CommandFailure `cancelled` or `deadline-exceeded`.
   */
  async wait(ticket: Ticket, cancellation: Cancellation | undefined): Promise<void> {
    if (cancellation === undefined) return ticket.turn;
    try {
      await cancellation.race(ticket.turn);
    } catch (error) {
      this.#abandon(ticket);
      throw error;
    }
  }

  /** Removes a ticket. If its turn has already begun, the turn ends. */
  #abandon(ticket: Ticket): void {
    if (ticket.granted) {
      this.leave(ticket.stream);
      return;
    }
    const line = this.#lines.get(ticket.stream);
    if (line === undefined) return;
    const { previous, next } = ticket;
    if (previous === undefined) line.first = next;
    else previous.next = next;
    if (next === undefined) line.last = previous;
    else next.previous = previous;
  }
}
