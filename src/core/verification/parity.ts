/** `parity` compares two modules on the recorded decisions of a store. */
import { type AnyModule, BoundModule } from '../loop/bound-module.ts';
import { foldRecorded } from '../loop/fold.ts';
import type { LiveState } from '../loop/live-state.ts';
import type { Decision, Envelope, Outcome, RecordedEvent } from '../messages.ts';
import { checkOptionNames } from '../option-names.ts';
import type { RecordedCommit } from '../storage/chain.ts';
import { Turns } from '../storage/turns.ts';
import { type CommitSource, streamHeads } from '../storage/verify-chain.ts';
import { categoryOf } from '../stream-name.ts';
import type { OptionNames } from '../unknown-names.ts';
import { decideAgain, eventsOf, initialState, isSameEnvelope, isSameOutcome } from './decide-again.ts';
import { shortest } from './shortest.ts';

/** The answer of one module to a command: its events or its rejection, or the failure of the module. */
export type Answer =
  | { readonly tag: 'decided'; readonly outcome: Outcome; readonly events: readonly Envelope[] }
  | { readonly tag: 'failed'; readonly error: unknown };

/** A command that the two modules answer differently. */
export interface Divergence {
  /** The stream of the recorded decision, and the id of its command. */
  readonly stream: string;
  readonly commandId: string;
  readonly command: Envelope;
  /** The content type of the command and of the history. */
  readonly contentType: string;
  /**
   * The shortest history that was found on which the answers differ: the events of the stream before the decision, in
   * order, without those that do not affect the answers.
   */
  readonly history: readonly Envelope[];
  /** The answers to the command on this history. */
  readonly current: Answer;
  readonly candidate: Answer;
}

/** The extent of a comparison. */
export interface ParityProgress {
  readonly streams: number;
  readonly decisions: number;
}

/** The result of {@link parity}. */
export interface Parity extends ParityProgress {
  /** The first divergence. `undefined` if the modules answered every command alike. */
  readonly divergence: Divergence | undefined;
}

/** The options of {@link parity}. */
export interface ParityOptions {
  /** Called after each stream. */
  readonly progress?: ((progress: ParityProgress) => void) | undefined;
  /** Cancels the comparison, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const NAMES: OptionNames<ParityOptions> = { progress: true, signal: true };
const PAGE = 1_000;

/**
 * Compares two modules before one replaces the other, such as a decider in TypeScript and its component. Both fold the
 * recorded histories and decide every recorded command of the current module. The events and rejections must be equal
 * byte for byte, and must not fail. The first command that is answered differently is returned with the shortest
 * history that shows it.
 *
 * Nothing is written. The recorded results themselves are not compared. {@link verifyStore} does that.
 *
 * ```ts
 * const candidate = await loadModule(await readFile('account.wasm'));
 * const { divergence, decisions } = await parity(account, candidate, store);
 * ```
 *
 * @throws StoreFailure if the store cannot be read.
 * @throws DefinitionError if an option is unknown, or a module is invalid.
 */
export async function parity(
  current: unknown,
  candidate: unknown,
  store: CommitSource,
  options: ParityOptions = {},
): Promise<Parity> {
  checkOptionNames(options, NAMES, 'parity');
  const modules = [bound(current, 'parity.current'), bound(candidate, 'parity.candidate')] as const;
  const [{ descriptor, name }] = modules;
  const turns = new Turns();
  let [streams, decisions] = [0, 0];
  for await (const { stream } of streamHeads(store)) {
    if (categoryOf(stream) !== descriptor.category) continue;
    const pair = new Pair(modules, stream);
    try {
      for await (const commit of commitsOf(store, stream)) {
        const { decision } = commit.decision;
        if (decision.module.name === name) {
          decisions++;
          if (pair.differ(decision)) {
            const history = await historyOf(store, stream, commit);
            return { streams, decisions, divergence: shrunk(modules, stream, decision, history) };
          }
        }
        pair.fold(commit);
        await turns.next();
        options.signal?.throwIfAborted();
      }
    } finally {
      pair.end();
    }
    streams++;
    options.progress?.({ streams, decisions });
  }
  return { streams, decisions, divergence: undefined };
}

function bound(module: unknown, place: string): BoundModule {
  // A release can fail only after a trap, which is a separate answer.
  return new BoundModule(module as AnyModule, place, () => {});
}

type Modules = readonly [current: BoundModule, candidate: BoundModule];

/** The states of both modules on one stream. A module that cannot fold the stream answers with its failure. */
class Pair {
  readonly #states: readonly [Folded, Folded];

  constructor([current, candidate]: Modules, stream: string) {
    this.#states = [new Folded(current, stream), new Folded(candidate, stream)];
  }

  /** Returns whether the modules answer the command differently. */
  differ(decision: Decision): boolean {
    const [current, candidate] = this.answers(decision);
    return !isSameAnswer(current, candidate);
  }

  answers(decision: Decision): readonly [Answer, Answer] {
    const [current, candidate] = this.#states;
    return [current.answer(decision), candidate.answer(decision)];
  }

  fold(commit: RecordedCommit): void {
    for (const state of this.#states) state.fold(eventsOf(commit));
  }

  foldEvents(events: readonly RecordedEvent[]): void {
    for (const state of this.#states) state.fold(events);
  }

  end(): void {
    for (const state of this.#states) state.end();
  }
}

/** A state, or the failure of folding it. */
class Folded {
  readonly #live: LiveState | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(module: BoundModule, stream: string) {
    try {
      this.#live = initialState(module, stream);
    } catch (error) {
      this.#failure = { error };
    }
  }

  fold(events: readonly RecordedEvent[]): void {
    if (this.#live === undefined || this.#failure !== undefined) return;
    try {
      foldRecorded(this.#live, events);
    } catch (error) {
      this.#failure = { error };
    }
  }

  answer(decision: Decision): Answer {
    if (this.#live === undefined || this.#failure !== undefined) {
      return { tag: 'failed', error: this.#failure?.error };
    }
    try {
      const { decided, outcome } = decideAgain(this.#live, decision);
      return { tag: 'decided', outcome, events: decided };
    } catch (error) {
      return { tag: 'failed', error };
    }
  }

  end(): void {
    this.#live?.release();
  }
}

/**
 * Returns whether two answers are equal. Any two failures are equal, because their texts may differ between languages.
 */
function isSameAnswer(one: Answer, other: Answer): boolean {
  if (one.tag === 'failed' || other.tag === 'failed') return one.tag === other.tag;
  return (
    isSameOutcome(one.outcome, other.outcome) &&
    one.events.length === other.events.length &&
    one.events.every((event, index) => isSameEnvelope(event, other.events[index]))
  );
}

function shrunk(modules: Modules, stream: string, decision: Decision, history: readonly RecordedEvent[]): Divergence {
  const { commandId, command, contentType } = decision;
  const answersOn = (events: readonly RecordedEvent[]): readonly [Answer, Answer] => {
    const pair = new Pair(modules, stream);
    try {
      pair.foldEvents(renumbered(events));
      return pair.answers(decision);
    } finally {
      pair.end();
    }
  };
  const failures = answersOn(history).filter(({ tag }) => tag === 'failed').length;
  const short = shortest(history, (events) => {
    const [current, candidate] = answersOn(events);
    // A shorter history must not differ because a module cannot fold it.
    const failed = [current, candidate].filter(({ tag }) => tag === 'failed').length;
    return failed === failures && !isSameAnswer(current, candidate);
  });
  const [current, candidate] = answersOn(short);
  return { stream, commandId, command, contentType, history: short.map(({ event }) => event), current, candidate };
}

/** Numbers the events from 0, because revisions have no gaps in a stream. */
function renumbered(events: readonly RecordedEvent[]): readonly RecordedEvent[] {
  return events.map(({ context, ...rest }, index) => ({
    ...rest,
    context: { ...context, revision: BigInt(index) },
  }));
}

/** Returns the events before a commit. */
async function historyOf(store: CommitSource, stream: string, last: RecordedCommit): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const commit of commitsOf(store, stream)) {
    if (commit.decision.decision.commandId === last.decision.decision.commandId) break;
    events.push(...eventsOf(commit));
  }
  return events;
}

async function* commitsOf(store: CommitSource, stream: string): AsyncGenerator<RecordedCommit> {
  let after: string | undefined;
  for (;;) {
    const page = await store.readCommits(stream, { after, limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.decision.decision.commandId;
  }
}
