/**
 * Runs the appends of one process to one stream one after another, because each append needs the end of the stream that
 * the previous one produced.
 */
export class StreamQueues {
  readonly #last = new Map<string, Promise<unknown>>();

  run<Result>(stream: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(stream);
    const running = before === undefined ? work() : before.then(work, work);
    this.#last.set(stream, running);
    const leave = (): void => {
      if (this.#last.get(stream) === running) this.#last.delete(stream);
    };
    running.then(leave, leave);
    return running;
  }
}
