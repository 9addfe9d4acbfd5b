/** Requests to one server or cluster: the JetStream API, guarded messages, and pages of stored messages. */
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import { elapsed, sleep } from '../../../core/storage/timers.ts';
import { uuidV4 } from '../../../core/uuid.ts';
import { API_ERRORS, type ApiError, apiFailure, NoReply, NoResponders, requestFailure } from './failures.ts';
import { HeaderText, headerLine, type Reply, replyOf } from './header-text.ts';
import { Requests } from './requests.ts';
import { Silence } from './silence.ts';

/** A message to store. */
export interface OutgoingMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** The lines of the headers (headerLine). */
  readonly headers: string;
}

/** The server's reply to a message, which it stored or refused. */
export type Acknowledged =
  | { readonly tag: 'stored'; readonly sequence: number; readonly duplicate: boolean }
  | { readonly tag: 'refused'; readonly error: ApiError };

/** A message that the server has stored. */
export interface StoredMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly headers: HeaderText;
  readonly payload: Uint8Array;
}

/** The end of a stream, as its leader knows it. */
export interface StreamEnd {
  readonly sequence: number;
  /** The milliseconds since the leader heard from a majority of the replicas. It knows all messages until then. */
  readonly age: number;
}

/** A part of a JetStream stream, in the order of sequence numbers. */
export interface PageRequest {
  readonly stream: string;
  /**
   * The subjects to read. With `undefined`, all messages are read, which costs the server half as much as a pattern
   * that matches all of them.
   */
  readonly subject: string | undefined;
  /** The first sequence number. */
  readonly from: number;
  readonly limit: number;
}

export interface Page {
  readonly messages: readonly StoredMessage[];
  /** True if no message followed the last one when the page was read. */
  readonly isLast: boolean;
}

/**
 * The maximum number of bytes of one page. The server ends a larger page early, and the reader requests the next one.
 */
const PAGE_BYTES = 2 * 1_048_576;
/** Milliseconds between the first two attempts of a read. The delay grows up to `LONGEST_DELAY`. */
const FIRST_DELAY = 20;
const LONGEST_DELAY = 500;
/** Milliseconds between two attempts to store a message while an earlier one is not finished. */
const FIRST_RESEND = 1;
const LONGEST_RESEND = 50;
const NO_BYTES = new Uint8Array(0);
const NANOSECONDS = 1_000_000;

interface PublishReply {
  readonly seq?: number;
  readonly duplicate?: boolean;
  readonly error?: ApiError;
}

export interface ClientOptions {
  /** Milliseconds that a request waits for its reply. */
  readonly timeout: number;
  /** Milliseconds for which a read is repeated while no server answers. */
  readonly busyTimeout: number;
  /** True if changes of the store are refused. */
  readonly readOnly: boolean;
  /**
   * True if the store owns the connection and has the addresses of several servers, so that it may change the server.
   */
  readonly canMove: boolean;
}

export class Client {
  readonly connection: NatsConnection;
  readonly timeout: number;
  readonly #busyTimeout: number;
  readonly #isReadOnly: boolean;
  #isClosed = false;
  readonly #requests: Requests;
  readonly #canMove: boolean;
  /** The messages that are not answered. */
  readonly #writes = new Silence();
  /** The requests to a leader that are not answered. */
  readonly #leaderReads = new Silence();

  constructor(connection: NatsConnection, { timeout, busyTimeout, readOnly, canMove }: ClientOptions) {
    this.#canMove = canMove;
    this.connection = connection;
    this.timeout = timeout;
    this.#busyTimeout = busyTimeout;
    this.#isReadOnly = readOnly;
    this.#requests = new Requests(connection, timeout);
  }

  /** The maximum number of bytes of a message, payload and headers together. */
  get maxPayload(): number {
    return this.connection.info?.max_payload ?? 1_048_576;
  }

  /** Stops repeating reads. A read that a server answers is still finished. */
  stopRetrying(): void {
    this.#isClosed = true;
  }

  /** Ends requests without a reply. The connection stays open. */
  close(): void {
    this.#requests.close(() => new EngineFailure('io', 'the store was closed during a request; open it again'));
  }

  /**
   * Moves the connection to another server if no request of this kind has been answered for `timeout` milliseconds. A
   * server that is cut off from the others keeps its connections, and cannot store messages.
   */
  #unanswered(kind: Silence, sentAt: number): void {
    if (kind.unanswered(sentAt) < this.timeout || !this.#canMove) return;
    this.#writes.answered();
    this.#leaderReads.answered();
    this.connection.reconnect().catch(() => {});
  }

  /** Calls the JetStream API. @throws EngineFailure */
  async api<Result>(operation: string, request: object = {}): Promise<Result & { readonly error?: ApiError }> {
    try {
      const reply = await new Promise<Msg>((resolve, reject) => {
        const payload = JSON.stringify(request);
        this.#requests.send(`$JS.API.${operation}`, payload, { take: resolve, fail: reject });
      });
      if (isFromNobody(reply)) throw new NoResponders();
      return reply.json<Result & { error?: ApiError }>();
    } catch (error) {
      throw requestFailure(error);
    }
  }

  /** False if the store was opened with `readOnly`. */
  get isWritable(): boolean {
    return !this.#isReadOnly;
  }

  /**
   * Checks that the store may be changed.
   * @throws EngineFailure `read-only` if the store was opened with `readOnly`.
   */
  checkWritable(): void {
    if (this.#isReadOnly)
      throw new EngineFailure('read-only', 'the store was opened with readOnly; open it without this option');
  }

  /**
   * Stores one message.
   * @throws the client's own error if no answer came, so that the caller can determine whether the message was sent.
   */
  publish(message: OutgoingMessage): Promise<Acknowledged> {
    return this.#publishOnce(message, (answer) => this.#publishAgain(answer, () => this.#publishOnce(message)));
  }

  /**
   * Stores several messages atomically. The server answers only the last one.
   *
   * The headers are written here, because the client's own batches lose the error code of a refusal.
   */
  async publishBatch(messages: readonly OutgoingMessage[]): Promise<Acknowledged> {
    const publish = (): Promise<Acknowledged> => this.#publishBatchOnce(messages);
    const answer = await publish();
    return isInProcess(answer) ? this.#publishAgain(answer, publish) : answer;
  }

  /**
   * Sends again while the leader refuses because it has not finished an earlier message to the same subject, or with
   * the same id. It never finishes that if it was cut off from the other servers, so the time is limited.
   */
  async #publishAgain(first: Acknowledged, publish: () => Promise<Acknowledged>): Promise<Acknowledged> {
    const deadline = elapsed() + this.timeout;
    let answer = first;
    for (let delay = FIRST_RESEND; isInProcess(answer); delay = Math.min(delay * 2, LONGEST_RESEND)) {
      if (elapsed() > deadline) break;
      await sleep(delay);
      answer = await publish();
    }
    return answer;
  }

  /**
   * Sends a message once, and returns the server's answer.
   * @param inProcess called if the leader has not finished an earlier message. Its result becomes the answer.
   */
  #publishOnce(
    { subject, payload, headers }: OutgoingMessage,
    inProcess?: (answer: Acknowledged) => Promise<Acknowledged>,
  ): Promise<Acknowledged> {
    return new Promise((resolve, reject) => {
      const sentAt = elapsed();
      const take = (message: Msg): void => {
        if (isFromNobody(message)) {
          this.#unanswered(this.#writes, sentAt);
          reject(new NoResponders());
          return;
        }
        const answer = acknowledged(message);
        const isUnfinished = isInProcess(answer);
        if (isUnfinished || (answer.tag === 'refused' && answer.error.code === 503))
          this.#unanswered(this.#writes, sentAt);
        else this.#writes.answered();
        resolve(isUnfinished && inProcess !== undefined ? inProcess(answer) : answer);
      };
      const fail = (error: unknown): void => {
        if (error instanceof NoReply) this.#unanswered(this.#writes, sentAt);
        reject(error);
      };
      this.#requests.send(subject, payload, { take, fail }, headers);
    });
  }

  async #publishBatchOnce(messages: readonly OutgoingMessage[]): Promise<Acknowledged> {
    const last = messages.at(-1);
    if (last === undefined) throw new Error('expected a batch of at least one message');
    const id = headerLine('Nats-Batch-Id', uuidV4());
    messages.slice(0, -1).forEach(({ subject, payload, headers }, index) => {
      this.#requests.sendWithoutReply(subject, payload, headers + id + headerLine('Nats-Batch-Sequence', index + 1));
    });
    const end = headerLine('Nats-Batch-Sequence', messages.length) + headerLine('Nats-Batch-Commit', 1);
    return this.#publishOnce({ ...last, headers: last.headers + id + end });
  }

  /** Reads the last message of a subject from the leader. @throws EngineFailure */
  async last(stream: string, subject: string): Promise<StoredMessage | undefined> {
    return this.#fromLeader(stream, { last_by_subj: subject });
  }

  /**
   * Reads the end of a stream with several replicas from its leader. A leader that was cut off does not know of later
   * messages.
   */
  async end(stream: string): Promise<StreamEnd> {
    const { error, state, cluster } = await this.readUntilAnswered(async () => {
      const info = await this.api<StreamState>(`STREAM.INFO.${stream}`);
      if (info.error?.code === 503) throw apiFailure(info.error);
      return info;
    });
    if (error !== undefined) throw apiFailure(error);
    const { replicas = [] } = cluster ?? {};
    // A replica that the leader has not heard since it began to lead has the time 0.
    const silent = replicas.map(({ active }) => (active > 0 ? active / NANOSECONDS : Infinity)).sort((a, b) => a - b);
    // The leader and this many others are the majority.
    const others = Math.floor((replicas.length + 1) / 2);
    return { sequence: state?.last_seq ?? 0, age: others === 0 ? 0 : silent[others - 1]! };
  }

  /** Reads the first message of a subject that has this sequence number or a later one, from the leader. */
  async next(stream: string, subject: string, from: number): Promise<StoredMessage | undefined> {
    return this.#fromLeader(stream, { seq: from, next_by_subj: subject });
  }

  #fromLeader(stream: string, query: object): Promise<StoredMessage | undefined> {
    return this.readUntilAnswered(() => this.#readFromLeader(stream, query));
  }

  /**
   * Repeats a read while no server answers it, because servers restart and clusters elect leaders.
   * @throws EngineFailure
   */
  readUntilAnswered<Result>(read: () => Promise<Result>): Promise<Result> {
    return this.#repeat(this.#leaderReads, read);
  }

  /**
   * Repeats calls that change nothing if they are repeated, while the cluster has no leader.
   * @throws EngineFailure `busy` after `busyTimeout`
   */
  async untilLeader<Result>(call: () => Promise<Result>): Promise<Result> {
    const { info } = this.connection;
    // Nobody else can answer for a single server without JetStream. While the client reconnects, nothing is known.
    if (info !== undefined && info.jetstream !== true && info.cluster === undefined) return call();
    try {
      return await this.#repeat(this.#leaderReads, call, ['busy']);
    } catch (error) {
      if (!(error instanceof EngineFailure) || error.failure.code !== 'busy') throw error;
      const advice = 'check that a majority of its servers runs, or raise busyTimeout';
      const message = `the cluster had no leader for ${this.#busyTimeout} ms; ${advice} (${error.message})`;
      throw new EngineFailure('busy', message, { cause: error });
    }
  }

  /**
   * Repeats a read until it succeeds, fails permanently or exceeds its time.
   * @param kind the requests that the read belongs to, if only a leader answers it. Any server answers a page.
   * @param transient the codes of failures after which the read is repeated.
   */
  async #repeat<Result>(
    kind: Silence | undefined,
    read: () => Promise<Result>,
    transient: readonly string[] = ['busy', 'io'],
  ): Promise<Result> {
    const deadline = elapsed() + this.#busyTimeout;
    for (let delay = FIRST_DELAY; ; delay = Math.min(delay * 2, LONGEST_DELAY)) {
      const sentAt = elapsed();
      try {
        const result = await read();
        kind?.answered();
        return result;
      } catch (error) {
        const failure = requestFailure(error);
        const isTransient = failure instanceof EngineFailure && transient.includes(failure.failure.code);
        if (isTransient && kind !== undefined) this.#unanswered(kind, sentAt);
        if (!isTransient || this.#isClosed || this.connection.isClosed() || elapsed() + delay > deadline) {
          throw failure;
        }
      }
      await sleep(delay * (0.5 + Math.random() / 2));
    }
  }

  async #readFromLeader(stream: string, query: object): Promise<StoredMessage | undefined> {
    const { error, message } = await this.api<{ message?: RawMessage }>(`STREAM.MSG.GET.${stream}`, query);
    if (error?.err_code === API_ERRORS.messageNotFound) return undefined;
    if (error !== undefined) throw apiFailure(error);
    return message === undefined ? undefined : this.#stored(message);
  }

  #stored({ subject, seq, hdrs, data }: RawMessage): StoredMessage {
    const headers = new HeaderText(hdrs === undefined ? '' : Buffer.from(hdrs, 'base64').toString('latin1'));
    return { subject, sequence: seq, headers, payload: data === undefined ? NO_BYTES : bytesOf(data) };
  }

  /**
   * Reads a page of messages from any server that has the stream. In a cluster, that server may lack the newest
   * messages.
   * @throws EngineFailure
   */
  page({ stream, subject, from, limit }: PageRequest): Promise<Page> {
    const request = { seq: from, batch: limit, max_bytes: PAGE_BYTES, next_by_subj: subject };
    return this.#repeat(undefined, () => this.#readPage(stream, request));
  }

  /** Reads the last message of each subject, from any server that has the stream. At most 1,024 subjects. */
  async lastOfEach(stream: string, subjects: readonly string[]): Promise<readonly StoredMessage[]> {
    return (await this.#repeat(undefined, () => this.#readPage(stream, { multi_last: subjects }))).messages;
  }

  #readPage(stream: string, request: object): Promise<Page> {
    return new Promise((resolve, reject) => {
      const messages: StoredMessage[] = [];
      const take = ({ headers, data }: Reply): boolean => {
        const { status } = headers;
        if (status === 0) {
          messages.push(new DirectMessage(headers, data));
          return false;
        }
        if (status === 204) resolve({ messages, isLast: headers.last('Nats-Num-Pending') === '0' });
        else if (status === 404) resolve({ messages, isLast: true });
        else reject(new EngineFailure('busy', `the NATS server refused a page: ${headers.description}; try again`));
        return true;
      };
      const payload = JSON.stringify(request);
      this.#requests.sendForMany(`$JS.API.DIRECT.GET.${stream}`, payload, { take, fail: reject });
    });
  }
}

/** A message of a page. The server added its subject and its number to its headers. */
class DirectMessage implements StoredMessage {
  readonly sequence: number;
  readonly headers: HeaderText;
  readonly payload: Uint8Array;

  constructor(headers: HeaderText, payload: Uint8Array) {
    this.sequence = Number(headers.last('Nats-Sequence'));
    this.headers = headers;
    this.payload = payload;
  }

  /** The subject of the message. It is read on demand, because most readers do not need it. */
  get subject(): string {
    return this.headers.last('Nats-Subject');
  }
}

interface StreamState {
  readonly state?: { readonly last_seq?: number };
  readonly cluster?: { readonly replicas?: readonly { readonly active: number }[] };
}

interface RawMessage {
  readonly subject: string;
  readonly seq: number;
  readonly hdrs?: string;
  readonly data?: string;
}

/**
 * Returns whether the server answered itself, because no one listens to the subject. In that case nothing was stored.
 */
function isFromNobody(message: Msg): boolean {
  return message.data.length === 0 && replyOf(message, message.subject.length).headers.status === 503;
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

/** Returns whether the leader refused a message only because it has not finished an earlier one. */
function isInProcess(answer: Acknowledged): boolean {
  if (answer.tag === 'stored') return false;
  const { err_code } = answer.error;
  return err_code === API_ERRORS.duplicateInProcess || err_code === API_ERRORS.earlierInProcess;
}

function acknowledged(message: Msg): Acknowledged {
  const { error, seq, duplicate = false } = message.json<PublishReply>();
  if (error !== undefined) return { tag: 'refused', error };
  if (seq === undefined)
    throw new EngineFailure(
      'io',
      'the NATS server sent a reply in an unknown format; upgrade the server or this package',
    );
  return { tag: 'stored', sequence: seq, duplicate };
}
