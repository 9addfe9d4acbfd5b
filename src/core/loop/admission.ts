/**
 * Limits the number of commands in flight, and refuses commands and reads once the event sourcer is closing. Admission
 * comes before any work, so an overloaded event sourcer refuses a command cheaply. Closing waits until admitted work is
 * finished.
 */
import { refused } from './failures.ts';

export class Admission {
  readonly #limit: number;
  #commands = 0;
  #reads = 0;
  #drained: PromiseWithResolvers<void> | undefined;

  /** Admits commands up to a limit. @param limit the maximum number of commands in flight, waiting ones included. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get inFlight(): number {
    return this.#commands;
  }

  /** Admits a command. @throws CommandFailure `closed` or `overloaded`. */
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
    this.#resolveIfDrained();
  }

  /** Admits a read. @throws CommandFailure `closed`. */
  enterRead(): void {
    this.#refuseIfClosed();
    this.#reads++;
  }

  leaveRead(): void {
    this.#reads--;
    this.#resolveIfDrained();
  }

  /** Refuses all later commands and reads. The promise is fulfilled when all earlier ones are finished. */
  close(): Promise<void> {
    this.#drained ??= Promise.withResolvers<void>();
    this.#resolveIfDrained();
    return this.#drained.promise;
  }

  #refuseIfClosed(): void {
    if (this.#drained !== undefined)
      throw refused('closed', 'event sourcer', 'the event sourcer is closing or closed, and nothing was done');
  }

  #resolveIfDrained(): void {
    if (this.#drained !== undefined && this.#commands === 0 && this.#reads === 0) this.#drained.resolve();
  }
}
