/** The access to the values of processors: reads, guarded writes, and changes that are repeated after a conflict. */
import type { SubscriptionId } from '../../../core/processors/processor-store.ts';
import { sleep } from '../../../core/storage/timers.ts';
import type { Follower } from './follower.ts';
import { type ProcessorSubjects, type Version, type Versions, versionsOf } from './processors-values.ts';
import type { NewValue, StateValues } from './state-values.ts';

export interface ProcessorParts {
  readonly values: StateValues;
  readonly subjects: ProcessorSubjects;
  readonly follower: Follower;
  /** Refuses a call after the store was closed, counts it as work of the store, and converts its errors. */
  readonly work: <Result>(call: () => Promise<Result>) => Promise<Result>;
}

/** The versions of a name, and the guard of their next change. */
export interface StoredVersions extends Versions {
  readonly sequence: number;
}

/** The result of a write if another writer has replaced a guarded value. Nothing was written. */
export const CONFLICT: unique symbol = Symbol('conflict');

export type Conflict = typeof CONFLICT;

export class ProcessorAccess {
  readonly values: StateValues;
  readonly subjects: ProcessorSubjects;
  readonly #parts: ProcessorParts;

  constructor(parts: ProcessorParts) {
    this.values = parts.values;
    this.subjects = parts.subjects;
    this.#parts = parts;
  }

  work<Result>(call: () => Promise<Result>): Promise<Result> {
    return this.#parts.work(call);
  }

  /** Repeats a change until no other writer intervenes between its reads and its write. */
  change<Result>(change: () => Promise<Result | Conflict>): Promise<Result> {
    return this.#parts.work(async () => {
      for (;;) {
        const result = await change();
        if (result !== CONFLICT) return result;
        // The random delay keeps two writers from conflicting again each time.
        await sleep(Math.random() * 4);
      }
    });
  }

  /** Writes the values in one atomic batch, and returns the sequence number of the first one. */
  async write(values: readonly NewValue[]): Promise<number | Conflict> {
    const sequence = await this.#parts.values.write(values);
    if (sequence === undefined) return CONFLICT;
    this.#parts.follower.changes.notify();
    return sequence;
  }

  async versions(name: string): Promise<StoredVersions> {
    const { sequence, value } = await this.values.get(this.subjects.versions(name));
    const { versions } = value === undefined ? { versions: [] } : versionsOf(value);
    return { name, versions, sequence };
  }

  /** Reads the versions of all names. */
  async allVersions(): Promise<readonly Versions[]> {
    return (await this.values.list(this.subjects.allVersions)).map(versionsOf);
  }

  async version({ name, version }: SubscriptionId): Promise<Version | undefined> {
    return (await this.versions(name)).versions.find((other) => other.version === version);
  }

  async awaitChange(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const { follower, work } = this.#parts;
    const { count } = follower.changes;
    await work(() => follower.start());
    await follower.changes.wait(count, signal);
  }
}
