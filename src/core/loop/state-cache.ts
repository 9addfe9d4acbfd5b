/**
 * States in memory, by module and stream, the least recently used going first. A state is used optimistically: it belongs
 * to the revision that it had, and whether the stream is still there is for the append's guard to find out.
 *
 * A state is taken out while a command works on it, because `evolve` consumes it, and put back after: so no two commands
 * ever hold one handle, and to put it back is to make it the most recently used. Its place in the map is kept meanwhile:
 * a map from which every command takes and to which it gives back is made anew all the time.
 */
import type { BoundModule } from './bound-module.ts';
import type { LiveState } from './live-state.ts';

export class StateCache {
  readonly #capacity: number;
  /** Each module's states by stream. A `Map` keeps the order of insertion, but only one module's: see `#oldest`. */
  readonly #byModule = new Map<BoundModule, Map<string, LiveState>>();
  /** Modules that fold a stream with others: an append by one of them leaves the states of the others behind. */
  readonly #sharing: readonly BoundModule[];
  /** All states of all modules, in the order of their last use. */
  #oldest: LiveState | undefined;
  #newest: LiveState | undefined;
  #size = 0;

  /** `capacity`: how many states in all; 0 for none. */
  constructor(modules: readonly BoundModule[], capacity: number) {
    this.#capacity = capacity;
    for (const module of modules) this.#byModule.set(module, new Map());
    const sharing = modules.filter((module) => module.skipsForeignEvents);
    this.#sharing = sharing.length > 1 ? sharing : [];
  }

  get size(): number {
    return this.#size;
  }

  /** Hands the state over, with the duty to put it back or release it. */
  take(module: BoundModule, stream: string): LiveState | undefined {
    const live = this.#byModule.get(module)?.get(stream);
    if (live === undefined || live.isOut) return undefined;
    this.#unlink(live);
    live.isOut = true;
    if (live.generation === module.generation) return live;
    live.release();
    return undefined;
  }

  /** Takes the state over. One that is there for the same module and stream gives way to it. */
  put(live: LiveState): void {
    const states = this.#byModule.get(live.module);
    if (this.#capacity === 0 || states === undefined || live.generation !== live.module.generation) {
      live.release();
      return;
    }
    if (states.get(live.stream) !== live) {
      this.take(live.module, live.stream)?.release();
      states.set(live.stream, live);
      live.place = states;
    }
    live.isOut = false;
    live.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = live;
    else this.#newest.newer = live;
    this.#newest = live;
    if (++this.#size > this.#capacity) this.#drop(this.#oldest);
  }

  /** `by` has appended to the stream: what other modules folded of it is no longer all of it. */
  appended(stream: string, by: BoundModule): void {
    for (const module of this.#sharing) {
      if (module === by) continue;
      const live = this.#byModule.get(module)?.get(stream);
      if (live !== undefined) live.behind = true;
    }
  }

  /** Drops every state of a module: the instance that they point into is gone. */
  dropModule(module: BoundModule): void {
    for (const live of this.#byModule.get(module)?.values() ?? []) if (!live.isOut) this.#drop(live);
  }

  clear(): void {
    for (const module of this.#byModule.keys()) this.dropModule(module);
  }

  #drop(live: LiveState | undefined): void {
    if (live === undefined) return;
    this.#unlink(live);
    live.release();
  }

  #unlink(live: LiveState): void {
    const { older, newer } = live;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    live.older = undefined;
    live.newer = undefined;
    this.#size--;
  }
}
