/**
 * Who is let in: nobody once the event sourcer is closing, and no more commands at once than the limit. Shedding load is
 * the first thing that happens to a command, before any work; closing drains: what was let in is finished.
 */
import { refused } from './failures.ts';

export class Admission {
  readonly #limit: number;
  #commands = 0;
  #reads = 0;
  #drained: PromiseWithResolvers<void> | undefined;

  /** `limit`: commands in flight, waiting ones included. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get inFlight(): number {
    return this.#commands;
  }

  /** @throws CommandFailure `closed` or `overloaded`. */
  enterCommand(): void {
    this.#refuseIfClosed();
    if (this.#commands >= this.#limit)
      throw refused(
        'overloaded',
        'event sourcer',
        `${this.#limit} commands are in flight, which is the limit; nothing was done, so send the command again later`,
      );
    this.#commands++;
  }

  leaveCommand(): void {
    this.#commands--;
    this.#settle();
  }

  /** @throws CommandFailure `closed`. */
  enterRead(): void {
    this.#refuseIfClosed();
    this.#reads++;
  }

  leaveRead(): void {
    this.#reads--;
    this.#settle();
  }

  /** Lets nobody in from now on; fulfilled when the last one has left. */
  close(): Promise<void> {
    this.#drained ??= Promise.withResolvers<void>();
    this.#settle();
    return this.#drained.promise;
  }

  #refuseIfClosed(): void {
    if (this.#drained !== undefined)
      throw refused('closed', 'event sourcer', 'the event sourcer is closing or closed, and nothing was done');
  }

  #settle(): void {
    if (this.#drained !== undefined && this.#commands === 0 && this.#reads === 0) this.#drained.resolve();
  }
}
