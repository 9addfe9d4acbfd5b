/** Tasks that run at the same time, but one after another where they share a key. */
export class Queue {
  /** How many tasks wait or run. */
  size = 0;
  readonly #last = new Map<string, Promise<void>>();
  #oneEnded = Promise.withResolvers<void>();

  /** `task` must not throw. It runs when all earlier ones with one of its keys have ended. */
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

  /** Resolves when the next of the tasks ends. */
  oneEnded(): Promise<void> {
    return this.#oneEnded.promise;
  }

  /** Resolves when every task has ended that was added before. */
  async ended(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}
