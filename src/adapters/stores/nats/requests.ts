/**
 * Sends requests, and passes on their replies. The client's own requests make a promise, a timer and two errors with
 * stack traces in advance, and a map of lists for the headers, which together take longer than the rest of an append.
 */
import type { Msg, MsgHdrs, NatsConnection, Subscription } from '@nats-io/transport-node';
import { clearInterval, elapsed, setInterval } from '../../../core/storage/timers.ts';
import { uuidV4 } from '../../../core/uuid.ts';
import { NoReply } from './failures.ts';
import { EncodedHeaders, type Reply, replyOf } from './header-text.ts';

/** Receives the reply to a request. */
export interface ReplyTaker {
  readonly take: (message: Msg) => void;
  readonly fail: (error: unknown) => void;
}

/** Receives the replies to a request that has several. */
export interface RepliesTaker {
  /** Returns true if the reply was the last one. */
  readonly take: (reply: Reply) => boolean;
  readonly fail: (error: unknown) => void;
}

/** A request whose replies are awaited. */
interface Waiting {
  readonly fail: (error: unknown) => void;
  /** The time until which the replies are awaited. */
  readonly deadline: number;
}

/** Returns the option `inboxPrefix` of a connection. Its user may not be allowed to subscribe to other subjects. */
function inboxPrefixOf(connection: NatsConnection & { readonly options?: { readonly inboxPrefix?: string } }): string {
  return connection.options?.inboxPrefix ?? '_INBOX';
}

export class Requests {
  readonly #connection: NatsConnection;
  /** Milliseconds that a request waits for its replies. */
  readonly #timeout: number;
  /** The prefix of the subjects of all replies. */
  readonly #inbox: string;
  readonly #single = new Map<string, ReplyTaker & Waiting>();
  readonly #several = new Map<Subscription, Waiting>();
  #subscription: Subscription | undefined;
  #next = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(connection: NatsConnection, timeout: number) {
    this.#connection = connection;
    this.#timeout = timeout;
    this.#inbox = `${inboxPrefixOf(connection)}.${uuidV4().replaceAll('-', '')}`;
  }

  /** Fails the requests without a reply. The connection stays open. */
  close(error: () => Error): void {
    this.#subscription?.unsubscribe();
    clearInterval(this.#timer);
    const single = [...this.#single.values()];
    this.#single.clear();
    for (const { fail } of single) fail(error());
    for (const [subscription, { fail }] of this.#several) {
      this.#end(subscription);
      fail(error());
    }
  }

  /** Sends a message that has one reply. @param headers the lines of its headers. */
  send(subject: string, payload: Uint8Array | string, { take, fail }: ReplyTaker, headers: string = ''): void {
    this.#subscription ??= this.#connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#take(message);
      },
    });
    const id = String(this.#next++);
    this.#single.set(id, { take, fail, deadline: this.#deadline() });
    const reply = `${this.#inbox}.${id}`;
    try {
      this.#connection.publish(subject, payload, headers === '' ? { reply } : { reply, headers: encoded(headers) });
    } catch (error) {
      this.#single.delete(id);
      fail(error);
    }
  }

  /** Sends a message that has no reply. @param headers the lines of its headers. */
  sendWithoutReply(subject: string, payload: Uint8Array, headers: string): void {
    this.#connection.publish(subject, payload, { headers: encoded(headers) });
  }

  /**
   * Sends a message that has many replies. They have a subscription of their own, so that the subject of each reply
   * need not be decoded.
   */
  sendForMany(subject: string, payload: string, { take, fail }: RepliesTaker): void {
    const reply = `${this.#inbox}m.${this.#next++}`;
    const subscription = this.#connection.subscribe(reply, {
      callback: (error, message) => {
        try {
          if (error !== null) throw error;
          if (!take(replyOf(message, reply.length))) return;
        } catch (thrown) {
          fail(thrown);
        }
        this.#end(subscription);
      },
    });
    this.#several.set(subscription, { fail, deadline: this.#deadline() });
    try {
      this.#connection.publish(subject, payload, { reply });
    } catch (error) {
      this.#end(subscription);
      fail(error);
    }
  }

  #end(subscription: Subscription): void {
    this.#several.delete(subscription);
    subscription.unsubscribe();
  }

  #deadline(): number {
    const period = Math.max(10, Math.min(this.#timeout / 4, 250));
    this.#timer ??= setInterval(() => this.#failLate(), period).unref();
    return elapsed() + this.#timeout;
  }

  #take(message: Msg): void {
    const id = message.subject.slice(this.#inbox.length + 1);
    const waiting = this.#single.get(id);
    if (waiting === undefined) return;
    this.#single.delete(id);
    try {
      waiting.take(message);
    } catch (error) {
      waiting.fail(error);
    }
  }

  /** Fails the requests whose deadlines have passed. The oldest requests come first. */
  #failLate(): void {
    const now = elapsed();
    for (const [id, { deadline, fail }] of this.#single) {
      if (deadline > now) break;
      this.#single.delete(id);
      fail(new NoReply());
    }
    for (const [subscription, { deadline, fail }] of this.#several) {
      if (deadline > now) break;
      this.#end(subscription);
      fail(new NoReply());
    }
  }
}

/** The client only encodes the headers of a message that it sends. */
function encoded(headers: string): MsgHdrs {
  return new EncodedHeaders(headers) as unknown as MsgHdrs;
}
