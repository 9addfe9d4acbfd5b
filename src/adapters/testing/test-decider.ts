/**
 * `testDecider`: tests of a decider in the form given events, when a command, then events.
 *
 * Source: Greg Young's given/when/then for event-sourced systems; thinkbeforecoding's Decider samples.
 */
import type { CommandHandler, CommandIdAware, Envelope, Message, RejectionDetail, Types } from '../../core/index.ts';
import { checkOptionNames } from '../../core/option-names.ts';
import { equalBytes } from '../../core/storage/equal-bytes.ts';
import type { OptionNames } from '../../core/unknown-names.ts';
import { runIsolated } from './ambient/without-ambient.ts';
import { ExpectationError, type Story } from './expectation.ts';
import { messageTypes, plain, sameEnvelopes, type Typed } from './message-types.ts';
import { type DecisionOutcome, runDecision, runDeterministically } from './run-decision.ts';
import { type Said, Saying } from './sentence.ts';
import { showMessage, showRejection, showValue } from './show.ts';
import { envelopesOf, type StoredEvent, shownEvent } from './stored-event.ts';

/**
 * The expectations about a decision. An expectation throws an {@link ExpectationError} if it fails, and otherwise
 * returns the sentence, so that another expectation can follow.
 */
export interface DecisionThen<State, Event> {
  /** Expects exactly these events, in order. */
  then(...events: readonly Event[]): Said<this>;
  /** Expects that the command is accepted without events. */
  thenNothing(): Said<this>;
  /** Expects a rejection with this code and these details. The rejection may have other details too. */
  thenRejected(code: string, details?: Readonly<Record<string, RejectionDetail>>): Said<this>;
  /** Expects a fault with this code. */
  thenFault(code: string): Said<this>;
  /** Expects this state after the given events and those of the decision. */
  thenState(state: State): Said<this>;
}

/** The step after `given`. It needs a command next. */
export interface DecisionWhen<State, Command, Event> {
  /** Decides the command on the given history. */
  when(command: Command): DecisionThen<State, Event>;
}

/** The start of the sentences about a decider. */
export interface DeciderTest<State, Command, Event> {
  /** Sets the history, with the oldest event first. Without events, the stream is new. */
  given(...events: readonly (Event | StoredEvent)[]): DecisionWhen<State, Command, Event>;
}

/** The options of `testDecider`. */
export interface DeciderTestOptions {
  /**
   * Runs each decision several times without clock, randomness and the rest of the ambient world, and compares the
   * results. Turn it off for a component whose runtime needs them.
   * @default true
   */
  readonly deterministic?: boolean | undefined;
  /**
   * The id of each command, for a component whose virtual WASI derives values from it.
   * @default none. The component then gets constants.
   */
  readonly commandId?: string | undefined;
}

const OPTIONS: OptionNames<DeciderTestOptions> = { deterministic: true, commandId: true };

/**
 * Starts tests of a decider: `const { given } = testDecider(account)`.
 *
 * @param module a decider in TypeScript, or a component.
 * @param messages the definitions of the test's messages. For a component, pass a decider of the same domain in
 * TypeScript. The content types must be the same.
 * @throws TypeError if `messages` is missing and the module's messages are handles.
 * @throws DefinitionError if an option is unknown.
 */
export function testDecider<State, Command, Event>(
  module: CommandHandler<State, Command, Event> & CommandIdAware<State, Command, Event>,
  options?: DeciderTestOptions,
): DeciderTest<State, Command, Event>;
export function testDecider<Handle, CommandHandle, EventHandle, State, Command, Event>(
  module: CommandHandler<Handle, CommandHandle, EventHandle> & CommandIdAware<Handle, CommandHandle, EventHandle>,
  messages: Typed<State, Command, Event>,
  options?: DeciderTestOptions,
): DeciderTest<State, Command, Event>;
export function testDecider<Handle, CommandHandle, EventHandle, State, Command, Event>(
  module: CommandHandler<Handle, CommandHandle, EventHandle> & CommandIdAware<Handle, CommandHandle, EventHandle>,
  second?: Typed<State, Command, Event> | DeciderTestOptions,
  third?: DeciderTestOptions,
): DeciderTest<State, Command, Event> {
  const named = second !== undefined && 'types' in second ? second : undefined;
  const options = third ?? (named === undefined ? (second as DeciderTestOptions | undefined) : undefined) ?? {};
  checkOptionNames(options, OPTIONS, 'testDecider');
  const { deterministic = true, commandId } = options;
  const types = messageTypes('testDecider', module, named);
  return {
    given: (...events) => ({
      when: (command) => {
        // Schemas run here and must be deterministic too, so that a default that reads the clock is found.
        const enter = () => [envelopesOf(types.event, events), types.command.toEnvelope(command)] as const;
        const [history, request] = deterministic ? runIsolated(enter) : enter();
        const outcome = deterministic
          ? runDeterministically(module, history, request, commandId)
          : runDecision(module, history, request, 'history', commandId);
        const story: Story = [
          ['given', events.map((event) => showMessage(shownEvent(event)))],
          ['when', [showMessage(plain(command))]],
        ];
        return expectations(outcome, story, types);
      },
    }),
  };
}

function expectations<State, Command, Event>(
  outcome: DecisionOutcome,
  story: Story,
  types: Types<State, Command, Event>,
): DecisionThen<State, Event> {
  const read = (envelope: Envelope): Message => plain(types.event.fromEnvelope(envelope));
  const actual = (): string[] => showOutcome(outcome, read);
  const fail = (expected: readonly string[], was: readonly string[] = actual()): never => {
    throw new ExpectationError(story, expected, was, outcome.tag === 'fault' ? { cause: outcome.error } : {});
  };
  const saying = new Saying<DecisionThen<State, Event>>();
  const held = (): never => saying.held(self) as never; // Every expectation returns `this`.
  const self: DecisionThen<State, Event> = {
    // biome-ignore lint/suspicious/noThenProperty: given, when, then. `Saying` handles a runner that awaits it.
    then(...events) {
      if (saying.isAwaited(events)) return held();
      const expected = events.map((event) => types.event.toEnvelope(event));
      if (outcome.tag !== 'accepted' || !sameEnvelopes(outcome.events, expected)) {
        return fail(events.map((event) => showMessage(plain(event))));
      }
      return held();
    },
    thenNothing() {
      return outcome.tag === 'accepted' && outcome.events.length === 0 ? held() : fail([]);
    },
    thenRejected(code, details = {}) {
      const named = Object.entries(details).map(([name, value]): [string, string] => [
        name,
        value instanceof Date ? value.toISOString() : String(value),
      ]);
      const rejection = outcome.tag === 'rejected' ? outcome.rejection : undefined;
      const found = new Map(rejection?.details);
      if (rejection?.code === code && named.every(([name, text]) => found.get(name) === text)) return held();
      const values = named.length === 0 ? '' : ` ${showValue(Object.fromEntries(named))}`;
      return fail([`rejected: ${code}${values}`]);
    },
    thenFault(code) {
      return outcome.tag === 'fault' && outcome.fault.code === code ? held() : fail([`fault: ${code}`]);
    },
    thenState(state) {
      if (outcome.tag === 'fault') return fail([`state ${showValue(state)}`]);
      if (equalBytes(outcome.state, types.state.toBytes(state))) return held();
      return fail([`state ${showValue(state)}`], [`state ${showValue(types.state.fromBytes(outcome.state))}`]);
    },
  };
  return self;
}

function showOutcome(outcome: DecisionOutcome, read: (envelope: Envelope) => Message): string[] {
  switch (outcome.tag) {
    case 'accepted':
      return outcome.events.map((envelope) => showMessage(read(envelope)));
    case 'rejected':
      return [showRejection(outcome.rejection)];
    case 'fault':
      return [`fault: ${outcome.fault.code} (${outcome.fault.message})`];
  }
}
