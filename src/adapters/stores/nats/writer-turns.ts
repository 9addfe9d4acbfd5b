/**
 * The turns of processes that write to one stream (docs/decisions.md §68). The server cannot reserve a stream, so a
 * writer that had a conflict announces its turn to all processes that have the store open. They wait until the turn is
 * over.
 *
 * An announcement is a message that the server does not store. It may be lost or late, and then two processes write at
 * the same time. The guard of the append (append.ts) refuses one of them, so turns affect fairness only.
 *
 * Turns are numbered as in Lamport's bakery. A new turn has a greater number than each turn of the stream that its
 * process knows. If two turns have the same number, the one whose process has the lesser id comes first. The numbers do
 * not depend on clocks.
 */
import type { Msg, Subscription } from '@nats-io/transport-node';
import { clearInterval, clearTimeout, elapsed, setInterval, setTimeout } from '../../../core/storage/timers.ts';
import { uuidV4 } from '../../../core/uuid.ts';
import type { Client } from './client.ts';
import type { Subjects } from './subjects.ts';

/** The milliseconds after which a turn is over if its process does not announce it again. */
const LEASE = 500;

/** The turn of a process on a stream. */
interface Turn {
  readonly process: string;
  readonly number: number;
}

/** The turn of another process, from its last announcement. */
interface HeardTurn extends Turn {
  /** The end of the lease, by `elapsed()`. */
  readonly until: number;
}

/** A message: the turn of a process begins or continues. Without a number, the turn is over. */
interface Announcement {
  readonly process: string;
  readonly stream: string;
  readonly number?: number;
}

const NO_TURNS: readonly HeardTurn[] = Object.freeze([]);

export class WriterTurns {
  readonly #client: Client;
  readonly #subject: string;
  readonly #process: string = uuidV4();
  /** The turns of other processes, by stream and process. */
  readonly #heard = new Map<string, Map<string, HeardTurn>>();
  /** The calls that wait for turns of a stream. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #subscription: Subscription | undefined;

  constructor(client: Client, subjects: Subjects) {
    this.#client = client;
    this.#subject = subjects.turns;
  }

  /** Begins to receive the turns of other processes. */
  listen(): void {
    this.#subscription ??= this.#client.connection.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error === null) this.#hear(message);
      },
    });
  }

  close(): void {
    this.#subscription?.unsubscribe();
  }

  /** Returns whether another process has a turn on the stream. */
  isTaken(stream: string): boolean {
    return this.#turnsOf(stream).length > 0;
  }

  /** Waits until the current turns of other processes are over. Turns that begin later are not awaited. */
  letOthersWrite(stream: string): Promise<void> {
    const present = new Map(this.#turnsOf(stream).map(({ process, number }) => [process, number]));
    return this.#over(stream, ({ process, number }) => present.get(process) === number);
  }

  /**
   * Announces a turn, waits for the turns before it, and runs `write`. The calls of one process for one stream must not
   * overlap.
   */
  async run<Result>(stream: string, write: () => Promise<Result>): Promise<Result> {
    const { connection } = this.#client;
    const number = 1 + this.#turnsOf(stream).reduce((greatest, turn) => Math.max(greatest, turn.number), 0);
    const own: Turn = { process: this.#process, number };
    const announce = (): void => this.#announce({ process: this.#process, stream, number });
    announce();
    const renewal = setInterval(announce, LEASE / 3);
    try {
      // When the server answers, it has forwarded the announcement, and has received all earlier appends.
      await connection.flush();
      await this.#over(stream, (turn) => isBefore(turn, own));
      return await write();
    } finally {
      clearInterval(renewal);
      this.#announce({ process: this.#process, stream });
    }
  }

  #announce(announcement: Announcement): void {
    // A process that has lost its connection loses its turn when the lease ends.
    if (!this.#client.connection.isClosed()) {
      this.#client.connection.publish(this.#subject, JSON.stringify(announcement));
    }
  }

  #hear(message: Msg): void {
    const { process, stream, number } = message.json<Announcement>();
    if (process === this.#process) return;
    let turns = this.#heard.get(stream);
    if (number === undefined) {
      turns?.delete(process);
      if (turns?.size === 0) this.#heard.delete(stream);
    } else {
      if (turns === undefined) this.#heard.set(stream, (turns = new Map()));
      turns.set(process, { process, number, until: elapsed() + LEASE });
    }
    for (const wake of this.#waiting.get(stream) ?? []) wake();
  }

  /** Returns the turns of other processes whose leases have not ended. */
  #turnsOf(stream: string): readonly HeardTurn[] {
    const turns = this.#heard.get(stream);
    if (turns === undefined) return NO_TURNS;
    const now = elapsed();
    for (const { process, until } of turns.values()) if (until <= now) turns.delete(process);
    if (turns.size === 0) this.#heard.delete(stream);
    return [...turns.values()];
  }

  /** Waits until the turns for which `isAwaited` returns true are over. */
  async #over(stream: string, isAwaited: (turn: Turn) => boolean): Promise<void> {
    for (;;) {
      const awaited = this.#turnsOf(stream).filter(isAwaited);
      if (awaited.length === 0) return;
      const end = Math.min(...awaited.map(({ until }) => until));
      await this.#change(stream, Math.max(1, Math.ceil(end - elapsed())));
    }
  }

  /** Waits for an announcement about the stream, at most for the given milliseconds. */
  async #change(stream: string, longest: number): Promise<void> {
    let waiting = this.#waiting.get(stream);
    if (waiting === undefined) this.#waiting.set(stream, (waiting = new Set()));
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wake: (() => void) | undefined;
    await new Promise<void>((resolve) => {
      wake = resolve;
      waiting.add(resolve);
      timer = setTimeout(resolve, longest);
    });
    clearTimeout(timer);
    waiting.delete(wake!);
    if (waiting.size === 0) this.#waiting.delete(stream);
  }
}

function isBefore(one: Turn, other: Turn): boolean {
  return one.number === other.number ? one.process < other.process : one.number < other.number;
}
