/**
 * The loop of one command: it loads the state, decides, folds the new events and appends. After a conflict it starts
 * again.
 *
 * **Cached states.** A cached state is a guess about the stream, and every result is checked against the store:
 *
 * | result of the state | check |
 * |---|---|
 * | events under `stream-unchanged` | the append requires that the stream still ends at the state's revision |
 * | a rejection, or no events, under any precondition | the same, because the result is valid only at that revision |
 * | events under `any` or `stream-exists` | none at the append, so the end of the stream is read before the decision |
 * | a violation of the caller's precondition | the end of the stream is read before it is reported |
 * | a fault | the revision is compared with the store's; if they differ, the command is decided on a loaded state |
 * | a trap | the same, at any revision, because the handle may belong to an instance that has ended |
 * | events under `no-stream` | no state is loaded, because the events can be appended only to an empty stream |
 * | any result, after another module's append (`isOutdated`) | the end of the stream is read |
 *
 * **Command ids.** A command id is looked up before the precondition is checked. The append does so in the same
 * transaction, and throws `duplicate`. So on a cached state the loop decides without a look-up, and a duplicate costs a
 * decision that is discarded. Without a cached state the loop looks the id up first, because an unnecessary replay is
 * expensive. The loop also looks it up before it reports a failure of the decision. A duplicate has its outcome
 * already, even if the module would fail on the current stream.
 *
 * **Costs.** A command on a cached state awaits one promise, that of the append. The rest is plain calls. Measured with
 * a store that stores nothing, a typed command takes 2.8 µs. A third of it is this loop with queue and cache. The rest
 * is the module's (checks, codec, fold) and the generated id. A command id that is not a UUID costs 1.5 µs more, for
 * its SHA-1.
 */
import { copyValue } from '../codec/copy.ts';
import { areTaken } from '../define/entered-event.ts';
import { type CommandFailure, isAppendFailure, isCommandFailure, isRejection } from '../errors.ts';
import type { CommandResult } from '../event-sourcer.ts';
import type { Appended, Conflict, EventStore } from '../event-store.ts';
import { CONFLICTS_BEFORE_EXCLUSIVE, DEFAULT_MAX_ATTEMPTS } from '../limits.ts';
import type { Envelope, Outcome, RecordedDecision, RecordedEvent, Rejection } from '../messages.ts';
import { rejectionProblem } from '../predicates.ts';
import { type DecidedAppend, type ExclusiveAppend, RESERVATION_READ_LIMIT } from '../storage/exclusive-append.ts';
import { recordedEvents } from '../storage/recorded-events.ts';
import type { Admission } from './admission.ts';
import { type Authorizer, authorize } from './authorization.ts';
import { backOff } from './back-off.ts';
import { readStore } from './cancellation.ts';
import type { CommandEnds } from './command-ends.ts';
import { Attempt, type CommandInFlight } from './command-in-flight.ts';
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
import type { LiveState } from './live-state.ts';
import { initialState, type Loader } from './loader.ts';
import { type EventSourcerObserver, notify } from './observer.ts';
import type { StateCache } from './state-cache.ts';
import type { StateSnapshots } from './state-snapshots.ts';
import { checkAppended, checkPage } from './store-answers.ts';
import type { StreamQueue } from './stream-queue.ts';

/** The parts of the event sourcer that the loop uses. */
export interface LoopParts {
  readonly store: EventStore & ExclusiveAppend;
  readonly loader: Loader;
  readonly snapshots: StateSnapshots;
  readonly cache: StateCache;
  readonly queue: StreamQueue;
  readonly admission: Admission;
  readonly authorizer: Authorizer | undefined;
  readonly observer: EventSourcerObserver;
  readonly ends: CommandEnds | undefined;
  /** `undefined` means the default for commands without a deadline, and no limit for commands with a deadline. */
  readonly maxAttempts: number | undefined;
}

const ACCEPTED: Outcome = Object.freeze({ tag: 'accepted' });
const NO_EVENTS: readonly Envelope[] = Object.freeze([]);

export class CommandLoop {
  readonly #parts: LoopParts;

  constructor(parts: LoopParts) {
    this.#parts = parts;
  }

  /**
   * Handles an admitted command. Its handles are always released.
   *
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  async run(command: CommandInFlight): Promise<CommandResult> {
    const { queue, store, authorizer, admission, snapshots, cache } = this.#parts;
    let attempt: Attempt | undefined;
    let hasTurn = false;
    try {
      command.cancellation?.check();
      if (authorizer !== undefined) await authorize(authorizer, command);
      const ticket = queue.enter(command.stream);
      if (ticket !== undefined) await queue.wait(ticket, command.cancellation);
      hasTurn = true;
      for (;;) {
        attempt = new Attempt(command);
        let decided: DecidedAppend;
        let appended: Appended;
        try {
          const known = this.#takeCached(attempt) ? undefined : await this.#load(attempt);
          if (known !== undefined) return this.#ended(command, await firstOutcome(store, command, known));
          if (command.conflicts >= CONFLICTS_BEFORE_EXCLUSIVE && store.appendExclusively !== undefined) {
            [decided, appended] = await this.#appendExclusively(attempt);
          } else {
            decided = this.#decide(attempt);
            appended = await store.append(command.stream, decided.events, decided.precondition, decided.decision);
          }
          checkAppended(command.stream, appended, decided.events.length);
        } catch (error) {
          const known = await this.#recover(attempt, error);
          if (known === undefined) continue;
          return this.#ended(command, await firstOutcome(store, command, known));
        }
        // The command is committed, so nothing below may make it fail.
        const live = this.#takeCommitted(attempt, decided, appended);
        if (live !== undefined) {
          if (snapshots.isDue(command.route.snapshot, live)) await snapshots.save(live);
          cache.put(live);
        }
        return this.#ended(command, resultOf(attempt, decided, appended));
      }
    } catch (error) {
      this.#parts.ends?.failed(command, error);
      throw error;
    } finally {
      attempt?.releaseState();
      command.release();
      command.cancellation?.end();
      if (hasTurn) queue.leave(command.stream);
      admission.leaveCommand();
    }
  }

  #ended(command: CommandInFlight, result: CommandResult): CommandResult {
    this.#parts.ends?.finished(command, result);
    return result;
  }

  /**
   * Takes a state from the cache, or the initial state, for the attempt. Returns whether the attempt can decide without
   * waiting for the store.
   */
  #takeCached(attempt: Attempt): boolean {
    const { route, module, stream, options } = attempt.command;
    if (route.precondition === 'no-stream') {
      if (excludeEachOther(route.precondition, options.precondition)) return false;
      // The events can be appended only to an empty stream, so there is nothing to read.
      attempt.live = initialState(module, stream);
      return true;
    }
    // Later attempts find no state in the cache, so they load it from the store.
    const live = this.#parts.cache.take(module, stream);
    attempt.fromCache = live !== undefined;
    attempt.live = live;
    if (live === undefined || live.isOutdated) return false;
    return (
      route.precondition === 'stream-unchanged' &&
      violatedPrecondition(route.precondition, options.precondition, live.revision) === undefined
    );
  }

  /** Reads the missing part of the stream. Returns the recorded decision if the command is a duplicate. */
  async #load(attempt: Attempt): Promise<RecordedDecision | undefined> {
    const { live, command } = attempt;
    const { route, module, stream, options, cancellation } = command;
    const { loader } = this.#parts;
    if (live === undefined && command.mayBeDuplicate && command.attempts === 0) {
      const known = await this.#find(command);
      if (known !== undefined) return known;
    }
    let revision: bigint | undefined;
    if (excludeEachOther(route.precondition, options.precondition)) {
      revision = await loader.lastRevision(stream, cancellation);
    } else {
      // The loader owns the state until it returns, and releases it if it fails.
      attempt.live = undefined;
      attempt.live = await (live === undefined
        ? loader.load(module, stream, undefined, cancellation)
        : loader.catchUp(live, undefined, cancellation));
      revision = attempt.live.revision;
    }
    const violated = violatedPrecondition(route.precondition, options.precondition, revision);
    if (violated === undefined) return undefined;
    attempt.isStateIntact = true;
    throw conflictFailure({ stream, precondition: violated, actual: revision }, 1);
  }

  #find(command: CommandInFlight): Promise<RecordedDecision | undefined> {
    return readStore(() => this.#parts.store.findDecision(command.commandId), command.cancellation);
  }

  /**
   * Decides while no other writer can append to the stream, so that a command that had a conflict does not have another
   * one. Until the store calls the decision, the command can be cancelled.
   */
  async #appendExclusively(attempt: Attempt): Promise<[DecidedAppend, Appended]> {
    const { store } = this.#parts;
    const { live } = attempt;
    const { stream, cancellation } = attempt.command;
    if (live === undefined)
      throw new Error('expected a state, because #takeCached or #load sets it before the decision');
    attempt.seenRevision = live.revision;
    let hasBegun = false;
    let givenUp: { readonly reason: unknown } | undefined;
    const decide = (missed: readonly RecordedEvent[]): DecidedAppend => {
      if (givenUp !== undefined) throw givenUp.reason;
      hasBegun = true;
      cancellation?.check();
      attempt.isStateIntact = false;
      checkPage(stream, missed, live.revision === undefined ? 0n : live.revision + 1n, RESERVATION_READ_LIMIT);
      foldRecorded(live, missed);
      return this.#decide(attempt);
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
    const { decided } = attempt;
    if (decided === undefined) throw storeCorrupt('the store appended to a reserved stream without a decision');
    return [decided, appended];
  }

  /** Decides the command. @throws CommandFailure `fault`, `trap`, `cancelled` or `deadline-exceeded`. */
  #decide(attempt: Attempt): DecidedAppend {
    const { live, command } = attempt;
    const { module, commandId } = command;
    if (live === undefined)
      throw new Error('expected a state, because #takeCached or #load sets it before the decision');
    command.attempts++;
    attempt.seenRevision = live.revision;
    attempt.isStateIntact = true;
    let events: readonly unknown[];
    try {
      events = module.decide(commandId, live.handle, command.command);
    } catch (error) {
      if (!isRejection(error)) throw decisionFailure(command, error);
      const problem = rejectionProblem(error.payload);
      if (problem !== undefined) {
        throw decisionFailure(command, invalidReturn('invalid-rejection', 'the rejection', problem));
      }
      // The rejection is copied, because a decider may throw the same object several times, and the caller gets it.
      return this.#decided(attempt, NO_EVENTS, { tag: 'rejected', val: copyValue(error.payload) as Rejection });
    }
    attempt.isStateIntact = false;
    const envelopes = foldDecided(live, events);
    attempt.events = events;
    return this.#decided(attempt, envelopes, ACCEPTED);
  }

  #decided(attempt: Attempt, events: readonly Envelope[], outcome: Outcome): DecidedAppend {
    const { command, seenRevision } = attempt;
    const { route, options, cancellation } = command;
    cancellation?.check();
    const precondition = appendPrecondition(route.precondition, options.precondition, seenRevision, events.length > 0);
    const decided = { events, precondition, decision: command.decision(seenRevision, outcome) };
    attempt.decided = decided;
    return decided;
  }

  /** Returns the state after the commit, if it still equals the state of the stream. */
  #takeCommitted(attempt: Attempt, { events }: DecidedAppend, appended: Appended): LiveState | undefined {
    const { live, seenRevision, command } = attempt;
    attempt.live = undefined;
    if (events.length === 0) return live;
    this.#parts.cache.appended(command.stream, command.module);
    if (live === undefined) return undefined;
    if (appended.firstRevision === (seenRevision === undefined ? 0n : seenRevision + 1n)) {
      live.revision = appended.revision;
      return live;
    }
    // Under `any` and `stream-exists`, other events may precede these. The state has not folded them.
    live.release();
    return undefined;
  }

  /**
   * Handles a failure of the attempt. Returns the recorded decision if the command is a duplicate, or `undefined` if
   * the command must be decided again. Otherwise it throws the failure.
   *
   * The state is released, because it has folded events that are not stored. An intact state returns to the cache, so
   * that the next command needs no replay.
   */
  async #recover(attempt: Attempt, error: unknown): Promise<RecordedDecision | undefined> {
    const intact =
      isCommandFailure(error, 'fault') || isCommandFailure(error, 'conflict') ? attempt.takeIntact() : undefined;
    attempt.releaseState();
    let again = false;
    try {
      const known = await this.#judge(attempt, error);
      again = known === undefined;
      return known;
    } finally {
      if (again) intact?.release();
      else if (intact !== undefined) this.#parts.cache.put(intact);
    }
  }

  async #judge(attempt: Attempt, error: unknown): Promise<RecordedDecision | undefined> {
    const { command } = attempt;
    if (isAppendFailure(error, 'duplicate')) return error.payload.val;
    if (isAppendFailure(error, 'conflict')) return this.#retry(attempt, error.payload.val, error);
    // An untyped error that does not come from the store is a bug of the loop, so it is thrown unchanged.
    if (!isCommandFailure(error)) throw attempt.decided === undefined ? error : asCommandFailure(error, true);
    switch (error.code) {
      case 'fault':
      case 'trap':
      case 'replay-limit':
        if (!(await this.#decidesAgain(attempt, error))) break;
        notify(() => this.#parts.observer.cachedStateFailed?.(command.observed(), error));
        command.decodeAgain();
        return undefined;
      case 'conflict':
        break;
      default:
        throw error;
    }
    const known = command.mayBeDuplicate ? await this.#find(command) : undefined;
    if (known !== undefined) return known;
    throw error;
  }

  /**
   * Returns whether the failure may be due to a stale cached state, or to an instance that another command ended.
   */
  async #decidesAgain({ command, fromCache, seenRevision }: Attempt, failure: CommandFailure): Promise<boolean> {
    const { module, stream, cancellation } = command;
    const { cache, loader } = this.#parts;
    if (!isInstanceTrap(failure.cause)) {
      // If the cached state is current, a second decision would fail in the same way.
      if (!fromCache || failure.code !== 'fault') return fromCache;
      return (await loader.lastRevision(stream, cancellation)) !== seenRevision;
    }
    const wasReplaced = command.generation !== module.generation;
    if (!wasReplaced) {
      // Every state of the module belongs to the instance that has ended.
      module.generation++;
      cache.dropModule(module);
    }
    if (!fromCache && (!wasReplaced || command.isRetriedAfterTrap)) return false;
    command.isRetriedAfterTrap = true;
    return true;
  }

  async #retry(attempt: Attempt, conflict: Conflict, cause: unknown): Promise<undefined> {
    const { observer, snapshots } = this.#parts;
    const { seenRevision, command } = attempt;
    const { route, options, module, stream, cancellation } = command;
    const bound = options.deadline === undefined ? DEFAULT_MAX_ATTEMPTS : Number.POSITIVE_INFINITY;
    const { maxAttempts = bound } = this.#parts;
    command.conflicts++;
    const hasEvents = attempt.decided !== undefined && attempt.decided.events.length > 0;
    const retrying =
      command.conflicts < maxAttempts && isRetryable(route.precondition, options.precondition, hasEvents);
    notify(() => observer.conflict?.(command.observed(), conflict, retrying));
    // Streams only grow, so a revision beyond the end comes from a snapshot of a different history.
    const { actual } = conflict;
    if (module.takesSnapshots && seenRevision !== undefined && (actual === undefined || actual < seenRevision)) {
      await snapshots.drop(module, stream, seenRevision, cause);
    }
    if (!retrying) throw conflictFailure(conflict, command.attempts, cause);
    const pause = backOff(command.conflicts);
    await (cancellation === undefined ? pause : cancellation.race(pause));
  }
}

function decisionFailure({ module, stream, envelope }: CommandInFlight, error: unknown): Error {
  return moduleFailure(error, `module ${module.name} deciding ${envelope.type} on stream ${JSON.stringify(stream)}`, [
    ['module', module.name],
    ['stream', stream],
    ['commandType', envelope.type],
  ]);
}

function resultOf(attempt: Attempt, { events, decision }: DecidedAppend, appended: Appended): CommandResult {
  const { command } = attempt;
  const { commandId, stream, attempts, module } = command;
  const fields = {
    commandId,
    stream,
    module: module.name,
    outcome: decision.outcome,
    events: recordedEvents(stream, events, decision, appended),
    revision: appended.revision,
    duplicate: false,
    attempts,
  };
  return command.result(fields, areTaken(attempt.events) ? attempt.events : undefined);
}
