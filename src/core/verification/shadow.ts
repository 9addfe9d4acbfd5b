/// <reference lib="esnext.disposable" preserve="true" />
/** `shadow` compares a candidate with the decisions that the current module makes in production. */
import { checkInteger } from '../check-integer.ts';
import { DefinitionError, isStoreFailure } from '../errors.ts';
import type { EventStore } from '../event-store.ts';
import type { BoundModule } from '../loop/bound-module.ts';
import { isInstanceTrap } from '../loop/failures.ts';
import { notify } from '../loop/observer.ts';
import { pointOf } from '../loop/rollout.ts';
import type { Envelope, ModuleIdentity } from '../messages.ts';
import { checkOptionNames } from '../option-names.ts';
import { mustBe } from '../predicates.ts';
import { sleepFor, systemClock } from '../processors/clock.ts';
import type { RecordedCommit } from '../storage/chain.ts';
import type { CommitLog } from '../storage/commit-transfer.ts';
import { lastPosition } from '../storage/read-events.ts';
import { Turns } from '../storage/turns.ts';
import type { CommitSource } from '../storage/verify-chain.ts';
import { categoryOf } from '../stream-name.ts';
import type { OptionNames } from '../unknown-names.ts';
import { type Answer, compared, Folded, isSameAnswer } from './answers.ts';
import { eventsOf } from './decide-again.ts';
import { commitsBefore, type Divergence, historyOf, type Modules, Pair, shrunk } from './divergence.ts';

/** A store whose decisions a shadow can follow. */
export type ShadowedStore = Pick<EventStore, 'awaitEvents' | 'readAll'> & CommitSource & CommitLog;

/** A recorded decision that the candidate would have made differently. */
export interface ShadowDivergence {
  readonly stream: string;
  readonly commandId: string;
  /** The recorded command. */
  readonly command: Envelope;
  /** The content type of the command and of the events. */
  readonly contentType: string;
  /** The module that made the recorded decision. */
  readonly module: ModuleIdentity;
  /** The recorded decision. */
  readonly current: Answer;
  /** The answer of the candidate to the same command on the same history. */
  readonly candidate: Answer;
  /**
   * Finds the shortest history on which the two modules differ. The history is complete if the current module of this
   * process does not make the recorded decision, because it is of another version.
   * @throws StoreFailure if the history cannot be read.
   */
  shortest(): Promise<Divergence>;
}

/** The options of {@link shadow}. */
export interface ShadowOptions {
  /** Called for each divergence, in the order of the decisions. An error that it throws is ignored. */
  readonly onDivergence: (divergence: ShadowDivergence) => void;
  /** Called if the store cannot be read. The shadow tries again after a pause. An error that it throws is ignored. */
  readonly onFailure?: ((error: unknown) => void) | undefined;
  /**
   * Continues after the decision with this command id, the `last` of an earlier shadow.
   * @default the last decision of the store, so that only new decisions are compared
   */
  readonly after?: string | undefined;
  /**
   * The share of the streams that are compared, from 0 to 1. A stable hash of its name selects a stream.
   * @default 1
   */
  readonly share?: number | undefined;
  /**
   * The maximum number of streams whose states are kept.
   * @default 1_000
   */
  readonly cachedStates?: number | undefined;
}

const NAMES: OptionNames<ShadowOptions> = {
  onDivergence: true,
  onFailure: true,
  after: true,
  share: true,
  cachedStates: true,
};

/** A running shadow. It stops at the end of its `await using` scope. */
export interface Shadow extends AsyncDisposable {
  /** The number of decisions that were compared. */
  readonly decisions: number;
  /** The number of decisions that the candidate would have made differently. */
  readonly divergences: number;
  /** The command id of the last decision that was read. Pass it as `after` to continue later. */
  readonly last: string | undefined;
  /** Resolves when all decisions that were recorded before this call are compared. */
  caughtUp(): Promise<void>;
  /** Stops after the current decision. */
  stop(): Promise<void>;
}

const PAGE = 500;
/** The pause in milliseconds after which rejections are read, because only events end the wait of a reader. */
const POLL = 1_000;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/**
 * Compares a candidate continuously with the module that decides in production. The shadow follows the recorded
 * decisions of the current module, decides each command again with the candidate, and compares the results byte for
 * byte.
 *
 * The shadow only reads the store. So the candidate cannot change, delay or fail a command, even if it traps or never
 * returns. Run the shadow in a process or thread of its own if the candidate is slow.
 *
 * Faults and traps of the current module are not recorded, so they are not compared.
 *
 * @example
 * await using shadowing = await shadow(account, candidate, store, {
 *   onDivergence: ({ stream, command }) => console.warn(`${command.type} on ${stream} would be decided differently`),
 * });
 *
 * @param current the module that decides in production. Decisions with its name are compared.
 * @throws DefinitionError if an option is unknown or invalid, or a module is invalid.
 * @throws StoreFailure if the store cannot be read at the start.
 */
export async function shadow(
  current: unknown,
  candidate: unknown,
  store: ShadowedStore,
  options: ShadowOptions,
): Promise<Shadow> {
  checkOptionNames(options, NAMES, 'shadow');
  const { onDivergence, share = 1, cachedStates = 1_000 } = options;
  if (typeof onDivergence !== 'function') {
    throw new DefinitionError('shadow.onDivergence', mustBe('a function', onDivergence));
  }
  if (!(share >= 0 && share <= 1)) throw new DefinitionError('shadow.share', mustBe('a number from 0 to 1', share));
  checkInteger(cachedStates, 1, 'shadow.cachedStates');
  const { after = await lastCommandId(store) } = options;
  const modules: Modules = [compared(current, 'shadow.current'), compared(candidate, 'shadow.candidate')];
  return new Follower(modules, store, options, after);
}

async function lastCommandId(store: CommitLog): Promise<string | undefined> {
  const [last] = await store.readLog({ direction: 'backward', limit: 1 });
  return last?.decision.decision.commandId;
}

class Follower implements Shadow {
  readonly #modules: Modules;
  readonly #store: ShadowedStore;
  readonly #options: ShadowOptions;
  readonly #states: CandidateStates;
  readonly #turns = new Turns();
  readonly #stopped = new AbortController();
  readonly #running: Promise<void>;
  /** Ends the wait for new events. */
  #wake = new AbortController();
  #waiting: (() => void)[] = [];
  decisions = 0;
  divergences = 0;
  last: string | undefined;

  constructor(modules: Modules, store: ShadowedStore, options: ShadowOptions, after: string | undefined) {
    this.#modules = modules;
    this.#store = store;
    this.#options = options;
    this.#states = new CandidateStates(modules[1], store, options.cachedStates ?? 1_000);
    this.last = after;
    this.#running = this.#run();
  }

  async caughtUp(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      this.#wake.abort();
      void this.#running.then(resolve);
    });
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#running;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #run(): Promise<void> {
    let pause = FIRST_PAUSE;
    const { signal } = this.#stopped;
    while (!signal.aborted) {
      try {
        await this.#follow(signal);
        pause = FIRST_PAUSE;
      } catch (error) {
        if (signal.aborted || isStoreFailure(error, 'closed')) break;
        notify(() => this.#options.onFailure?.(error));
        await sleepFor(systemClock, pause, signal).catch(() => {});
        pause = Math.min(LONGEST_PAUSE, pause * 2);
      }
    }
    this.#states.clear();
  }

  /** Compares the decisions until the end of the log, and waits for more. */
  async #follow(signal: AbortSignal): Promise<void> {
    this.#wake = new AbortController();
    const waiting = this.#waiting;
    this.#waiting = [];
    const position = await lastPosition(this.#store);
    for (;;) {
      const page = await this.#store.readLog({ after: this.last, limit: PAGE });
      for (const commit of page) {
        await this.#compare(commit);
        this.last = commit.decision.decision.commandId;
        await this.#turns.next();
        if (signal.aborted) return;
      }
      if (page.length < PAGE) break;
    }
    for (const resolve of waiting) resolve();
    if (this.#waiting.length > 0) return;
    const woken = AbortSignal.any([signal, this.#wake.signal, AbortSignal.timeout(POLL)]);
    await this.#store.awaitEvents(position, woken).catch((error: unknown) => {
      if (!woken.aborted) throw error;
    });
  }

  async #compare(commit: RecordedCommit): Promise<void> {
    const { stream, decision } = commit.decision;
    const { share = 1 } = this.#options;
    const [current] = this.#modules;
    if (categoryOf(stream) !== current.descriptor.category || pointOf(stream) >= share) return;
    const folded = await this.#states.before(commit);
    if (decision.module.name === current.name) {
      const candidate = await this.#states.answer(folded, commit);
      const recorded: Answer = { tag: 'decided', outcome: decision.outcome, events: commit.events };
      this.decisions++;
      if (!isSameAnswer(recorded, candidate)) this.#report(commit, recorded, candidate);
      if (candidate.tag === 'failed' && this.#states.droppedAfter(candidate.error)) return;
    }
    folded.fold(eventsOf(commit));
  }

  #report(commit: RecordedCommit, current: Answer, candidate: Answer): void {
    this.divergences++;
    const { stream, decision } = commit.decision;
    const { commandId, command, contentType, module } = decision;
    const place = { stream, commandId, command, contentType };
    const shortest = async (): Promise<Divergence> => {
      const { seenRevision = -1n } = decision;
      const history = (await historyOf(this.#store, stream, commit)).filter(
        ({ context }) => context.revision <= seenRevision,
      );
      const pair = new Pair(this.#modules, stream);
      try {
        pair.foldEvents(history);
        if (!pair.differ(decision)) return { ...place, history: history.map(({ event }) => event), current, candidate };
      } finally {
        pair.end();
      }
      return shrunk(this.#modules, stream, decision, history);
    };
    notify(() => this.#options.onDivergence({ ...place, module, current, candidate, shortest }));
  }
}

/** The candidate's states of the streams that were used last. */
class CandidateStates {
  readonly #module: BoundModule;
  readonly #store: CommitSource;
  readonly #capacity: number;
  /** The least recently used stream is first. */
  readonly #states = new Map<string, Folded>();

  constructor(module: BoundModule, store: CommitSource, capacity: number) {
    this.#module = module;
    this.#store = store;
    this.#capacity = capacity;
  }

  /** Returns the state before a commit. */
  async before(commit: RecordedCommit): Promise<Folded> {
    const { stream } = commit.decision;
    let state = this.#states.get(stream);
    if (state === undefined) {
      state = new Folded(this.#module, stream);
      for await (const earlier of commitsBefore(this.#store, stream, commit)) state.fold(eventsOf(earlier));
    } else this.#states.delete(stream);
    this.#states.set(stream, state);
    if (this.#states.size > this.#capacity) this.#drop(this.#states.keys().next().value!);
    return state;
  }

  /** Returns the candidate's answer to the command of a commit, on the state of the recorded decision. */
  async answer(before: Folded, commit: RecordedCommit): Promise<Answer> {
    const { stream, decision } = commit.decision;
    const { seenRevision } = decision;
    if (before.revision === seenRevision) return before.answer(decision);
    // Under the preconditions `any` and `stream-exists`, events that were not folded before the decision can precede
    // its events.
    const seen = new Folded(this.#module, stream);
    try {
      for await (const earlier of commitsBefore(this.#store, stream, commit)) {
        seen.fold(
          eventsOf(earlier).filter(({ context }) => seenRevision !== undefined && context.revision <= seenRevision),
        );
      }
      return seen.answer(decision);
    } finally {
      seen.end();
    }
  }

  /**
   * Drops all states if the error ended the candidate's instance, to which they belong, and returns whether it did.
   * After other failures the states are kept, because `decide` does not change a state, and an event that cannot be
   * folded now can never be folded.
   */
  droppedAfter(error: unknown): boolean {
    this.#module.noteFailure(error);
    const isTrap = isInstanceTrap(Object(error).cause ?? error);
    if (isTrap) this.clear();
    return isTrap;
  }

  clear(): void {
    for (const stream of [...this.#states.keys()]) this.#drop(stream);
  }

  #drop(stream: string): void {
    this.#states.get(stream)?.end();
    this.#states.delete(stream);
  }
}
