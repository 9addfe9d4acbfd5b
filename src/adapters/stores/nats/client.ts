/** Requests to one server or cluster: the JetStream API, guarded messages, and pages of stored messages. */
import type { ConnectionOptions, Msg, MsgHdrs, NatsConnection, Subscription } from '@nats-io/transport-node';
import { uuidV4 } from '../../../core/uuid.ts';
import { API_ERRORS, type ApiError, apiFailure, requestFailure, ServerFailure } from './failures.ts';

/** The part of the client's package that the store uses. It is loaded when a store is opened. */
export interface Driver {
  connect(options: ConnectionOptions): Promise<NatsConnection>;
  headers(): MsgHdrs;
}

/** A message to be stored. */
export interface OutgoingMessage {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** The server's answer to a message: stored, or refused. */
export type Acknowledged =
  | { readonly tag: 'stored'; readonly sequence: number; readonly duplicate: boolean }
  | { readonly tag: 'refused'; readonly error: ApiError };

/** A message as the server stores it. */
export interface StoredMessage {
  readonly subject: string;
  readonly sequence: number;
  readonly headers: MsgHdrs | undefined;
  readonly payload: Uint8Array;
}

/** A part of a JetStream stream, in the order of sequence numbers. */
export interface PageRequest {
  readonly stream: string;
  readonly subject: string;
  /** The first sequence number. */
  readonly from: number;
  readonly limit: number;
}

export interface Page {
  readonly messages: readonly StoredMessage[];
  /** True if no message followed the last one when the page was read. */
  readonly isLast: boolean;
}

/** Bytes of one page. The server ends a page that is larger, and the reader asks for the next one. */
const PAGE_BYTES = 8 * 1_048_576;
/** Milliseconds between two tries of a read. */
const FIRST_DELAY = 20;
const LONGEST_DELAY = 500;
const NO_BYTES = new Uint8Array(0);

interface PageReader {
  readonly messages: StoredMessage[];
  readonly resolve: (page: Page) => void;
  readonly reject: (error: unknown) => void;
  timer: ReturnType<typeof setTimeout>;
}

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
  /** Refuses everything that changes the store. */
  readonly readOnly: boolean;
}

export class Client {
  readonly connection: NatsConnection;
  readonly timeout: number;
  readonly #busyTimeout: number;
  readonly #isReadOnly: boolean;
  #isClosed = false;
  readonly #driver: Driver;
  /** All pages come to subjects below one inbox, because a subscription for each page would cost two messages more. */
  readonly #inbox: string;
  readonly #pages = new Map<string, PageReader>();
  #subscription: Subscription | undefined;
  #nextPage = 0;

  constructor(connection: NatsConnection, driver: Driver, { timeout, busyTimeout, readOnly }: ClientOptions) {
    this.connection = connection;
    this.timeout = timeout;
    this.#busyTimeout = busyTimeout;
    this.#isReadOnly = readOnly;
    this.#driver = driver;
    this.#inbox = `_INBOX.${uuidV4().replaceAll('-', '')}`;
  }

  /** The largest message in bytes, payload and headers together. */
  get maxPayload(): number {
    return this.connection.info?.max_payload ?? 1_048_576;
  }

  /** Ends the repetition of reads. Those that a server answers are finished. */
  stopRetrying(): void {
    this.#isClosed = true;
  }

  /** Stops the answers to pages. The connection stays open. */
  close(): void {
    this.#subscription?.unsubscribe();
    for (const page of this.#pages.values()) {
      clearTimeout(page.timer);
      page.reject(new ServerFailure('io', 'the store was closed during a read'));
    }
    this.#pages.clear();
  }

  /** Calls the JetStream API. @throws ServerFailure */
  async api<Result>(operation: string, request: object = {}): Promise<Result & { readonly error?: ApiError }> {
    try {
      const reply = await this.connection.request(`$JS.API.${operation}`, JSON.stringify(request), {
        timeout: this.timeout,
      });
      return reply.json<Result & { error?: ApiError }>();
    } catch (error) {
      throw requestFailure(error);
    }
  }

  /** @throws ServerFailure `read-only` if the store was opened to be read. */
  checkWritable(): void {
    if (this.#isReadOnly) throw new ServerFailure('read-only', 'the store was opened with readOnly: open it without');
  }

  /**
   * Stores one message.
   * @throws the client's own error if no answer came, so that the caller can tell if the message was sent.
   */
  async publish({ subject, payload, headers }: OutgoingMessage): Promise<Acknowledged> {
    return acknowledged(
      await this.connection.request(subject, payload, { headers: this.#headersOf(headers), timeout: this.timeout }),
    );
  }

  /**
   * Stores several messages, all or none of them. Only the last one is answered.
   *
   * The headers are written here, because the client's own batches lose the error code of a refusal.
   */
  async publishBatch(messages: readonly OutgoingMessage[]): Promise<Acknowledged> {
    const last = messages.at(-1);
    if (last === undefined) throw new Error('a batch has at least one message');
    const id = uuidV4();
    messages.slice(0, -1).forEach(({ subject, payload, headers }, index) => {
      const batched = { ...headers, 'Nats-Batch-Id': id, 'Nats-Batch-Sequence': String(index + 1) };
      this.connection.publish(subject, payload, { headers: this.#headersOf(batched) });
    });
    return this.publish({
      ...last,
      headers: {
        ...last.headers,
        'Nats-Batch-Id': id,
        'Nats-Batch-Sequence': String(messages.length),
        'Nats-Batch-Commit': '1',
      },
    });
  }

  /** Reads the last message of a subject from the leader. @throws ServerFailure */
  async last(stream: string, subject: string): Promise<StoredMessage | undefined> {
    return this.#fromLeader(stream, { last_by_subj: subject });
  }

  /** Reads the first message of a subject that has this sequence number or a later one, from the leader. */
  async next(stream: string, subject: string, from: number): Promise<StoredMessage | undefined> {
    return this.#fromLeader(stream, { seq: from, next_by_subj: subject });
  }

  #fromLeader(stream: string, query: object): Promise<StoredMessage | undefined> {
    return this.patiently(() => this.#readFromLeader(stream, query));
  }

  /**
   * Repeats a read while no server answers it, because servers are restarted and clusters elect leaders.
   * @throws ServerFailure
   */
  async patiently<Result>(read: () => Promise<Result>): Promise<Result> {
    const deadline = performance.now() + this.#busyTimeout;
    for (let delay = FIRST_DELAY; ; delay = Math.min(delay * 2, LONGEST_DELAY)) {
      try {
        return await read();
      } catch (error) {
        const failure = requestFailure(error);
        const isTransient = failure instanceof ServerFailure && ['busy', 'io'].includes(failure.failure.code);
        if (!isTransient || this.#isClosed || this.connection.isClosed() || performance.now() + delay > deadline) {
          throw failure;
        }
      }
      await new Promise((resolve) => setTimeout(resolve, delay * (0.5 + Math.random() / 2)));
    }
  }

  async #readFromLeader(stream: string, query: object): Promise<StoredMessage | undefined> {
    const { error, message } = await this.api<{ message?: RawMessage }>(`STREAM.MSG.GET.${stream}`, query);
    if (error?.err_code === API_ERRORS.messageNotFound) return undefined;
    if (error !== undefined) throw apiFailure(error);
    return message === undefined ? undefined : this.#stored(message);
  }

  #stored({ subject, seq, hdrs, data }: RawMessage): StoredMessage {
    const headers = hdrs === undefined ? undefined : this.#parsed(Buffer.from(hdrs, 'base64').toString());
    return { subject, sequence: seq, headers, payload: data === undefined ? NO_BYTES : bytesOf(data) };
  }

  #parsed(text: string): MsgHdrs {
    const headers = this.#driver.headers();
    for (const line of text.split('\r\n').slice(1)) {
      const colon = line.indexOf(':');
      if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    return headers;
  }

  /**
   * Reads a page of messages from any server that has the stream. In a cluster, it may have less than the leader.
   * @throws ServerFailure
   */
  page({ stream, subject, from, limit }: PageRequest): Promise<Page> {
    const request = { seq: from, batch: limit, max_bytes: PAGE_BYTES, next_by_subj: subject };
    return this.patiently(() => this.#readPage(stream, request));
  }

  /** Reads the last message of each subject, from any server that has the stream. At most 1,024 subjects. */
  async lastOfEach(stream: string, subjects: readonly string[]): Promise<readonly StoredMessage[]> {
    return (await this.patiently(() => this.#readPage(stream, { multi_last: subjects }))).messages;
  }

  #readPage(stream: string, request: object): Promise<Page> {
    this.#subscription ??= this.connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#take(message);
      },
    });
    return new Promise((resolve, reject) => {
      const id = String(this.#nextPage++);
      const timer = this.#timer(id);
      this.#pages.set(id, { messages: [], resolve, reject, timer });
      try {
        this.connection.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(request), {
          reply: `${this.#inbox}.${id}`,
        });
      } catch (error) {
        this.#end(id)?.reject(requestFailure(error));
      }
    });
  }

  #timer(id: string): ReturnType<typeof setTimeout> {
    return setTimeout(() => {
      this.#end(id)?.reject(new ServerFailure('busy', 'the NATS server did not send a page in time: try again'));
    }, this.timeout);
  }

  #end(id: string): PageReader | undefined {
    const page = this.#pages.get(id);
    if (page === undefined) return undefined;
    this.#pages.delete(id);
    clearTimeout(page.timer);
    return page;
  }

  #take(message: Msg): void {
    const id = message.subject.slice(this.#inbox.length + 1);
    const page = this.#pages.get(id);
    if (page === undefined) return;
    const { headers } = message;
    switch (headers?.code ?? 0) {
      case 0:
        page.messages.push({
          subject: headers?.last('Nats-Subject') ?? '',
          sequence: Number(headers?.last('Nats-Sequence')),
          headers,
          payload: plain(message.data),
        });
        return;
      case 204:
        this.#end(id);
        page.resolve({ messages: page.messages, isLast: headers?.last('Nats-Num-Pending') === '0' });
        return;
      case 404:
        this.#end(id);
        page.resolve({ messages: page.messages, isLast: true });
        return;
      default: {
        this.#end(id);
        const description = headers?.description ?? '';
        page.reject(new ServerFailure('busy', `the NATS server refused a page: ${description}: try again`));
      }
    }
  }

  #headersOf(values: Readonly<Record<string, string>>): MsgHdrs {
    const headers = this.#driver.headers();
    for (const name in values) headers.set(name, values[name]!);
    return headers;
  }
}

interface RawMessage {
  readonly subject: string;
  readonly seq: number;
  readonly hdrs?: string;
  readonly data?: string;
}

/** The client returns Node's buffers, and the store returns plain arrays. */
function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function bytesOf(base64: string): Uint8Array {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}

function acknowledged(message: Msg): Acknowledged {
  const { error, seq, duplicate = false } = message.json<PublishReply>();
  if (error !== undefined) return { tag: 'refused', error };
  if (seq === undefined) throw new ServerFailure('io', 'the NATS server answered a message in an unknown form');
  return { tag: 'stored', sequence: seq, duplicate };
}
