/**
 * A state on its way through the loop: the handle, the one revision it belongs to, and who has to release it.
 *
 * `evolve` takes its state and gives one back (wit/decider.wit), so between the call and its return nobody owns a handle:
 * where it throws, the old one is gone with it. `owned` says so, and makes `release` safe to call on every path, twice.
 */
import type { BoundModule } from './bound-module.ts';

export class LiveState {
  readonly module: BoundModule;
  readonly stream: string;
  handle: unknown;
  owned: boolean = true;
  /** The last revision that is folded in; undefined: none. */
  revision: bigint | undefined;
  /** The revision of the snapshot that it was last loaded from or stored as; undefined: none. */
  snapshotRevision: bigint | undefined = undefined;
  /** Another module of this event sourcer has appended to the stream since: the tail must be read first. */
  behind: boolean = false;
  /** The module's generation when the handle was made. */
  readonly generation: number;
  /** Neighbours in the cache's order of last use. */
  older: LiveState | undefined = undefined;
  newer: LiveState | undefined = undefined;
  /** The cache's states by stream, where they have a place for this one. */
  place: Map<string, LiveState> | undefined = undefined;
  /** A command works on it, and the cache only keeps its place. */
  isOut: boolean = false;

  constructor(module: BoundModule, stream: string, handle: unknown, revision: bigint | undefined) {
    this.module = module;
    this.stream = stream;
    this.handle = handle;
    this.revision = revision;
    this.generation = module.generation;
  }

  /** Whatever the module throws is thrown on; the handle is gone then. */
  evolve(event: unknown): void {
    this.owned = false;
    this.handle = this.module.decider.evolve(this.handle, event);
    this.owned = true;
  }

  release(): void {
    // A place is kept for a state that comes back; this one will not.
    if (this.place?.get(this.stream) === this) this.place.delete(this.stream);
    this.place = undefined;
    if (!this.owned) return;
    this.owned = false;
    this.module.releaseState(this.handle);
    this.handle = undefined;
  }
}
