/**
 * A state in memory, which consists of the handle and its revision.
 *
 * `evolve` consumes a state and returns the next one (wit/decider.wit). If it throws, the old state is consumed and no
 * new state exists. `release` handles this case, so it is safe on every path and may be called twice.
 */
import type { BoundModule } from './bound-module.ts';

export class LiveState {
  readonly module: BoundModule;
  readonly stream: string;
  handle: unknown;
  #isOwned: boolean = true;
  /** The last revision that is folded into the state, or `undefined` if no event is folded. */
  revision: bigint | undefined;
  /**
   * The revision of the snapshot from which the state was loaded or in which it was stored, or `undefined` without a
   * snapshot.
   */
  snapshotRevision: bigint | undefined = undefined;
  /** True if another module of this event sourcer appended to the stream. The new events must then be read first. */
  isOutdated: boolean = false;
  /** The generation of the module when the handle was made. */
  readonly generation: number;

  constructor(module: BoundModule, stream: string, handle: unknown, revision: bigint | undefined) {
    this.module = module;
    this.stream = stream;
    this.handle = handle;
    this.revision = revision;
    this.generation = module.generation;
  }

  /** Folds an event. Errors of the module are thrown unchanged, and the state is then consumed. */
  evolve(event: unknown): void {
    this.#isOwned = false;
    this.handle = this.module.decider.evolve(this.handle, event);
    this.#isOwned = true;
  }

  release(): void {
    if (!this.#isOwned) return;
    this.#isOwned = false;
    this.module.releaseState(this.handle);
    this.handle = undefined;
  }
}
