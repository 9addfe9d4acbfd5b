/** A command that two modules answer differently, and the shortest history that shows it. */
import type { BoundModule } from '../loop/bound-module.ts';
import type { Decision, Envelope, RecordedEvent } from '../messages.ts';
import type { RecordedCommit } from '../storage/chain.ts';
import type { CommitSource } from '../storage/verify-chain.ts';
import { type Answer, Folded, isSameAnswer } from './answers.ts';
import { eventsOf } from './decide-again.ts';
import { shortest } from './shortest.ts';

const PAGE = 1_000;

/** A command that the two modules answer differently. */
export interface Divergence {
  /** The stream of the recorded decision, and the id of its command. */
  readonly stream: string;
  readonly commandId: string;
  /** The command that the modules answer differently. */
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

/** The two modules of a comparison. */
export type Modules = readonly [current: BoundModule, candidate: BoundModule];

/** The states of both modules on one stream. A module that cannot fold the stream answers with its failure. */
export class Pair {
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

/** Returns the divergence with the shortest history that shows it. The answers on the whole history must differ. */
export function shrunk(
  modules: Modules,
  stream: string,
  decision: Decision,
  history: readonly RecordedEvent[],
): Divergence {
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

/** Returns the events of the stream before a commit. */
export async function historyOf(
  store: CommitSource,
  stream: string,
  last: RecordedCommit,
): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const commit of commitsBefore(store, stream, last)) events.push(...eventsOf(commit));
  return events;
}

/** Reads the commits of the stream before a commit. */
export async function* commitsBefore(
  store: CommitSource,
  stream: string,
  last: RecordedCommit,
): AsyncGenerator<RecordedCommit> {
  for await (const commit of commitsOf(store, stream)) {
    if (commit.decision.decision.commandId === last.decision.decision.commandId) return;
    yield commit;
  }
}

export async function* commitsOf(store: CommitSource, stream: string): AsyncGenerator<RecordedCommit> {
  let after: string | undefined;
  for (;;) {
    const page = await store.readCommits(stream, { after, limit: PAGE });
    yield* page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.decision.decision.commandId;
  }
}
