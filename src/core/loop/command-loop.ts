/**
 * The loop: load, fold, decide, fold the new events, append; and again after a conflict.
 *
 * **Why a cached state may be used.** It is a guess about the stream, and every way out of the loop checks the guess:
 *
 * | what comes of the state | what checks it |
 * |---|---|
 * | events under `stream-unchanged` | the append's guard: the revision that was seen |
 * | a rejection, or no events, under any guard | the same: they hold only for the stream as it was seen |
 * | events under `any` or `stream-exists` | nothing at the append, so the stream's tail is read before the decision |
 * | a contradiction with what the caller expects | the tail is read before it is believed |
 * | a fault | nothing is appended, so the revision is compared with the store's; where they differ, the command is decided again on a state loaded from the store |
 * | a trap | the same, whatever the revision: the handle may point into an instance that is gone |
 * | events under `no-stream` | no state is loaded at all: the only stream they can go to is an empty one |
 * | another module's appends to a shared stream | this process knows of them: the tail is read (`behind`) |
 *
 * **When a command id is looked up.** Always before a precondition: the append itself looks first, in the transaction that
 * guards it, and answers `duplicate`. So with a warm state the loop decides at once, and a duplicate costs a decision
 * that is thrown away. With a cold one it looks first, because replaying a stream to find that there is nothing to do is
 * dear. And it looks before it reports any failure of the decision: a duplicate command has its outcome already, even
 * where the module would fail on the stream of today.
 *
 * **What it costs.** A command on a warm state awaits once: the append. All the rest is plain calls on one `Job`. Measured
 * with a store that keeps nothing: 2.8 µs for a typed command, of which a third is this loop with queue and cache, and the
 * rest the module's (checks, codec, fold) and the generated id. A command id that is not a UUID costs 1.5 µs more, for its SHA-1.
 */
import { copyValue } from '../codec/copy.ts';
import { type CommandFailure, isAppendFailure, isCommandFailure, isRejection } from '../errors.ts';
import type { CommandResult } from '../event-sourcer.ts';
import type { Appended, Conflict, EventStore } from '../event-store.ts';
import { CONFLICTS_BEFORE_EXCLUSIVE, DEFAULT_MAX_ATTEMPTS } from '../limits.ts';
import type { Decision, RecordedDecision, RecordedEvent, Rejection } from '../messages.ts';
import { rejectionProblem } from '../predicates.ts';
import { type DecidedAppend, type ExclusiveAppend, RESERVATION_READ_LIMIT } from '../storage/exclusive-append.ts';
import { recordedEvents } from '../storage/recorded-events.ts';
import type { Admission } from './admission.ts';
import { type Authorizer, authorize } from './authorization.ts';
import { backOff } from './back-off.ts';
import { readStore } from './cancellation.ts';
import type { CommandEnds } from './command-ends.ts';
import { firstOutcome } from './duplicate.ts';
import {
  asCommandFailure,
  conflictFailure,
  invalidReturn,
  isInstanceTrap,
  moduleFailure,
  storeCorrupt,
} from './failures.ts';
import { foldDecided, foldRecorded } from './fold.ts';
import { appendPrecondition, excludeEachOther, isRetryable, violatedPrecondition } from './guard.ts';
import type { Job } from './job.ts';
import type { LiveState } from './live-state.ts';
import { checkPage, initialState, type Loader } from './loader.ts';
import { type EventSourcerObserver, notify } from './observer.ts';
import type { Snapshots } from './snapshots.ts';
import type { StateCache } from './state-cache.ts';
import type { StreamQueue } from './stream-queue.ts';

/** What the loop works with. */
export interface LoopParts {
  readonly store: EventStore & ExclusiveAppend;
  readonly loader: Loader;
  readonly snapshots: Snapshots;
  readonly cache: StateCache;
  readonly queue: StreamQueue;
  readonly admission: Admission;
  readonly authorizer: Authorizer | undefined;
  readonly observer: EventSourcerObserver;
  readonly ends: CommandEnds | undefined;
  /** `undefined` means the default for commands without a deadline, and no bound for those with one. */
  readonly maxAttempts: number | undefined;
}

export class CommandLoop {
  readonly #parts: LoopParts;

  constructor(parts: LoopParts) {
    this.#parts = parts;
  }

  /** Takes over a command that was let in: what it holds is released in the end, whatever happens. @throws CommandFailure. */
  async run(job: Job): Promise<CommandResult> {
    const { queue, store, authorizer, admission } = this.#parts;
    try {
      job.cancellation?.check();
      if (authorizer !== undefined) await authorize(authorizer, job);
      const ticket = queue.enter(job.stream);
      if (ticket !== undefined) await queue.wait(ticket, job.cancellation);
      job.hasTurn = true;
      for (;;) {
        let decided: DecidedAppend;
        let appended: Appended;
        try {
          const known = this.#takeWarm(job) ? undefined : await this.#load(job);
          if (known !== undefined) return this.#ended(job, await firstOutcome(store, job, known));
          if (job.conflicts >= CONFLICTS_BEFORE_EXCLUSIVE && store.appendExclusively !== undefined) {
            [decided, appended] = await this.#appendExclusively(job);
          } else {
            decided = this.#decide(job);
            job.isAppending = true;
            appended = await store.append(job.stream, decided.events, decided.precondition, decided.decision);
          }
        } catch (error) {
          const known = await this.#recover(job, error);
          if (known === undefined) continue;
          return this.#ended(job, await firstOutcome(store, job, known));
        }
        // From here on the command is committed: nothing below may fail it.
        const live = this.#settle(job, appended);
        if (live !== undefined) {
          if (this.#parts.snapshots.isDue(job.route.snapshot, live)) await this.#parts.snapshots.save(live);
          this.#parts.cache.put(live);
        }
        return this.#ended(job, resultOf(job, decided.decision, appended));
      }
    } catch (error) {
      this.#parts.ends?.failed(job, error);
      throw error;
    } finally {
      job.releaseState();
      job.releaseCommand();
      job.cancellation?.end();
      if (job.hasTurn) queue.leave(job.stream);
      admission.leaveCommand();
    }
  }

  #ended(job: Job, result: CommandResult): CommandResult {
    this.#parts.ends?.finished(job, result);
    return result;
  }

  /** A state that can be decided on at once, without waiting for the store; false: `#load` has more to do. */
  #takeWarm(job: Job): boolean {
    const { route, module, stream, precondition: requested } = job;
    job.isAppending = false;
    if (route.precondition === 'no-stream') {
      if (excludeEachOther(route.precondition, requested)) return false;
      // Whatever the stream holds, events can only go to an empty one: there is nothing to read.
      job.live = initialState(module, stream);
      return true;
    }
    // Taken once: when the command is decided again, there is none, and the state comes from the store.
    const live = this.#parts.cache.take(module, stream);
    job.fromCache = live !== undefined;
    job.live = live;
    if (live === undefined || live.behind) return false;
    return (
      route.precondition === 'stream-unchanged' &&
      violatedPrecondition(route.precondition, requested, live.revision) === undefined
    );
  }

  /** Reads what is missing; or finds the decision that was made before. */
  async #load(job: Job): Promise<RecordedDecision | undefined> {
    const { route, module, stream, precondition: requested, cancellation, live } = job;
    const { loader } = this.#parts;
    if (live === undefined && job.named && job.attempts === 0) {
      const known = await this.#find(job);
      if (known !== undefined) return known;
    }
    let revision: bigint | undefined;
    if (excludeEachOther(route.precondition, requested)) {
      revision = await loader.lastRevision(stream, cancellation);
    } else {
      // Until it comes back, the loader has the state, and releases it where it fails.
      job.live = undefined;
      job.live = await (live === undefined
        ? loader.load(module, stream, undefined, cancellation)
        : loader.catchUp(live, undefined, cancellation));
      revision = job.live.revision;
    }
    const violated = violatedPrecondition(route.precondition, requested, revision);
    if (violated === undefined) return undefined;
    job.isStateIntact = true;
    throw conflictFailure({ stream, precondition: violated, actual: revision }, 1);
  }

  #find(job: Job): Promise<RecordedDecision | undefined> {
    return readStore(() => this.#parts.store.findDecision(job.commandId), job.cancellation);
  }

  /**
   * Decides while nobody else can append to the stream: a command that lost to a busy writer does not lose again. Until
   * the store calls the decision, the command can be cancelled like any wait.
   */
  async #appendExclusively(job: Job): Promise<[DecidedAppend, Appended]> {
    const { store } = this.#parts;
    const { stream, cancellation, live } = job;
    if (live === undefined) throw new Error('a command is decided on a state: #takeWarm or #load has set it');
    let decided: DecidedAppend | undefined;
    let hasBegun = false;
    let givenUp: { readonly reason: unknown } | undefined;
    const decide = (missed: readonly RecordedEvent[]): DecidedAppend => {
      if (givenUp !== undefined) throw givenUp.reason;
      hasBegun = true;
      cancellation?.check();
      job.isStateIntact = false;
      checkPage(stream, missed, live.revision === undefined ? 0n : live.revision + 1n, RESERVATION_READ_LIMIT);
      foldRecorded(live, missed);
      decided = this.#decide(job);
      job.isAppending = true;
      return decided;
    };
    const appending = store.appendExclusively!(stream, live.revision, decide);
    const appended = await (cancellation === undefined
      ? appending
      : cancellation.race(appending).catch((reason: unknown) => {
          if (hasBegun) return appending;
          givenUp = { reason };
          appending.catch(() => {});
          throw reason;
        }));
    if (decided === undefined) throw storeCorrupt('the store appended to a reserved stream without a decision');
    return [decided, appended];
  }

  /** @throws CommandFailure `fault`, `trap`, `cancelled` or `deadline-exceeded`. */
  #decide(job: Job): DecidedAppend {
    const { module, live, command, commandId } = job;
    if (live === undefined) throw new Error('a command is decided on a state: #takeWarm or #load has set it');
    job.attempts++;
    job.seenRevision = live.revision;
    job.isStateIntact = true;
    let events: readonly unknown[];
    try {
      events = module.decide(commandId, live.handle, command);
    } catch (error) {
      if (!isRejection(error)) throw decisionFailure(job, error);
      const problem = rejectionProblem(error.payload);
      if (problem !== undefined) {
        throw decisionFailure(job, invalidReturn('invalid-rejection', 'the rejection', problem));
      }
      // A copy: a decider may return one rejection again and again, and the caller gets it in the result.
      job.reject({ tag: 'rejected', val: copyValue(error.payload) as Rejection });
      return this.#decided(job);
    }
    job.isStateIntact = false;
    job.accept(foldDecided(live, events));
    return this.#decided(job);
  }

  #decided(job: Job): DecidedAppend {
    const { route, precondition: requested, seenRevision, events } = job;
    job.cancellation?.check();
    const precondition = appendPrecondition(route.precondition, requested, seenRevision, events.length > 0);
    return { events, precondition, decision: job.decision() };
  }

  /** The state after the commit, if it is still the stream's. */
  #settle(job: Job, { firstRevision, revision }: Appended): LiveState | undefined {
    const { live, seenRevision, module, stream } = job;
    job.live = undefined;
    if (job.events.length === 0) return live;
    this.#parts.cache.appended(stream, module);
    if (live === undefined) return undefined;
    if (firstRevision === (seenRevision === undefined ? 0n : seenRevision + 1n)) {
      live.revision = revision;
      return live;
    }
    // Landed behind events that the decision did not see (`any`, `stream-exists`).
    live.release();
    return undefined;
  }

  /**
   * After a failure: undefined to decide again, the decision that was made before, or the failure to report.
   *
   * The state goes, as an append that failed has left it at events that are not stored. It stays where it was only looked
   * at: commands that fail must not cost a replay each.
   */
  async #recover(job: Job, error: unknown): Promise<RecordedDecision | undefined> {
    const intact =
      isCommandFailure(error, 'fault') || isCommandFailure(error, 'conflict') ? job.takeIntact() : undefined;
    job.releaseState();
    let again = false;
    try {
      const known = await this.#judge(job, error);
      again = known === undefined;
      return known;
    } finally {
      if (again) intact?.release();
      else if (intact !== undefined) this.#parts.cache.put(intact);
    }
  }

  async #judge(job: Job, error: unknown): Promise<RecordedDecision | undefined> {
    if (isAppendFailure(error, 'duplicate')) return error.payload.val;
    if (isAppendFailure(error, 'conflict')) return this.#retry(job, error.payload.val, error);
    // What is neither the store's nor typed is a mistake of ours, and must look like one.
    if (!isCommandFailure(error)) throw job.isAppending ? asCommandFailure(error, true) : error;
    switch (error.code) {
      case 'fault':
      case 'trap':
      case 'replay-limit':
        if (!(await this.#decidesAgain(job, error))) break;
        notify(() => this.#parts.observer.cacheDistrusted?.(job.observed(), error));
        job.startAnew();
        return undefined;
      case 'conflict':
        break;
      default:
        throw error;
    }
    const known = job.named ? await this.#find(job) : undefined;
    if (known !== undefined) return known;
    throw error;
  }

  /** Whether the module's failure may not be the command's: the state was a guess, or an instance ended under it. */
  async #decidesAgain(job: Job, failure: CommandFailure): Promise<boolean> {
    const { module, fromCache, stream, cancellation, seenRevision } = job;
    const { cache, loader } = this.#parts;
    if (!isInstanceTrap(failure.cause)) {
      // Of a guess that the store confirms, nothing better would come.
      if (!fromCache || failure.code !== 'fault') return fromCache;
      return (await loader.lastRevision(stream, cancellation)) !== seenRevision;
    }
    const elsewhere = job.generation !== module.generation;
    if (!elsewhere) {
      // Every state of the module points into the instance that is gone.
      module.generation++;
      cache.dropModule(module);
    }
    if (!fromCache && (!elsewhere || job.rescued)) return false;
    job.rescued = true;
    return true;
  }

  async #retry(job: Job, conflict: Conflict, cause: unknown): Promise<undefined> {
    const { observer, snapshots } = this.#parts;
    const { route, module, stream, seenRevision, cancellation } = job;
    const bound = job.request.deadline === undefined ? DEFAULT_MAX_ATTEMPTS : Number.POSITIVE_INFINITY;
    const { maxAttempts = bound } = this.#parts;
    job.conflicts++;
    const retrying =
      job.conflicts < maxAttempts && isRetryable(route.precondition, job.precondition, job.events.length > 0);
    notify(() => observer.conflict?.(job.observed(), conflict, retrying));
    // Streams only grow: what was seen beyond the end came from a snapshot of another history.
    const { actual } = conflict;
    if (module.takesSnapshots && seenRevision !== undefined && (actual === undefined || actual < seenRevision))
      await snapshots.drop(module, stream, seenRevision, cause);
    if (!retrying) throw conflictFailure(conflict, job.attempts, cause);
    const pause = backOff(job.conflicts);
    await (cancellation === undefined ? pause : cancellation.race(pause));
  }
}

function decisionFailure({ module, stream, envelope }: Job, error: unknown): Error {
  return moduleFailure(error, `module ${module.name} deciding ${envelope.type} on stream ${JSON.stringify(stream)}`, [
    ['module', module.name],
    ['stream', stream],
    ['commandType', envelope.type],
  ]);
}

function resultOf(job: Job, decision: Decision, appended: Appended): CommandResult {
  const { commandId, stream, outcome, attempts, module } = job;
  const events = recordedEvents(stream, job.events, decision, appended);
  const { revision } = appended;
  return job.result({
    commandId,
    stream,
    module: module.name,
    outcome,
    events,
    revision,
    duplicate: false,
    attempts,
  });
}
