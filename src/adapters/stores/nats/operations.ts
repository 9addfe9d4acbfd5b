import type { JetStreamClient } from '@nats-io/jetstream';
import type { Appended, ReadAllOptions, ReadStreamOptions, Snapshot, SnapshotKey } from '../../../core/event-store.ts';
import type { Decision, Envelope, Precondition, RecordedDecision, RecordedEvent } from '../../../core/messages.ts';
import { usedAfterClose } from '../../../core/storage/arguments.ts';
import type { RecordedCommit } from '../../../core/storage/chain.ts';
import { awaitEventsAfter } from '../../../core/storage/commit-signal.ts';
import { diverged, followsHead, isSameCommit, type ReadLogOptions } from '../../../core/storage/commit-transfer.ts';
import { copyOfCommit, copyOfDecision, copyOfEvents, copyOfPrecondition } from '../../../core/storage/copies.ts';
import {
  checkReservedEvents,
  type DecidedAppend,
  RESERVATION_READ_LIMIT,
} from '../../../core/storage/exclusive-append.ts';
import type { BareCommitStore } from '../../../core/storage/guarded-store.ts';
import type { Damage, ReadCommitsOptions, ReadStreamsOptions, StreamHead } from '../../../core/storage/verify-chain.ts';
import { Appender } from './append.ts';
import type { Client } from './client.ts';
import { CommandIndex } from './command-index.ts';
import { COMMIT_HEADER, parseNumbers, positionOf } from './commit-message.ts';
import { CommitReader } from './commit-reader.ts';
import { asAppendFailure, asStoreFailure } from './failures.ts';
import { findDamage } from './find-damage.ts';
import { type FollowedMessage, Follower } from './follower.ts';
import { Heads } from './heads.ts';
import { IdSegments } from './id-segments.ts';
import type { OpenedStore } from './open.ts';
import type { CheckedOptions } from './options.ts';
import { NatsProcessors } from './processors.ts';
import { ProcessorSubjects } from './processors-values.ts';
import {
  Density,
  lastPosition,
  type ReadingParts,
  readAll,
  readCommits,
  readLog,
  readStream,
  readStreams,
} from './read.ts';
import { ReadAhead } from './read-ahead.ts';
import { Snapshots } from './snapshots.ts';
import { StateValues } from './state-values.ts';
import { StreamQueues } from './stream-queues.ts';
import type { Subjects } from './subjects.ts';
import { WriterTurns } from './writer-turns.ts';

/** The operations of a store. Their arguments have been checked. */
export class NatsOperations implements BareCommitStore {
  readonly #client: Client;
  readonly #segments: IdSegments;
  readonly #index: CommandIndex;
  readonly #heads = new Heads();
  readonly #appender: Appender;
  readonly #reading: ReadingParts;
  readonly #snapshots: Snapshots;
  readonly #queues = new StreamQueues();
  readonly #turns: WriterTurns;
  readonly #follower: Follower;
  readonly #stateFollower: Follower;
  readonly processors: NatsProcessors;
  readonly #work = new Set<Promise<unknown>>();
  /** Closes the connection, if the store created it. */
  readonly #disconnect: () => Promise<void>;
  /**
   * The position of the last known event, or `undefined` if the store has no events, or its position was not read yet.
   */
  #lastKnown: bigint | undefined;
  #isClosing = false;

  constructor(
    client: Client,
    subjects: Subjects,
    { connectionLife, now }: CheckedOptions,
    { duplicateWindow, replicas }: OpenedStore,
    jetstream: () => JetStreamClient,
    disconnect: () => Promise<void>,
  ) {
    this.#client = client;
    this.#disconnect = disconnect;
    const values = new StateValues(client, subjects, replicas > 1);
    const segments = new IdSegments(subjects, values);
    this.#segments = segments;
    const index = new CommandIndex(client, subjects, segments, {
      duplicateWindow,
      connectionLife,
      isReplicated: replicas > 1,
    });
    const reader = new CommitReader(client, subjects, replicas > 1);
    const heads = this.#heads;
    const committed = (sequence: number, events: number): void => this.#sawEvents(sequence, events);
    this.#index = index;
    this.#appender = new Appender({ client, subjects, reader, index, heads, now, committed });
    this.#reading = {
      subjects,
      reader,
      appender: this.#appender,
      heads,
      density: new Density(),
      ahead: new ReadAhead(),
    };
    this.#snapshots = new Snapshots(client, subjects);
    this.#turns = new WriterTurns(client, subjects);
    this.#follower = new Follower({
      client,
      jetstream,
      stream: subjects.name,
      subject: subjects.allCommits,
      take: (message) => this.#follow(message),
    });
    const processorSubjects = new ProcessorSubjects(subjects);
    this.#stateFollower = new Follower({
      client,
      jetstream,
      stream: subjects.stateStream,
      subject: processorSubjects.all,
      take: () => {},
    });
    this.processors = new NatsProcessors({
      values,
      subjects: processorSubjects,
      follower: this.#stateFollower,
      work: (call) => (this.#isClosing ? Promise.reject(usedAfterClose()) : this.#read(call)),
    });
    this.#forgetOnDisconnect().catch(() => {});
  }

  async append(
    stream: string,
    events: readonly Envelope[],
    precondition: Precondition,
    decision: Decision,
  ): Promise<Appended> {
    const [ownEvents, ownDecision] = [copyOfEvents(events), copyOfDecision(decision)];
    const ownPrecondition = copyOfPrecondition(precondition);
    const append = (): Promise<Appended> => this.#appender.append(stream, ownEvents, ownPrecondition, ownDecision);
    return this.#writing(stream, () =>
      this.#turns.isTaken(stream) ? this.#turns.letOthersWrite(stream).then(append) : append(),
    );
  }

  appendExclusively(
    stream: string,
    after: bigint | undefined,
    decide: (events: readonly RecordedEvent[]) => DecidedAppend,
  ): Promise<Appended> {
    const fromRevision = after === undefined ? 0n : after + 1n;
    const options = { direction: 'forward', fromRevision, limit: RESERVATION_READ_LIMIT } as const;
    const write = async (): Promise<Appended> => {
      const missed = await readStream(this.#reading, stream, options);
      checkReservedEvents(stream, after, missed);
      const { events, precondition, decision } = decide(missed);
      return this.#appender.append(
        stream,
        copyOfEvents(events),
        copyOfPrecondition(precondition),
        copyOfDecision(decision),
      );
    };
    return this.#writing(stream, () => this.#turns.run(stream, write));
  }

  /**
   * Runs an append after the earlier appends of this process to the stream.
   * @throws AppendFailure
   */
  async #writing(stream: string, append: () => Promise<Appended>): Promise<Appended> {
    try {
      this.#client.checkWritable();
      this.#turns.listen();
      return await this.#working(this.#queues.run(stream, append));
    } catch (error) {
      throw asAppendFailure(error);
    }
  }

  readStream(stream: string, options: ReadStreamOptions): Promise<readonly RecordedEvent[]> {
    return this.#read(() => readStream(this.#reading, stream, options));
  }

  readAll(options: ReadAllOptions): Promise<readonly RecordedEvent[]> {
    return this.#read(() => readAll(this.#reading, options));
  }

  async awaitEvents(afterPosition: bigint | undefined, signal?: AbortSignal): Promise<bigint> {
    signal?.throwIfAborted();
    const last = async (): Promise<bigint | undefined> => {
      if (this.#isClosing) throw usedAfterClose();
      return this.#read(async () => {
        await this.#follower.start();
        // The follower reports every event that is stored from now on. Earlier events are read once.
        if (this.#lastKnown === undefined) this.#saw(await lastPosition(this.#reading));
        return this.#lastKnown;
      });
    };
    return awaitEventsAfter(last, this.#follower.changes, afterPosition, signal);
  }

  findDecision(commandId: string): Promise<RecordedDecision | undefined> {
    return this.#read(() => this.#appender.findDecision(commandId));
  }

  loadSnapshot(key: SnapshotKey): Promise<Snapshot | undefined> {
    return this.#read(() => this.#snapshots.load(key));
  }

  saveSnapshot(key: SnapshotKey, snapshot: Snapshot): Promise<void> {
    return this.#read(() => this.#snapshots.save(key, snapshot));
  }

  dropSnapshot(key: SnapshotKey): Promise<void> {
    return this.#read(() => this.#snapshots.drop(key));
  }

  readCommits(stream: string, options: ReadCommitsOptions = {}): Promise<readonly RecordedCommit[]> {
    return this.#read(() => readCommits(this.#reading, stream, options));
  }

  readStreams(options: ReadStreamsOptions = {}): Promise<readonly StreamHead[]> {
    return this.#read(() => readStreams(this.#reading, options));
  }

  readLog(options: ReadLogOptions = {}): Promise<readonly RecordedCommit[]> {
    return this.#read(() => readLog(this.#reading, options));
  }

  findDamage(): Promise<Damage | undefined> {
    return this.#read(() => findDamage({ ...this.#reading, segments: this.#segments }));
  }

  importCommits(commits: readonly RecordedCommit[]): Promise<void> {
    const own = commits.map(copyOfCommit);
    return this.#read(async () => {
      this.#client.checkWritable();
      for (const commit of own) await this.#queues.run(commit.decision.stream, () => this.#import(commit));
    });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#client.stopRetrying();
    await Promise.all([this.#follower.close(usedAfterClose), this.#stateFollower.close(usedAfterClose)]);
    await Promise.allSettled(this.#work);
    this.#turns.close();
    this.#client.close();
    await this.#disconnect();
  }

  async #import(commit: RecordedCommit): Promise<void> {
    const { decision: recorded, events } = commit;
    const { stream, decision, recordedAt } = recorded;
    for (;;) {
      const first = await this.#appender.findDecision(decision.commandId);
      if (first !== undefined) {
        if (isSameCommit(first, commit)) return;
        throw diverged(commit);
      }
      const head = this.#heads.get(stream) ?? (await this.#appender.loadHead(stream));
      const revision = head.events === 0 ? undefined : BigInt(head.events - 1);
      if (!followsHead({ revision, hash: head.hash }, commit)) {
        const fresh = await this.#appender.loadHead(stream);
        if (fresh.sequence === head.sequence) throw diverged(commit);
        continue;
      }
      if ((await this.#appender.store({ stream, events, decision, recordedAt }, head)) !== undefined) return;
    }
  }

  #follow({ sequence, header }: FollowedMessage): void {
    const commandId = header('Nats-Msg-Id');
    if (commandId === '') return;
    this.#reading.reader.sawCommit(sequence);
    this.#index.add(commandId, sequence);
    const { count } = parseNumbers(header(COMMIT_HEADER));
    if (count > 0) this.#saw(positionOf(sequence, count - 1));
  }

  #sawEvents(sequence: number, events: number): void {
    // Before the first wait, the position is not needed. It may also not be the last one, because other processes
    // append too.
    if (this.#lastKnown === undefined && !this.#follower.changes.isAwaited) return;
    this.#saw(positionOf(sequence, events - 1));
    this.#follower.changes.notify();
  }

  #saw(position: bigint | undefined): void {
    if (position === undefined) return;
    if (this.#lastKnown === undefined || position > this.#lastKnown) this.#lastKnown = position;
  }

  async #read<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#working(read());
    } catch (error) {
      throw asStoreFailure(error);
    }
  }

  /** Registers work that `close` waits for. */
  async #working<Result>(work: Promise<Result>): Promise<Result> {
    this.#work.add(work);
    try {
      return await work;
    } finally {
      this.#work.delete(work);
    }
  }

  async #forgetOnDisconnect(): Promise<void> {
    for await (const { type } of this.#client.connection.status()) {
      if (type === 'disconnect') this.#index.forgetCoverage();
      if (this.#isClosing) return;
    }
  }
}
