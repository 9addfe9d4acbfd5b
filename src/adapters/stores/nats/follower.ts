/**
 * Follows the messages of a JetStream stream, without their payloads, as they are stored. Readers wait for it instead
 * of polling.
 */
import type { Consumer, ConsumerMessages, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { CommitSignal } from '../../../core/storage/commit-signal.ts';
import { clearInterval, setInterval } from '../../../core/storage/timers.ts';
import type { Client } from './client.ts';

/** Milliseconds without a message after which a follower asks the server whether it has missed a message. */
const LOOK_AFTER = 2_000;

export interface FollowedMessage {
  readonly subject: string;
  readonly sequence: number;
  header(name: string): string;
}

export interface FollowerParts {
  readonly client: Client;
  readonly jetstream: () => JetStreamClient;
  readonly stream: string;
  readonly subject: string;
  readonly take: (message: FollowedMessage) => void;
}

export class Follower {
  /** Notified after each message. */
  readonly changes: CommitSignal;
  readonly #parts: FollowerParts;
  #sequence = 0;
  #starting: Promise<void> | undefined;
  #messages: ConsumerMessages | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #isLooking = false;
  #isClosed = false;

  constructor(parts: FollowerParts) {
    this.#parts = parts;
    this.changes = new CommitSignal();
  }

  /** Resolves when every message that is stored from now on will be received. @throws EngineFailure */
  start(): Promise<void> {
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async close(error: () => Error): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.changes.close(error);
    await this.#starting?.catch(() => {});
    await this.#messages?.close();
  }

  async #start(): Promise<void> {
    const { client, stream, subject } = this.#parts;
    if (this.#sequence === 0) this.#sequence = (await client.last(stream, subject))?.sequence ?? 0;
    await this.#consume();
    this.#timer = setInterval(() => this.#lookOnce(), LOOK_AFTER);
    this.#timer.unref();
  }

  async #consume(): Promise<void> {
    const { jetstream, stream, subject } = this.#parts;
    const consumer: Consumer = await this.#parts.client.readUntilAnswered(() =>
      jetstream().consumers.get(stream, {
        filter_subjects: subject,
        deliver_policy: 'by_start_sequence',
        opt_start_seq: this.#sequence + 1,
        headers_only: true,
      }),
    );
    this.#messages = await consumer.consume({ max_messages: 1_000, callback: (message) => this.#take(message) });
    if (this.#isClosed) await this.#messages.close();
  }

  #take(message: JsMsg): void {
    if (message.seq <= this.#sequence || this.#isClosed) return;
    this.#sequence = message.seq;
    this.#parts.take({
      subject: message.subject,
      sequence: message.seq,
      header: (name) => message.headers?.last(name) ?? '',
    });
    this.changes.notify();
  }

  /**
   * Checks the consumer, unless the last check is still waiting for the server. Two checks would each make a consumer.
   */
  #lookOnce(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#look()
      .catch(() => {}) // the next check tries again
      .finally(() => {
        this.#isLooking = false;
      });
  }

  /**
   * Checks that the consumer still exists, because it can be lost with its server. The next consumer begins after the
   * last message that was received.
   */
  async #look(): Promise<void> {
    if (!this.changes.isAwaited || this.#isClosed) return;
    const { client, stream, subject } = this.#parts;
    const before = this.#sequence;
    const last = await client.last(stream, subject);
    if (last === undefined || last.sequence <= before || this.#sequence > before || this.#isClosed) return;
    const lost = this.#messages;
    await this.#consume();
    await lost?.close();
  }
}
