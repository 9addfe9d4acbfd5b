/** Runs one decision of a module, from envelopes to envelopes, as a host does, but without a store. */
import {
  type CommandHandler,
  type CommandIdAware,
  commandUuid,
  type Envelope,
  type Fault,
  isFault,
  isRejection,
  type Rejection,
} from '../../core/index.ts';
import { equalBytes } from '../../core/storage/equal-bytes.ts';
import { NondeterminismError } from './ambient/forbidden-call.ts';
import { runIsolated } from './ambient/without-ambient.ts';
import { sameEnvelope, sameEnvelopes, withHandle } from './message-types.ts';

/** The outcome of a command. `state` is the encoded state after the decision, in the module's content type. */
export type DecisionOutcome =
  | { readonly tag: 'accepted'; readonly events: readonly Envelope[]; readonly state: Uint8Array }
  | { readonly tag: 'rejected'; readonly rejection: Rejection; readonly state: Uint8Array }
  | { readonly tag: 'fault'; readonly fault: Fault; readonly error: unknown };

/** A module with its optional function `decideWithCommandId`. */
type Module<State, Command, Event> = CommandHandler<State, Command, Event> & CommandIdAware<State, Command, Event>;

/** The source of the state for a decision. */
export type StateSource = 'history' | 'snapshot';

/**
 * Folds the history, decides, and folds the new events, so that an event that cannot be folded is detected.
 *
 * @example const decision = runDecision(account, [opened], account.types.command.toEnvelope(Deposit({ amount: 5n })));
 * @param source with `snapshot`, the state is encoded and decoded before the decision.
 * @param commandId the id of the command, for a component whose virtual WASI derives its values from it. Without it,
 *   such a component gets constants.
 */
export function runDecision<State, Command, Event>(
  module: Module<State, Command, Event>,
  history: readonly Envelope[],
  command: Envelope,
  source: StateSource = 'history',
  commandId?: string,
): DecisionOutcome {
  try {
    return decideOnce(module, history, command, source, commandId);
  } catch (error) {
    if (isFault(error)) return { tag: 'fault', fault: error.payload, error };
    throw error;
  }
}

function decideOnce<State, Command, Event>(
  module: Module<State, Command, Event>,
  history: readonly Envelope[],
  command: Envelope,
  source: StateSource,
  commandId: string | undefined,
): DecisionOutcome {
  const { types, decider } = module;
  let state = decider.initialState();
  try {
    for (const envelope of history) state = fold(envelope);
    const before = types.state.toBytes(state);
    if (source === 'snapshot') {
      types.state.drop?.(state);
      state = types.state.fromBytes(before);
    }
    let decided: readonly Envelope[];
    try {
      decided = withHandle(types.command, command, (handle) => {
        const events =
          commandId === undefined || module.decideWithCommandId === undefined
            ? decider.decide(state, handle)
            : module.decideWithCommandId(commandUuid(commandId), state, handle);
        const envelopes = events.map((event) => types.event.toEnvelope(event));
        for (const event of events) types.event.drop?.(event);
        if (!sameEnvelope(types.command.toEnvelope(handle), command)) throw mutated(`the command ${command.type}`);
        return envelopes;
      });
    } catch (error) {
      if (!isRejection(error)) throw error;
      return { tag: 'rejected', rejection: error.payload, state: unchanged(before) };
    }
    unchanged(before);
    for (const envelope of decided) state = fold(envelope);
    return { tag: 'accepted', events: decided, state: types.state.toBytes(state) };
  } finally {
    types.state.drop?.(state);
  }

  function fold(envelope: Envelope): State {
    return withHandle(types.event, envelope, (event) => {
      const next = decider.evolve(state, event);
      // Old versions are upcast when they are read, so the event is compared with the upcast event instead of the
      // stored one.
      const newest = withHandle(types.event, envelope, (same) => types.event.toEnvelope(same));
      if (!sameEnvelope(types.event.toEnvelope(event), newest)) throw mutated(`the event ${envelope.type}`);
      return next;
    });
  }

  function unchanged(before: Uint8Array): Uint8Array {
    if (!equalBytes(types.state.toBytes(state), before)) throw mutated('the state');
    return before;
  }
}

function mutated(what: string): NondeterminismError {
  return new NondeterminismError(`${what} was changed by the module; only the draft of evolve may be changed`);
}

/**
 * Runs a decision twice without the ambient world, and compares the outcomes byte by byte.
 *
 * @example runDeterministically(account, [opened], account.types.command.toEnvelope(Deposit({ amount: 5n })));
 * @param commandId as in {@link runDecision}.
 * @throws NondeterminismError that names the forbidden call and its place, or the difference.
 */
export function runDeterministically<State, Command, Event>(
  module: Module<State, Command, Event>,
  history: readonly Envelope[],
  command: Envelope,
  commandId?: string,
): DecisionOutcome {
  // All runs share one replacement of the ambient world, because that costs more than the decisions.
  const [first, second, restored] = runIsolated(
    (inOtherProcess) =>
      [
        runDecision(module, history, command, 'history', commandId),
        inOtherProcess(() => runDecision(module, history, command, 'history', commandId)),
        runDecision(module, history, command, 'snapshot', commandId),
      ] as const,
    ([decided]) => decided.tag === 'fault',
  );
  const difference = differenceOf(first, second);
  if (difference !== undefined) {
    throw new NondeterminismError(
      `${command.type} was decided twice from the same history, but ${difference}; expected a decision that depends only on state ` +
        'and command; look for variables of the module that a decision changes, and for process.env or process.argv that ' +
        'the module kept when it was loaded',
    );
  }
  const loss = differenceOf(first, restored);
  if (loss !== undefined) {
    throw new NondeterminismError(
      `${command.type} was decided on the state of a snapshot, and ${loss}; the encoding of a state does not keep undefined or ` +
        'the order of fields, maps and sets, so do not decide by them (a list keeps its order)',
    );
  }
  return first;
}

function differenceOf(first: DecisionOutcome, second: DecisionOutcome): string | undefined {
  if (first.tag !== second.tag) return `was first ${first.tag}, then ${second.tag}`;
  if (first.tag === 'fault' || second.tag === 'fault') return undefined;
  if (first.tag === 'accepted' && second.tag === 'accepted' && !sameEnvelopes(first.events, second.events)) {
    return 'led to different events';
  }
  if (first.tag === 'rejected' && second.tag === 'rejected') {
    if (JSON.stringify(first.rejection) !== JSON.stringify(second.rejection)) return 'was rejected differently';
  }
  return equalBytes(first.state, second.state) ? undefined : 'led to different states';
}
