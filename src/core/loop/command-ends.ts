/** Tells an observer how each command ended. It is made only if one of the hooks is there, so that others pay no clock. */
import { isCommandFailure } from '../errors.ts';
import type { CommandResult } from '../event-sourcer.ts';
import type { Job } from './job.ts';
import { type EventSourcerObserver, notify } from './observer.ts';

export class CommandEnds {
  readonly #observer: EventSourcerObserver;

  private constructor(observer: EventSourcerObserver) {
    this.#observer = observer;
  }

  /** `undefined` if no hook asks for it. */
  static of(observer: EventSourcerObserver): CommandEnds | undefined {
    const { committed, rejected, duplicate, failed } = observer;
    return (committed ?? rejected ?? duplicate ?? failed) === undefined ? undefined : new CommandEnds(observer);
  }

  finished(job: Job, result: CommandResult): void {
    const command = { ...job.observed(), milliseconds: performance.now() - job.since };
    notify(() => {
      if (result.duplicate) this.#observer.duplicate?.(command, result);
      else if (result.outcome.tag === 'accepted') this.#observer.committed?.(command, result);
      else this.#observer.rejected?.(command, result);
    });
  }

  failed(job: Job, error: unknown): void {
    if (!isCommandFailure(error)) return;
    const command = { ...job.observed(), milliseconds: performance.now() - job.since };
    notify(() => this.#observer.failed?.(command, error));
  }

  /** The command was refused before it had a module and a stream. */
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
