/**
 * The index of command ids (docs/decisions.md §61). A command id can be used only once in a store. Together, two
 * mechanisms recognize it at any time:
 *
 * - The server refuses an id that it has seen within its duplicate window.
 * - This index has the id of every commit that is older than the window, and of most newer commits. Every process that
 *   appends builds it from the stream of commits alone.
 *
 * An append is safe if the index has every commit that the server may have forgotten when the message arrives. Let the
 * index have every commit that was stored before the instant t. The message arrives at most `connectionLife` after it
 * was sent, because it cannot outlive its connection. So an append that is sent before t + window − connectionLife is
 * safe. Before a later append, the index reads the newer commits. If it cannot, the append is refused with `busy`.
 *
 * A server that was cut off from the others believes for some seconds that it still leads the stream. It does not have
 * the commits that the others have stored since. So t is not later than the instant at which the leader that answered
 * last heard from a majority.
 */
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import { elapsed, sleep, wallClock } from '../../../core/storage/timers.ts';
import type { Client } from './client.ts';
import { CommandIds, type IdBits, idBits } from './command-ids.ts';
import { IdBlocks } from './id-blocks.ts';
import { type IdSegments, SEGMENT } from './id-segments.ts';
import type { Subjects } from './subjects.ts';

/** The number of messages of one page. */
const PAGE = 1_000;
/** Milliseconds between two reads that do not make the index ready. */
const PAUSE = 20;

/**
 * An instant on two clocks. The steady clock may stop while the machine is suspended, and the wall clock may be set
 * back.
 */
interface Instant {
  readonly steady: number;
  readonly wall: number;
}

const now = (): Instant => ({ steady: elapsed(), wall: wallClock() });

export interface IndexOptions {
  readonly duplicateWindow: number;
  readonly connectionLife: number;
  /** True if the stream has several replicas, so that a server that was cut off may still believe that it leads it. */
  readonly isReplicated: boolean;
}

export class CommandIndex {
  readonly #client: Client;
  readonly #subjects: Subjects;
  readonly #ids = new CommandIds();
  readonly #segments: IdSegments;
  readonly #isReplicated: boolean;
  /** The maximum number of milliseconds between the instant that the index covers and an append. */
  readonly #limit: number;
  /** The sequence number up to which the index contains every commit. */
  #covered = 0;
  /** The commits after `#covered` that the index contains because this process made them. */
  readonly #ahead = new Set<number>();
  /** The instant before which every stored commit is in the index. */
  #coveredAt: Instant | undefined;
  #reading: Promise<void> | undefined;
  /** The ids of the commits in the blocks that are not written yet. */
  readonly #blocks = new IdBlocks();
  #writing: Promise<void> = Promise.resolve();

  constructor(
    client: Client,
    subjects: Subjects,
    segments: IdSegments,
    { duplicateWindow, connectionLife, isReplicated }: IndexOptions,
  ) {
    this.#isReplicated = isReplicated;
    this.#client = client;
    this.#segments = segments;
    this.#subjects = subjects;
    this.#limit = duplicateWindow - connectionLife;
  }

  /** Returns whether an append may be sent now. If not, {@link makeReady} reads the newer commits first. */
  get isReady(): boolean {
    const age = this.#age();
    // If this read fails, the next append repeats it.
    if (age > this.#limit / 2 && age <= this.#limit) this.#prepare().catch(() => {});
    return age <= this.#limit;
  }

  /**
   * Reads the commits that the index does not have, until an append may be sent.
   * @throws EngineFailure `busy` if the leader has not heard from the other servers for too long.
   */
  async makeReady(): Promise<void> {
    const deadline = elapsed() + this.#client.timeout;
    while (!this.isReady) {
      await this.#prepare();
      if (this.isReady) return;
      if (elapsed() > deadline) {
        throw new EngineFailure('busy', 'the leader of the store does not reach the other servers; try again');
      }
      await sleep(PAUSE);
    }
  }

  #prepare(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  /** Reads every commit that was stored before the call. @throws EngineFailure */
  async readToEnd(): Promise<void> {
    // A read that has begun already may have asked for the last commit before the call.
    await this.#reading?.catch(() => {});
    await this.#prepare();
  }

  /** Forgets the covered instant after a lost connection, because messages on the next one must be checked again. */
  forgetCoverage(): void {
    this.#coveredAt = undefined;
  }

  /** Returns the sequence numbers of the commits that may have this command id. */
  find(commandId: string): readonly number[] {
    return this.#ids.find(idBits(commandId));
  }

  /** Adds a commit that this process made, or that it read before the others. */
  add(commandId: string, sequence: number): void {
    if (sequence <= this.#covered || this.#ahead.has(sequence)) return;
    this.#note(commandId, sequence);
    if (sequence !== this.#covered + 1) {
      this.#ahead.add(sequence);
      return;
    }
    this.#cover(sequence);
  }

  #note(commandId: string, sequence: number): void {
    const id: IdBits = idBits(commandId);
    this.#ids.add(id, sequence);
    if (this.#client.isWritable) this.#blocks.set(id, sequence);
  }

  #cover(sequence: number): void {
    this.#covered = sequence;
    while (this.#ahead.delete(this.#covered + 1)) this.#covered++;
    if (this.#client.isWritable) this.#writeComplete();
  }

  /** Writes the blocks that are complete, one after another. A later process tries again if it fails. */
  #writeComplete(): void {
    for (const { segment, bytes } of this.#blocks.takeUpTo(this.#covered)) {
      this.#writing = this.#writing.then(() => this.#segments.write(segment, bytes)).catch(() => {});
    }
  }

  #age(): number {
    if (this.#coveredAt === undefined) return Infinity;
    const { steady, wall } = now();
    return Math.max(steady - this.#coveredAt.steady, wall - this.#coveredAt.wall);
  }

  async #read(): Promise<void> {
    const { name, allCommits } = this.#subjects;
    const began = now();
    const { sequence: last, age } = this.#isReplicated
      ? await this.#client.end(name)
      : { sequence: (await this.#client.last(name, allCommits))?.sequence ?? 0, age: 0 };
    if (this.#covered === 0 && last >= SEGMENT) {
      const end = await this.#segments.read((id, sequence) => {
        if (!this.#ahead.has(sequence)) this.#ids.add(id, sequence);
        this.#ahead.delete(sequence);
      });
      if (end > 0) {
        this.#blocks.skipTo(end);
        this.#cover(end);
      }
    }
    const deadline = elapsed() + this.#client.timeout;
    while (this.#covered < last) {
      const from = this.#covered + 1;
      const { messages } = await this.#client.page({ stream: name, subject: undefined, from, limit: PAGE });
      for (const { sequence, headers } of messages) {
        if (sequence <= this.#covered) continue;
        const commandId = headers.last('Nats-Msg-Id');
        // The parts of a large commit that come before its last one have no id.
        if (commandId !== '' && !this.#ahead.has(sequence)) this.#note(commandId, sequence);
        this.#ahead.delete(sequence);
        this.#cover(sequence);
      }
      // A server of a cluster that lacks the newest messages returns nothing yet.
      if (messages.length === 0 && elapsed() > deadline) {
        throw new EngineFailure('busy', 'the index of command ids cannot read the commits of the store; try again');
      }
    }
    this.#coveredAt = { steady: began.steady - age, wall: began.wall - age };
  }
}
