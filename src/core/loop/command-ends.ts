/**
 * Notifies the observer of the end of each command. The notifier exists only if the observer has such a hook, so that
 * the clock is not read unnecessarily.
 */
import { isCommandFailure } from '../errors.ts';
import type { CommandResult } from '../event-sourcer.ts';
import type { CommandInFlight } from './command-in-flight.ts';
import { type EventSourcerObserver, notify } from './observer.ts';

export class CommandEnds {
  readonly #observer: EventSourcerObserver;

  private constructor(observer: EventSourcerObserver) {
    this.#observer = observer;
  }

  /** Makes the notifier for an observer. Returns `undefined` if the observer lacks all of its hooks. */
  static of(observer: EventSourcerObserver): CommandEnds | undefined {
    const { committed, rejected, duplicate, failed } = observer;
    return (committed ?? rejected ?? duplicate ?? failed) === undefined ? undefined : new CommandEnds(observer);
  }

  finished(inFlight: CommandInFlight, result: CommandResult): void {
    const command = { ...inFlight.observed(), milliseconds: performance.now() - inFlight.since };
    notify(() => {
      if (result.duplicate) this.#observer.duplicate?.(command, result);
      else if (result.outcome.tag === 'accepted') this.#observer.committed?.(command, result);
      else this.#observer.rejected?.(command, result);
    });
  }

  failed(inFlight: CommandInFlight, error: unknown): void {
    if (!isCommandFailure(error)) return;
    const command = { ...inFlight.observed(), milliseconds: performance.now() - inFlight.since };
    notify(() => this.#observer.failed?.(command, error));
  }

  /** Reports a command that was refused before its module and its stream were known. */
  refused(command: unknown, since: number, error: unknown): void {
    if (!isCommandFailure(error)) return;
    const type: unknown = Object(command).type;
    const refused = {
      module: undefined,
      stream: undefined,
      commandId: undefined,
      commandType: typeof type === 'string' ? type : undefined,
      attempts: 0,
      milliseconds: performance.now() - since,
    };
    notify(() => this.#observer.failed?.(refused, error));
  }
}
