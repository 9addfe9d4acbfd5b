/**
 * Values in the JetStream stream of replaceable data. Each value has its own subject, whose last message is the value.
 * A value is a record in JSON and bytes. An empty message marks it as deleted. Writers guard what they replace, and
 * several values are written in one atomic batch.
 */
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import type { Acknowledged, Client, OutgoingMessage, StoredMessage } from './client.ts';
import { API_ERRORS, apiFailure, isNoResponders, requestFailure } from './failures.ts';
import { headerLine } from './header-text.ts';
import type { Subjects } from './subjects.ts';

/** The number of messages of one page. */
const PAGE = 1_000;
/** The maximum number of subjects in one request for their last messages. The server allows 1,024. */
const MOST_SUBJECTS = 500;
/**
 * The time for which the server keeps the mark of a deleted value, so that guards of slow writers do not mistake the
 * value for a new one.
 */
const DELETED_FOR = '24h';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NO_BYTES = new Uint8Array(0);

/** A value that the server has stored, and its sequence number. */
export interface StoredValue {
  readonly subject: string;
  readonly sequence: number;
  readonly record: unknown;
  readonly bytes: Uint8Array;
}

/**
 * A subject that was read. Its last sequence number guards the next write, even if its value was deleted.
 */
export interface Place {
  readonly sequence: number;
  readonly value: StoredValue | undefined;
}

/** A value to write. */
export interface NewValue {
  readonly subject: string;
  /** The sequence number that the subject's last message must have. Without it, any value is replaced. */
  readonly guard?: number | undefined;
  /** The record to write, or `undefined` to delete the value. */
  readonly record: object | undefined;
  readonly bytes?: Uint8Array | undefined;
}

export class StateValues {
  readonly #client: Client;
  readonly #stream: string;
  /** True if a server other than the leader may answer. */
  readonly #isReplicated: boolean;

  constructor(client: Client, { stateStream }: Subjects, isReplicated: boolean) {
    this.#client = client;
    this.#stream = stateStream;
    this.#isReplicated = isReplicated;
  }

  /** Reads one value from the leader. */
  async get(subject: string): Promise<Place> {
    const message = await this.#client.last(this.#stream, subject);
    return { sequence: message?.sequence ?? 0, value: message === undefined ? undefined : storedValue(message) };
  }

  /** Reads the values of several subjects. */
  async getAll(subjects: readonly string[]): Promise<readonly StoredValue[]> {
    const found: StoredValue[] = [];
    for (let at = 0; at < subjects.length; at += MOST_SUBJECTS) {
      const part = subjects.slice(at, at + MOST_SUBJECTS);
      const places = this.#isReplicated
        ? (await Promise.all(part.map((subject) => this.get(subject)))).map(({ value }) => value)
        : (await this.#client.lastOfEach(this.#stream, part)).map(storedValue);
      for (const value of places) if (value !== undefined) found.push(value);
    }
    return found;
  }

  /** Reads all values whose subjects match the filter. */
  async list(filter: string): Promise<readonly StoredValue[]> {
    const found = new Map<string, StoredValue | undefined>();
    for (let from = 1; ; ) {
      const { messages, isLast } = await this.#client.page({
        stream: this.#stream,
        subject: filter,
        from,
        limit: PAGE,
      });
      // A value that is replaced during the read arrives twice, and the later message is its value.
      for (const message of messages) found.set(message.subject, storedValue(message));
      from = (messages.at(-1)?.sequence ?? from - 1) + 1;
      if (!isLast) continue;
      // The server that answered may lack the newest messages. Only the leader can confirm that no message follows.
      const next = this.#isReplicated ? await this.#client.next(this.#stream, filter, from) : undefined;
      if (next === undefined) break;
      found.set(next.subject, storedValue(next));
      from = next.sequence + 1;
    }
    return [...found.values()].filter((value) => value !== undefined);
  }

  /**
   * Writes values atomically. Returns the sequence number of the first value. Those of the others follow it. Returns
   * `undefined` if a guard does not hold.
   * @throws EngineFailure
   */
  async write(values: readonly NewValue[]): Promise<number | undefined> {
    this.#client.checkWritable();
    const messages = values.map(messageOf);
    let answer: Acknowledged;
    try {
      answer =
        messages.length === 1 ? await this.#client.publish(messages[0]!) : await this.#client.publishBatch(messages);
    } catch (error) {
      if (isNoResponders(error) || this.#client.connection.isClosed()) throw requestFailure(error);
      const advice = 'it may have stored the values, so read them again';
      throw new EngineFailure('unknown-outcome', `the NATS server did not answer a change; ${advice}`, {
        cause: error,
      });
    }
    if (answer.tag === 'stored') return answer.sequence - messages.length + 1;
    if (answer.error.err_code === API_ERRORS.wrongLastSequence) return undefined;
    throw apiFailure(answer.error);
  }

  /** Deletes the messages of all subjects that match. No reader may need them. */
  async purge(filter: string): Promise<void> {
    this.#client.checkWritable();
    const { error } = await this.#client.api(`STREAM.PURGE.${this.#stream}`, { filter });
    if (error !== undefined) throw apiFailure(error);
  }
}

function messageOf({ subject, guard, record, bytes = NO_BYTES }: NewValue): OutgoingMessage {
  const headers = guard === undefined ? '' : headerLine('Nats-Expected-Last-Subject-Sequence', guard);
  if (record === undefined)
    return { subject, payload: NO_BYTES, headers: headers + headerLine('Nats-TTL', DELETED_FOR) };
  const text = encoder.encode(JSON.stringify(record));
  const payload = new Uint8Array(4 + text.length + bytes.length);
  new DataView(payload.buffer).setUint32(0, text.length);
  payload.set(text, 4);
  payload.set(bytes, 4 + text.length);
  return { subject, payload, headers };
}

function storedValue({ subject, sequence, payload }: StoredMessage): StoredValue | undefined {
  if (payload.length === 0) return undefined;
  const length = new DataView(payload.buffer, payload.byteOffset).getUint32(0);
  const record: unknown = JSON.parse(decoder.decode(payload.subarray(4, 4 + length)));
  return { subject, sequence, record, bytes: payload.slice(4 + length) };
}
