/**
 * Snapshots: stored states, so that a load reads fewer events. The key is the module's name, its version and the
 * stream, so a state of another version is not found. The content type identifies the code that made the state.
 * Snapshots only save work. An unreadable snapshot is dropped, and no command fails because a snapshot cannot be
 * stored.
 */
import { isCommandFailure } from '../errors.ts';
import type { EventStore, Snapshot, SnapshotKey } from '../event-store.ts';
import type { SnapshotPolicy } from '../messages.ts';
import type { BoundModule } from './bound-module.ts';
import { type Cancellation, readStore } from './cancellation.ts';
import { LiveState } from './live-state.ts';
import { type EventSourcerObserver, notify, type ObservedSnapshot } from './observer.ts';

export class StateSnapshots {
  readonly #store: EventStore;
  readonly #observer: EventSourcerObserver;

  constructor(store: EventStore, observer: EventSourcerObserver) {
    this.#store = store;
    this.#observer = observer;
  }

  /**
   * Loads the state from the stored snapshot, if it is usable and its revision is not later than `until`.
   *
   * @throws CommandFailure `store`, `closed`, `cancelled` or `deadline-exceeded`.
   */
  async load(
    module: BoundModule,
    stream: string,
    until: bigint | undefined,
    cancellation: Cancellation | undefined,
  ): Promise<LiveState | undefined> {
    if (!module.takesSnapshots) return undefined;
    const key = keyOf(module, stream);
    const snapshot = await this.#stored(key, module, stream, cancellation);
    if (snapshot === undefined || (until !== undefined && snapshot.revision > until)) return undefined;
    const { revision, contentType, state } = snapshot;
    try {
      if (contentType !== module.snapshotContentType)
        throw new TypeError(`expected a snapshot of type ${module.snapshotContentType}, got ${contentType}`);
      const live = new LiveState(module, stream, module.types.state.fromBytes(state), revision);
      live.snapshotRevision = revision;
      return live;
    } catch (error) {
      module.noteFailure(error);
      await this.drop(module, stream, revision, error);
      return undefined;
    }
  }

  /**
   * Reads the stored snapshot. A snapshot that the store reports as damaged is dropped, like one that cannot be
   * decoded.
   */
  async #stored(
    key: SnapshotKey,
    module: BoundModule,
    stream: string,
    cancellation: Cancellation | undefined,
  ): Promise<Snapshot | undefined> {
    try {
      return await readStore(() => this.#store.loadSnapshot(key), cancellation);
    } catch (error) {
      if (!isDamage(error)) throw error;
      await this.drop(module, stream, undefined, error);
      return undefined;
    }
  }

  /** Returns whether the policy requires a snapshot at the state's revision. */
  isDue(policy: SnapshotPolicy, live: LiveState): boolean {
    if (policy.tag === 'never' || live.revision === undefined) return false;
    const since = live.snapshotRevision === undefined ? live.revision + 1n : live.revision - live.snapshotRevision;
    return since >= policy.val;
  }

  /**
   * Stores the state. The method never throws. The command's turn includes the save, so that saves cannot accumulate,
   * and closing waits for the save.
   */
  async save(live: LiveState): Promise<void> {
    const { module, stream, revision } = live;
    if (revision === undefined) return;
    try {
      const state = module.types.state.toBytes(live.handle);
      const contentType = module.snapshotContentType;
      await this.#store.saveSnapshot(keyOf(module, stream), { revision, contentType, state });
      live.snapshotRevision = revision;
      notify(() => this.#observer.snapshotSaved?.(observed(module, stream, revision)));
    } catch (error) {
      module.noteFailure(error);
      notify(() => this.#observer.snapshotFailed?.(observed(module, stream, revision), error));
    }
  }

  /** Drops an unusable snapshot. The method never throws, because the following replay does not depend on it. */
  async drop(module: BoundModule, stream: string, revision: bigint | undefined, reason: unknown): Promise<void> {
    notify(() => this.#observer.snapshotDropped?.(observed(module, stream, revision), reason));
    try {
      await this.#store.dropSnapshot(keyOf(module, stream));
    } catch (error) {
      notify(() => this.#observer.snapshotFailed?.(observed(module, stream, revision), error));
    }
  }
}

function keyOf(module: BoundModule, stream: string): SnapshotKey {
  return { moduleName: module.name, moduleVersion: module.identity.version, stream };
}

function observed(module: BoundModule, stream: string, revision: bigint | undefined): ObservedSnapshot {
  return { module: module.name, moduleVersion: module.identity.version, stream, revision };
}

function isDamage(error: unknown): boolean {
  return isCommandFailure(error, 'store') && error.payload.val.code === 'corrupt';
}
