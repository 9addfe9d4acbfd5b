/** Reads commits from the server in the order of their sequence numbers. */
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import type { Client, Page, StoredMessage } from './client.ts';
import { COMMIT_HEADER, type CommitNumbers, parseNumbers, type StoredCommit } from './commit-message.ts';
import type { ReadAhead } from './read-ahead.ts';
import type { Subjects } from './subjects.ts';

/** The largest number of messages to which pages grow. */
const LARGEST_PAGE = 1_000;
/** The number of the newest messages in which a read with a filter looks for missed ones. */
const MOST_CHECKED = 20_000;

/** A message of a commit, with the numbers in its header. */
export interface CommitPart {
  readonly message: StoredMessage;
  readonly numbers: CommitNumbers;
}

function partOf(message: StoredMessage): CommitPart {
  const text = message.headers.last(COMMIT_HEADER);
  if (text === '') throw foreign(message);
  return { message, numbers: parseNumbers(text) };
}

/**
 * Returns the command id of the message that identifies a commit. It is empty for the other parts of a large commit.
 */
export function commandIdOf({ headers }: StoredMessage): string {
  return headers.last('Nats-Msg-Id');
}

function foreign({ subject, sequence }: StoredMessage): EngineFailure {
  const place = `message ${sequence} on the subject ${subject}`;
  return new EngineFailure('corrupt', `${place} is not a commit; another program wrote to the stream of this store`);
}

function outdated(): EngineFailure {
  const message = 'the server that answers lacks commits that the store had before, because it was cut off; try again';
  return new EngineFailure('busy', message);
}

export class CommitReader {
  readonly #client: Client;
  readonly #subjects: Subjects;
  /** True if a server other than the leader may answer. */
  readonly #isReplicated: boolean;
  /** The last commit in a cluster that this process knows of. No read of many streams ends before it. */
  #known = 0;

  constructor(client: Client, subjects: Subjects, isReplicated: boolean) {
    this.#client = client;
    this.#subjects = subjects;
    this.#isReplicated = isReplicated;
  }

  /** Records that a commit is stored. */
  sawCommit(sequence: number): void {
    if (this.#isReplicated && sequence > this.#known) this.#known = sequence;
  }

  /** Reads the last message of a subject from the leader. */
  async last(subject: string): Promise<CommitPart | undefined> {
    const { name, allCommits } = this.#subjects;
    if (subject !== allCommits || !this.#isReplicated) return this.#last(name, subject);
    return this.#client.readUntilAnswered(async () => {
      const last = await this.#last(name, subject);
      const sequence = last?.message.sequence ?? 0;
      if (sequence < this.#known) throw outdated();
      this.sawCommit(sequence);
      return last;
    });
  }

  async #last(name: string, subject: string): Promise<CommitPart | undefined> {
    const message = await this.#client.last(name, subject);
    return message === undefined ? undefined : partOf(message);
  }

  /** Reads the first message of a subject from a sequence number on. */
  async first(subject: string, from: number): Promise<CommitPart | undefined> {
    for await (const [message] of this.messages(subject, from, 1)) if (message !== undefined) return partOf(message);
    return undefined;
  }

  /** Returns the commit whose last message has this sequence number, or `undefined` if the commit does not exist. */
  async commit(sequence: number): Promise<StoredCommit | undefined> {
    const part = await this.first(this.#subjects.allCommits, sequence);
    if (part === undefined || part.message.sequence !== sequence || part.numbers.part < part.numbers.parts)
      return undefined;
    return this.#whole(part);
  }

  /**
   * Reads the commits of a subject from a sequence number on, up to the last one. Each array has the commits of one
   * reply. A reader may stop early at no cost.
   *
   * @param ahead the pages of readers that continue after an earlier read.
   */
  async *commits(
    subject: string,
    from: number,
    pageSize: number,
    ahead?: ReadAhead,
  ): AsyncGenerator<readonly StoredCommit[]> {
    let parts: CommitPart[] = [];
    for await (const messages of this.messages(subject, from, pageSize, ahead)) {
      const commits: StoredCommit[] = [];
      for (const message of messages) {
        const part = partOf(message);
        const { numbers } = part;
        if (numbers.parts === 1) {
          commits.push({ sequence: message.sequence, numbers, bytes: message.payload });
          continue;
        }
        if (numbers.part === 1) parts = [];
        parts.push(part);
        if (numbers.part < numbers.parts) continue;
        // The reader may have begun in the middle of a commit.
        commits.push(parts.length === numbers.parts ? joined(parts) : await this.#whole(part));
        parts = [];
      }
      yield commits;
    }
  }

  /**
   * Reads the messages of a subject from a sequence number on, up to the last one. Each page is twice as large as the
   * previous one, because a reader that continues probably needs many more messages.
   */
  async *messages(
    subject: string,
    from: number,
    pageSize: number,
    ahead?: ReadAhead,
  ): AsyncGenerator<readonly StoredMessage[]> {
    const { name: stream, allCommits } = this.#subjects;
    const filter = subject === allCommits ? undefined : subject;
    const request = (next: number, limit: number): Promise<Page> =>
      this.#client.page({ stream, subject: filter, from: next, limit });
    const place = ahead?.take(subject, from);
    let page: Page | undefined = place && { messages: place.messages, isLast: false };
    let coming = place?.coming;
    let isFirst = place === undefined;
    let next = from;
    for (let limit = pageSize; ; page = undefined) {
      // The page that was requested ahead may be the last one of that time, but not of this call.
      const early: Page | undefined = page ?? (await coming);
      const { messages, isLast } = early ?? (await request(next, limit));
      if (page === undefined) coming = undefined;
      next = (messages.at(-1)?.sequence ?? next - 1) + 1;
      limit = Math.max(pageSize, Math.min(2 * limit, LARGEST_PAGE));
      if (ahead !== undefined && !isLast) {
        // A reader that requests one page only does not need another one.
        if (!isFirst) coming ??= request(next, limit).catch(() => undefined);
        ahead.keep({ subject, messages, coming });
      }
      isFirst = false;
      yield messages;
      if (!isLast || early !== undefined) continue;
      if (!this.#isReplicated) return;
      // The server that answered may lack the newest messages. Only the leader can confirm that no message follows.
      const message = await this.#client.next(stream, subject, next);
      const found = message === undefined ? await this.#missed(subject, next) : [message];
      if (found.length === 0) return;
      yield found;
      next = found.at(-1)!.sequence + 1;
    }
  }

  /**
   * Reads the messages of a subject that the servers which answered do not have (docs/decisions.md §79). A server that
   * was cut off, and believes that it still leads the stream, lacks the newest commits, and an answer does not name its
   * server. A subscriber would skip these commits, because it continues at the last commit that this process knows of.
   * So the messages up to this commit are read without a filter.
   */
  async #missed(subject: string, from: number): Promise<readonly StoredMessage[]> {
    const known = this.#known;
    // Readers of one stream do not continue at a position.
    const isOfMany = subject === this.#subjects.allCommits || subject.endsWith('.*');
    const found: StoredMessage[] = [];
    let next = isOfMany ? Math.max(from, known - MOST_CHECKED) : Infinity;
    await this.#client.readUntilAnswered(async () => {
      while (next <= known) {
        const request = { stream: this.#subjects.name, subject: undefined, from: next, limit: LARGEST_PAGE };
        const { messages } = await this.#client.page(request);
        if (messages.length === 0) throw outdated();
        found.push(...messages.filter((message) => message.subject.startsWith(subject.slice(0, -1))));
        next = messages.at(-1)!.sequence + 1;
      }
    });
    return found;
  }

  async #whole(last: CommitPart): Promise<StoredCommit> {
    const { message, numbers } = last;
    if (numbers.parts === 1) return { sequence: message.sequence, numbers, bytes: message.payload };
    const parts: CommitPart[] = [];
    const first = message.sequence - numbers.parts + 1;
    for await (const messages of this.messages(message.subject, first, numbers.parts)) {
      for (const found of messages) if (found.sequence <= message.sequence) parts.push(partOf(found));
      if (parts.length === numbers.parts) return joined(parts);
    }
    throw new EngineFailure(
      'corrupt',
      `a part of the commit of message ${message.sequence} is missing; restore a backup of the store`,
    );
  }
}

function joined(parts: readonly CommitPart[]): StoredCommit {
  const { message, numbers } = parts.at(-1)!;
  return { sequence: message.sequence, numbers, bytes: joinedPayloads(parts.map((part) => part.message)) };
}

/** Returns the bytes of a commit from its messages. */
export function joinedPayloads(parts: readonly StoredMessage[]): Uint8Array {
  const [first] = parts;
  if (parts.length === 1) return first!.payload;
  const bytes = new Uint8Array(parts.reduce((size, { payload }) => size + payload.length, 0));
  let at = 0;
  for (const { payload } of parts) {
    bytes.set(payload, at);
    at += payload.length;
  }
  return bytes;
}
