/**
 * A cache of states by module and stream. The least recently used state is dropped first. The loop uses a cached state
 * optimistically, because the append checks that the stream is still at the state's revision.
 *
 * A command takes its state out of the cache, because `evolve` consumes it, and returns it afterwards. So two commands
 * never use the same handle. The entry stays in the map in the meantime. If each command deleted and inserted an entry,
 * the engine would rebuild the map repeatedly. An entry whose state is not returned stays empty, and is dropped like
 * any other entry.
 */
import type { BoundModule } from './bound-module.ts';
import type { LiveState } from './live-state.ts';

/** An entry of the cache, with its neighbours in the order of last use. */
interface Entry {
  readonly entries: Map<string, Entry>;
  readonly stream: string;
  /** The state, or `undefined` while a command has taken it. */
  live: LiveState | undefined;
  older: Entry | undefined;
  newer: Entry | undefined;
}

export class StateCache {
  readonly #capacity: number;
  /** The entries of each module by stream. The order of last use is a list, because it covers all modules. */
  readonly #byModule = new Map<BoundModule, Map<string, Entry>>();
  /** Modules that share streams. If one of them appends to a stream, the states of the others are outdated. */
  readonly #sharing: readonly BoundModule[];
  /** The ends of the list of all entries, in the order of their last use. */
  #oldest: Entry | undefined;
  #newest: Entry | undefined;
  #size = 0;

  /**
   * Makes an empty cache.
   * @param capacity the maximum number of states for all modules together. 0 disables the cache.
   */
  constructor(modules: readonly BoundModule[], capacity: number) {
    this.#capacity = capacity;
    for (const module of modules) this.#byModule.set(module, new Map());
    // Several modules share a stream if they skip each other's events, or if they are the two versions of a rollout.
    const isRollout = modules.some((module) => module.source.rollout !== undefined);
    const sharing = isRollout ? modules : modules.filter((module) => module.skipsForeignEvents);
    this.#sharing = sharing.length > 1 ? sharing : [];
  }

  /** Passes the ownership of the state to the caller, who must return it with {@link put} or release it. */
  take(module: BoundModule, stream: string): LiveState | undefined {
    const entry = this.#byModule.get(module)?.get(stream);
    const live = entry?.live;
    if (entry === undefined || live === undefined) return undefined;
    entry.live = undefined;
    if (live.generation === module.generation) return live;
    live.release();
    return undefined;
  }

  /** Takes ownership of the state, which replaces an earlier state of the same module and stream. */
  put(live: LiveState): void {
    const entries = this.#byModule.get(live.module);
    if (this.#capacity === 0 || entries === undefined || live.generation !== live.module.generation) {
      live.release();
      return;
    }
    let entry = entries.get(live.stream);
    if (entry === undefined) {
      entry = { entries, stream: live.stream, live, older: undefined, newer: undefined };
      entries.set(live.stream, entry);
      this.#size++;
    } else {
      if (entry.live !== live) entry.live?.release();
      entry.live = live;
      this.#unlink(entry);
    }
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    if (this.#size > this.#capacity && this.#oldest !== undefined) this.#drop(this.#oldest);
  }

  /** Marks the states of other modules that share the stream as outdated, because `by` appended to it. */
  appended(stream: string, by: BoundModule): void {
    for (const module of this.#sharing) {
      if (module === by) continue;
      const live = this.#byModule.get(module)?.get(stream)?.live;
      if (live !== undefined) live.isOutdated = true;
    }
  }

  /** Drops all states of a module, because their instance has ended. */
  dropModule(module: BoundModule): void {
    for (const entry of this.#byModule.get(module)?.values() ?? []) this.#drop(entry);
  }

  clear(): void {
    for (const module of this.#byModule.keys()) this.dropModule(module);
  }

  #drop(entry: Entry): void {
    this.#unlink(entry);
    this.#size--;
    entry.entries.delete(entry.stream);
    entry.live?.release();
    entry.live = undefined;
  }

  #unlink(entry: Entry): void {
    const { older, newer } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    entry.older = undefined;
    entry.newer = undefined;
  }
}
