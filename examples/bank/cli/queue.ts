/** Runs tasks concurrently, but tasks with a common key one after another. */
export class Queue {
  /** The number of waiting and running tasks. */
  size = 0;
  readonly #last = new Map<string, Promise<void>>();
  #oneEnded = Promise.withResolvers<void>();

  /** Runs `task` when all earlier tasks with one of its keys have ended. The task must not throw. */
  add(keys: readonly string[], task: () => Promise<void>): void {
    const before = keys.map((key) => this.#last.get(key)).filter((last) => last !== undefined);
    const end = (before.length === 0 ? task() : Promise.all(before).then(task)).then(() => {
      this.size -= 1;
      for (const key of keys) if (this.#last.get(key) === end) this.#last.delete(key);
      this.#oneEnded.resolve();
      this.#oneEnded = Promise.withResolvers();
    });
    this.size += 1;
    for (const key of keys) this.#last.set(key, end);
  }

  /** Resolves when the next task ends. */
  oneEnded(): Promise<void> {
    return this.#oneEnded.promise;
  }

  /** Resolves when all tasks that were added so far have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
