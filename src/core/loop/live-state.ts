/**
 * A state in memory: the handle, and the revision that it belongs to.
 *
 * `evolve` consumes a state and returns another one (wit/decider.wit). If it throws, the old state is gone and there is
 * no new one. `release` knows that, so it is safe on every path, and safe to call twice.
 */
import type { BoundModule } from './bound-module.ts';

export class LiveState {
  readonly module: BoundModule;
  readonly stream: string;
  handle: unknown;
  #isOwned: boolean = true;
  /** The last revision that is folded in; `undefined` if there is none. */
  revision: bigint | undefined;
  /** The revision of the snapshot that the state was last loaded from or stored as; `undefined` if there is none. */
  snapshotRevision: bigint | undefined = undefined;
  /** Another module of this event sourcer has appended to the stream, so the end of the stream must be read first. */
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

  /** Folds an event. Errors of the module are thrown unchanged; the state is gone then. */
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
