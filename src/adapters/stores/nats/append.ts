/**
 * Appends a commit: checks the command id and the precondition, extends the chain, and sends one message. The server
 * stores the message only if the stream's subject has not changed since the writer read it (docs/architecture.md, "One
 * commit per decision").
 */
import type { Appended } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition, RecordedDecision } from '../../../core/messages.ts';
import { conflict, duplicate, recordedTime, satisfies } from '../../../core/storage/arguments.ts';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import { equalBytes } from '../../../core/storage/equal-bytes.ts';
import { elapsed, sleep } from '../../../core/storage/timers.ts';
import type { Acknowledged, Client, OutgoingMessage } from './client.ts';
import type { CommandIndex } from './command-index.ts';
import {
  COMMIT_HEADER,
  type CommitMessage,
  encodeCommit,
  type Head,
  headOf,
  NO_HEAD,
  numbersText,
  positionOf,
  recordedDecisionOf,
  type StoredCommit,
} from './commit-message.ts';
import { type CommitReader, commandIdOf } from './commit-reader.ts';
import { API_ERRORS, apiFailure, isNoResponders, requestFailure } from './failures.ts';
import { headerLine } from './header-text.ts';
import type { Heads } from './heads.ts';
import type { Subjects } from './subjects.ts';

/** The bytes of `max_payload` that are reserved for the headers of a message. */
const HEADER_BYTES = 1_024;

/** A commit that was stored. */
export interface StoredAt {
  readonly sequence: number;
  readonly message: CommitMessage;
}

/** The content of a new commit. */
export interface Appending {
  readonly stream: string;
  readonly events: readonly Envelope[];
  readonly decision: Decision;
  readonly recordedAt: bigint;
}

export interface AppenderParts {
  readonly client: Client;
  readonly subjects: Subjects;
  readonly reader: CommitReader;
  readonly index: CommandIndex;
  readonly heads: Heads;
  readonly now: () => number;
  /** Called with each commit of this process that contains events. */
  readonly committed: (sequence: number, events: number) => void;
}

export class Appender {
  readonly #parts: AppenderParts;

  constructor(parts: AppenderParts) {
    this.#parts = parts;
  }

  /**
   * Appends a commit. The arguments have been checked.
   * @throws AppendFailure `duplicate` or `conflict`, or EngineFailure
   */
  async append(
    stream: string,
    events: readonly Envelope[],
    precondition: Precondition,
    decision: Decision,
  ): Promise<Appended> {
    const { client, index, heads } = this.#parts;
    client.checkWritable();
    if (this.#mayBeKnown(decision.commandId)) await this.#refuseKnown(decision.commandId);
    let isFresh = false;
    for (;;) {
      let head = heads.get(stream);
      if (head === undefined) {
        head = await this.loadHead(stream);
        isFresh = true;
      }
      const last = head.events === 0 ? undefined : BigInt(head.events - 1);
      if (!satisfies(precondition, last)) {
        // The head may be old. Only a head that was read after the call began proves a conflict.
        if (!isFresh) {
          heads.delete(stream);
          continue;
        }
        const first = await this.findDecision(decision.commandId);
        throw first === undefined ? conflict(stream, precondition, last) : duplicate(first);
      }
      // The check comes directly before the message is sent, because the wait for the head may have taken time.
      if (this.#mayBeKnown(decision.commandId)) {
        await this.#refuseKnown(decision.commandId);
        if (!index.isReady) continue;
      }
      const recordedAt = recordedTime(this.#parts.now());
      const stored = await this.store({ stream, events, decision, recordedAt }, head);
      if (stored !== undefined) return appended(stored, events.length, recordedAt);
      isFresh = false;
    }
  }

  /**
   * Sends a commit that follows `head`. Returns `undefined` if the stream has later commits.
   * @throws AppendFailure `duplicate`, or EngineFailure.
   */
  async store({ stream, events, decision, recordedAt }: Appending, head: Head): Promise<StoredAt | undefined> {
    const { heads, index, client } = this.#parts;
    const message = encodeCommit(stream, head, events, decision, recordedAt);
    const deadline = elapsed() + client.timeout;
    for (;;) {
      let answer: Acknowledged;
      try {
        answer = await this.#send(stream, head, events.length, decision.commandId, message);
      } catch (error) {
        if (isNoResponders(error) || client.connection.isClosed()) throw requestFailure(error);
        const sequence = await this.#sequenceOf(decision.commandId, message, error);
        answer = { tag: 'stored', sequence, duplicate: false };
      }
      if (answer.tag === 'stored') {
        if (answer.duplicate) throw duplicate(await this.#recorded(answer.sequence));
        heads.set(stream, { sequence: answer.sequence, events: message.events, hash: message.hash });
        index.add(decision.commandId, answer.sequence);
        this.#parts.reader.sawCommit(answer.sequence);
        if (events.length > 0) this.#parts.committed(answer.sequence, events.length);
        return { sequence: answer.sequence, message };
      }
      switch (answer.error.err_code) {
        case API_ERRORS.wrongLastSequence:
          heads.delete(stream);
          return undefined;
        case API_ERRORS.duplicateInBatch: {
          const first = await this.findDecision(decision.commandId);
          if (first !== undefined) throw duplicate(first);
          // The leader has not finished an earlier write of this command.
          if (elapsed() > deadline) throw apiFailure(answer.error);
          break;
        }
        default:
          throw apiFailure(answer.error);
      }
      await sleep(1);
    }
  }

  /** Reads the end of a stream from the leader. */
  async loadHead(stream: string): Promise<Head> {
    const { reader, heads, subjects } = this.#parts;
    const last = await reader.last(subjects.commits(stream));
    if (last === undefined) return NO_HEAD;
    const { message, numbers } = last;
    // The last part of a large commit ends with its hash too.
    const head = headOf({ sequence: message.sequence, numbers, bytes: message.payload });
    heads.set(stream, head);
    return head;
  }

  /** Returns the recorded decision on a command, or `undefined` if the command was not decided. */
  async findDecision(commandId: string): Promise<RecordedDecision | undefined> {
    const commit = await this.find(commandId);
    return commit === undefined ? undefined : recordedDecisionOf(commit);
  }

  /** Reads the commit of a command from the server. Returns `undefined` if it is not stored. */
  async find(commandId: string): Promise<StoredCommit | undefined> {
    await this.#parts.index.readToEnd();
    return this.#indexed(commandId);
  }

  /** False if the index proves that a message with this id may be sent now. It decides nearly every append. */
  #mayBeKnown(commandId: string): boolean {
    const { index } = this.#parts;
    return !index.isReady || index.find(commandId).length > 0;
  }

  async #refuseKnown(commandId: string): Promise<void> {
    const { index } = this.#parts;
    if (!index.isReady) await index.makeReady();
    const known = index.find(commandId).length === 0 ? undefined : await this.#indexed(commandId);
    if (known !== undefined) throw duplicate(recordedDecisionOf(known));
  }

  async #indexed(commandId: string): Promise<StoredCommit | undefined> {
    const { index, reader, subjects } = this.#parts;
    for (const sequence of index.find(commandId)) {
      const found = await reader.first(subjects.allCommits, sequence);
      if (found !== undefined && commandIdOf(found.message) === commandId) return this.#commit(sequence);
    }
    return undefined;
  }

  async #commit(sequence: number): Promise<StoredCommit> {
    const commit = await this.#parts.reader.commit(sequence);
    if (commit === undefined)
      throw new EngineFailure('corrupt', `the commit of message ${sequence} is missing; restore a backup of the store`);
    return commit;
  }

  async #recorded(sequence: number): Promise<RecordedDecision> {
    return recordedDecisionOf(await this.#commit(sequence));
  }

  /**
   * Looks for the commit of a message that was not answered.
   * @throws EngineFailure `unknown-outcome` if the commit is not stored yet, because the message may still arrive.
   */
  async #sequenceOf(commandId: string, message: CommitMessage, cause: unknown): Promise<number> {
    const { index } = this.#parts;
    index.forgetCoverage();
    let found: StoredCommit | undefined;
    try {
      found = await this.find(commandId);
    } catch {
      // The server still does not answer.
    }
    if (found === undefined) {
      const advice = 'look the command up by its id before you send it again, or send it again with the same id';
      throw new EngineFailure('unknown-outcome', `the NATS server did not answer a commit; ${advice}`, { cause });
    }
    const recorded = recordedDecisionOf(found);
    if (!equalBytes(recorded.hash, message.hash)) throw duplicate(recorded);
    return found.sequence;
  }

  #send(stream: string, head: Head, count: number, commandId: string, commit: CommitMessage): Promise<Acknowledged> {
    const { client, subjects } = this.#parts;
    const subject = subjects.commits(stream);
    const guard = headerLine('Nats-Expected-Last-Subject-Sequence', head.sequence);
    const id = headerLine('Nats-Msg-Id', commandId);
    const numbers = (part: number, parts: number): string =>
      headerLine(COMMIT_HEADER, numbersText(commit.events, count, part, parts));
    const room = client.maxPayload - HEADER_BYTES;
    const parts = Math.ceil(commit.bytes.length / room);
    if (parts === 1) return client.publish({ subject, payload: commit.bytes, headers: id + guard + numbers(1, 1) });
    // The parts have equal sizes, so that the last one contains the whole hash.
    const size = Math.ceil(commit.bytes.length / parts);
    const messages: OutgoingMessage[] = [];
    for (let part = 1; part <= parts; part++) {
      messages.push({
        subject,
        payload: commit.bytes.subarray((part - 1) * size, part * size),
        headers: numbers(part, parts) + (part === 1 ? guard : '') + (part === parts ? id : ''),
      });
    }
    return client.publishBatch(messages);
  }
}

function appended({ sequence, message }: StoredAt, count: number, recordedAt: bigint): Appended {
  return {
    firstRevision: message.firstRevision,
    firstPosition: count > 0 ? positionOf(sequence, 0) : undefined,
    revision: message.events === 0 ? undefined : BigInt(message.events - 1),
    recordedAt,
    hash: message.hash,
  };
}
