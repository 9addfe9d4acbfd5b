/**
 * Requests of one kind that no server answers. A server that is cut off from the others keeps its connections to
 * clients. It may still answer reads, so each kind of request is counted separately.
 */
import { elapsed } from '../../../core/storage/timers.ts';

export class Silence {
  /** The time of the last answer, by `elapsed()`. */
  #answeredAt = 0;
  /** The time since which requests were sent and not answered. */
  #since: number | undefined;

  /** Records that a server has answered a request. */
  answered(): void {
    this.#answeredAt = elapsed();
    this.#since = undefined;
  }

  /** Records that a request of this time has no answer. Returns the milliseconds for which no request was answered. */
  unanswered(sentAt: number): number {
    this.#since ??= Math.max(sentAt, this.#answeredAt);
    return elapsed() - this.#since;
  }
}
