/** A thread of a verification, as the main thread sees it. */
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { VerificationProgress } from '../../../core/verification/extent.ts';
import { CommandLineError } from '../failures.ts';
import type { Answer, ShownDifference, Task, ThreadOptions } from './tasks.ts';

/** The end of a task. An error ends its thread too. */
export type Ended =
  | { readonly extent: VerificationProgress; readonly difference: ShownDifference | undefined }
  | { readonly error: unknown };

/** The calls of a task that a thread does. */
export interface TaskObserver {
  onProgress(extent: VerificationProgress): void;
  onEnd(ended: Ended): void;
}

export class ThreadHandle {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  /** The observers of the tasks that are not done, in their order. */
  readonly #observers: TaskObserver[] = [];
  #failure: { readonly error: unknown } | undefined;
  #hasAnswered = false;

  constructor(options: ThreadOptions) {
    // The package contains JavaScript, and its source tree TypeScript.
    this.#worker = new Worker(new URL(`thread${extname(import.meta.url)}`, import.meta.url), { workerData: options });
    this.#worker.on('message', (answer: Answer) => this.#receive(answer));
    this.#worker.on('error', (error) => this.#fail(ofThisThread(error)));
    const exited = Promise.withResolvers<void>();
    this.#exited = exited.promise;
    this.#worker.on('exit', (code) => {
      this.#fail(new Error(`a thread of the verification ended unexpectedly, with exit code ${code}`));
      exited.resolve();
    });
  }

  /** The number of tasks that are not done. */
  get load(): number {
    return this.#observers.length;
  }

  /** Adds a task. If the thread has failed, the task fails immediately. */
  add(task: Task, observer: TaskObserver): void {
    if (this.#failure !== undefined) {
      observer.onEnd(this.#failure);
      return;
    }
    this.#observers.push(observer);
    this.#worker.postMessage(task);
  }

  /** Ends the thread. A thread that has done its tasks closes its store before. */
  async end(): Promise<void> {
    if (this.load > 0 || !this.#hasAnswered) await this.#worker.terminate();
    else this.#worker.postMessage({ tag: 'end' } satisfies Task);
    await this.#exited;
  }

  #receive(answer: Answer): void {
    this.#hasAnswered = true;
    if (answer.tag === 'progress') this.#observers[0]?.onProgress(answer.extent);
    else this.#observers.shift()?.onEnd(answer);
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    for (const observer of this.#observers.splice(0)) observer.onEnd(this.#failure);
  }
}

/** Restores the class of an error that another thread sent, because posting removes it. */
function ofThisThread(error: unknown): unknown {
  const { name, code, message, argument } = Object(error) as Partial<CommandLineError>;
  return name === 'CommandLineError' && code !== undefined && argument !== undefined
    ? new CommandLineError(code, message ?? '', { argument, cause: error })
    : error;
}
