/** Calls the author's `decide` and `evolve`, and checks their results. */
import type { Codec } from '../codec/codec.ts';
import { copyValue } from '../codec/copy.ts';
import { FaultError, isRejection } from '../errors.ts';
import { MAX_EVENTS_PER_DECISION } from '../limits.ts';
import type { Recipe } from './draft.ts';
import { enteredEvent } from './entered-event.ts';
import { faultOf } from './handler-fault.ts';
import type { Message } from './message.ts';
import { enterMessage, entryOf, type MessageEntry, type MessageTable } from './message-table.ts';
import { lend } from './state-value.ts';
import { type States, stateFault } from './states.ts';

/** A command type, and the function that decides it. */
export interface CommandEntry extends MessageEntry {
  readonly decide: (state: unknown, data: unknown) => unknown;
}

/** An event type, and the function that folds it. */
export interface EventEntry extends MessageEntry {
  readonly evolve: Recipe;
}

/** The decider of a module. The author's functions get copies, because the event sourcer keeps the originals. */
export class Decisions<State> {
  readonly #commands: MessageTable<CommandEntry>;
  readonly #events: MessageTable<EventEntry>;
  readonly #states: States<State>;
  readonly #codec: Codec;

  constructor(
    commands: MessageTable<CommandEntry>,
    events: MessageTable<EventEntry>,
    states: States<State>,
    codec: Codec,
  ) {
    this.#commands = commands;
    this.#events = events;
    this.#states = states;
    this.#codec = codec;
  }

  /** Returns the state after an event. @throws FaultError that names the handler. */
  evolve(state: State, event: Message): State {
    const { type, evolve: recipe } = entryOf(this.#events, event.type, 'event');
    try {
      return this.#states.fold(state, recipe, copyValue(event.data));
    } catch (cause) {
      throw stateFault(cause, 'evolve-failed', `evolve.${type}`, type);
    }
  }

  /**
   * Returns the events of a decision.
   * @throws RejectionError if the domain rejects the command.
   * @throws FaultError that names the handler.
   */
  decide(state: State, command: Message): Message[] {
    const entry = entryOf(this.#commands, command.type, 'command');
    try {
      const answer = entry.decide(lend(state), copyValue(command.data));
      if (isSteps(answer)) return this.#takeSteps(answer, entry.type, state);
      if (isRejection(answer)) throw answer;
      return this.#takeEvents(answer, entry.type, 0);
    } catch (cause) {
      if (isRejection(cause)) throw cause;
      throw faultOf(cause, 'decide-failed', `decide.${entry.type}`, entry.type);
    }
  }

  /** Runs a generator to its end. The events of each step are folded, and the generator gets the state after them. */
  #takeSteps(steps: Steps, command: string, before: State): Message[] {
    const decided: Message[] = [];
    let state = before;
    let step = steps.next();
    try {
      while (step.done !== true) {
        for (const event of this.#takeEvents(step.value, command, decided.length)) {
          decided.push(event);
          state = this.evolve(state, event);
        }
        step = steps.next(lend(state));
      }
      if (isRejection(step.value)) throw step.value;
      return step.value === undefined ? decided : decided.concat(this.#takeEvents(step.value, command, decided.length));
    } finally {
      // If a step failed, the finally blocks of the generator run here. Otherwise the generator has ended already.
      steps.return(undefined);
    }
  }

  /**
   * Returns the events that a handler returned, each in the form that decoding its bytes produces. So every stored
   * event can be read again, and a replay folds the same values.
   * @param before the number of events of earlier steps.
   */
  #takeEvents(returned: unknown, command: string, before: number): Message[] {
    if (!Array.isArray(returned)) throw noDecision(command, `returned ${kindOf(returned)} instead of a list of events`);
    if (before + returned.length > MAX_EVENTS_PER_DECISION) {
      throw noDecision(command, `returned more than ${MAX_EVENTS_PER_DECISION} events`);
    }
    const decided: Message[] = new Array(returned.length);
    for (let index = 0; index < returned.length; index++) {
      const event: Message | undefined = returned[index];
      const entry = this.#events.get(event?.type as string);
      if (entry === undefined) {
        throw noDecision(command, `returned ${kindOf(event)}, expected an event of this module`);
      }
      const { data, envelope } = enterMessage(entry, event?.data, this.#codec);
      decided[index] = enteredEvent(entry.type, data, envelope, this.#events);
    }
    return decided;
  }
}

type Steps = Generator<unknown, unknown, unknown>;

function isSteps(answer: unknown): answer is Steps {
  return typeof answer === 'object' && answer !== null && Symbol.iterator in answer && !Array.isArray(answer);
}

/** Describes a value, for errors. */
export function kindOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  if (isRejection(value)) return 'a rejection (return it, do not yield it)';
  if ('then' in value) return 'a promise';
  return 'type' in value ? `a message of type ${String(value.type)}` : 'an object without a type';
}

function noDecision(command: string, problem: string): FaultError {
  return new FaultError({
    code: 'invalid-decision',
    message: `decide.${command} ${problem}`,
    details: [['type', command]],
  });
}
