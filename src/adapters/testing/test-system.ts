/** `testSystem`: tests of a whole system in the form given commands, when a command, after three days, then events. */
import type {
  AnyModule,
  CommandHandler,
  CommandResult,
  Envelope,
  Message,
  ReactorModule,
  ReadModel,
  RecordedEvent,
  RejectionDetail,
  System,
} from '../../core/index.ts';
import { checkOptionNames } from '../../core/option-names.ts';
import type { AnyReadModel } from '../../core/processors/documents.ts';
import type { AnyReactor } from '../../core/processors/reactor.ts';
import type { AnySystemDefinition } from '../../core/processors/system-parts.ts';
import { equalBytes } from '../../core/storage/equal-bytes.ts';
import type { OptionNames } from '../../core/unknown-names.ts';
import { ExpectationError } from './expectation.ts';
import { sameEnvelope } from './message-types.ts';
import { type Said, Saying } from './sentence.ts';
import { showMessage, showRejection, showValue } from './show.ts';
import { type StoredEvent, shownEvent } from './stored-event.ts';
import { type GivenEvents, type ReactorMode, Scene } from './system-scene.ts';
import { type Row, sameRows, showRows } from './tables-engine.ts';
import { type Duration, millisecondsOf } from './test-clock.ts';
import type { ExpectedRow, TablesModel } from './test-tables.ts';

type CommandOf<Decider> = Decider extends CommandHandler<infer _State, infer Command, infer _Event> ? Command : never;
type EventOf<Decider> = Decider extends CommandHandler<infer _State, infer _Command, infer Event> ? Event : never;
type StateOf<Model> = Model extends ReadModel<infer State, infer _Command, infer _Event> ? State : never;

/** A command that a process has scheduled. */
export interface ExpectedDeadline<Command> {
  readonly command: Command;
  /** The time until the command is sent. @default any time */
  readonly in?: Duration;
}

/**
 * A test of a system. It runs when it is awaited or returned from a test function, and otherwise in a microtask. If an
 * expectation fails, the sentence rejects with an {@link ExpectationError}.
 *
 * An expectation about events covers those that were stored since the first `when` or `after` that follows the last
 * expectation.
 */
export interface SystemSentence<Decider> {
  /** Sends a command, and waits until all its effects are processed. */
  when(command: CommandOf<Decider>): SystemSentence<Decider>;
  /** Moves the clock. The deadlines that fall due fire one after another, each at its time. */
  after(duration: Duration): SystemSentence<Decider>;

  /** Expects exactly these events of the deciders, in the order in which they were stored. */
  then(...events: readonly EventOf<Decider>[]): Said<this>;
  /** Expects that nothing was stored. */
  thenNothing(): Said<this>;
  /** Expects exactly these events in one stream. Other streams may have any events. */
  thenIn(stream: string, ...events: readonly EventOf<Decider>[]): Said<this>;
  /**
   * Expects that the last command was rejected with this code and these details. The rejection may have other details
   * too.
   */
  thenRejected(code: string, details?: Readonly<Record<string, RejectionDetail>>): Said<this>;
  /** Expects this document. Other documents may exist. */
  thenDocument<Model extends AnyReadModel>(model: Model, key: string, document: StateOf<Model>): Said<this>;
  /** Expects that there is no document with this key. */
  thenNoDocument(model: AnyReadModel, key: string): Said<this>;
  /** Expects exactly these rows of one table, in any order. A row may leave out columns. */
  thenRows<Tables, Table extends keyof Tables & string>(
    model: TablesModel<Tables>,
    table: Table,
    rows: readonly ExpectedRow<Tables[Table]>[],
  ): Said<this>;
  /** Expects exactly these deadlines that are not due yet, in the order in which they fall due. */
  thenScheduled(...deadlines: readonly ExpectedDeadline<CommandOf<Decider>>[]): Said<this>;
  /** Expects that a reactor has received exactly these events. */
  thenReacted<Events>(reactor: ReactorModule<Events>, ...events: readonly EventOf<Decider>[]): Said<this>;
}

/** The start of a test of a system. */
export interface SystemTest<Decider> {
  /**
   * Sends earlier commands in order. Each of them must be accepted, and all their effects are processed before the test
   * continues. Use {@link eventsIn} to store events instead.
   */
  given(...before: readonly (CommandOf<Decider> | GivenEvents)[]): SystemSentence<Decider>;
}

/** The options of `testSystem`. */
export interface SystemTestOptions<Messages extends readonly AnyModule[] = readonly AnyModule[]> {
  /**
   * For a system with components, deciders of the same domain in TypeScript. The test uses their commands and events.
   * @default the deciders of the system
   */
  readonly messages?: Messages | undefined;
  /**
   * With `record`, the handlers of reactors do not run, and their events are only recorded. With `run`, they run too.
   * @default 'record'
   */
  readonly reactors?: ReactorMode | undefined;
  /**
   * The time at which each test starts.
   * @default 2026-01-01, 00:00 UTC
   */
  readonly start?: Date | number | undefined;
}

const NAMES: OptionNames<SystemTestOptions> = { messages: true, reactors: true, start: true };

/**
 * Makes events that a stream has before the commands of a test, for `given`.
 *
 * @example given(eventsIn('account-1', AccountOpened({ accountId: '1', owner: 'Ada' })))
 */
export function eventsIn(stream: string, ...events: readonly (Message | StoredEvent)[]): GivenEvents {
  return { 'decidable/given-events': true, stream, events };
}

/**
 * Starts tests of a system. Each test runs the system on a new store in memory, with a clock that only the test moves.
 * Failures are not retried, so the first one ends the test.
 *
 * @example
 * const { given } = testSystem(library);
 * test('a borrower is reminded after three days', () =>
 *   given(Lend({ loanId: '1', days: 3 }))
 *     .after({ days: 3 })
 *     .then(Reminded({ loanId: '1' })));
 * @throws DefinitionError if an option is unknown.
 */
export function testSystem<
  Deciders extends readonly AnyModule[],
  ProcessManagers extends AnySystemDefinition['processManagers'],
  Models extends AnySystemDefinition['readModels'],
  Reactors extends AnySystemDefinition['reactors'],
  const Messages extends readonly AnyModule[] = Deciders,
>(
  system: System<Deciders, ProcessManagers, Models, Reactors>,
  options: SystemTestOptions<Messages> = {},
): SystemTest<Messages[number]> {
  checkOptionNames(options, NAMES, 'testSystem');
  const { messages = system.deciders, reactors = 'record', start } = options;
  const open = (): Scene => new Scene({ system, modules: messages, reactors, start });
  return { given: (...before) => sentence<Messages[number]>(open, before as readonly Before[], []) };
}

type Before = Message | GivenEvents;

/** The state of a running test. */
interface Progress {
  readonly scene: Scene;
  readonly story: (readonly [label: string, lines: readonly string[]])[];
  /** The next expectation covers the events after this position. */
  from: bigint | undefined;
  /** The number of events that the reactors had received at that position. */
  reactedBefore: number;
  /** True if there was an expectation after the last `when` or `after`. */
  hasExpected: boolean;
  /** The result of the last command, if no expectation came before it. */
  result: CommandResult | undefined;
}

interface Step {
  readonly isExpectation: boolean;
  run(progress: Progress): Promise<void>;
}

function sentence<Decider>(
  open: () => Scene,
  before: readonly Before[],
  steps: readonly Step[],
): SystemSentence<Decider> {
  let running: Promise<void> | undefined;
  let isContinued = false;
  const run = (): Promise<void> => (running ??= runSteps(open, before, steps));
  const isExpecting = steps.some(({ isExpectation }) => isExpectation);
  const saying = new Saying<SystemSentence<Decider>>();
  if (isExpecting) {
    saying.held(undefined as never);
    // A test that is not awaited runs too. If it fails, the test runner reports an unhandled rejection.
    queueMicrotask(() => {
      if (!isContinued) void run();
    });
  }
  const and = (step: Step): SystemSentence<Decider> => {
    isContinued = true;
    return sentence(open, before, [...steps, step]);
  };
  const happens = (act: (progress: Progress) => Promise<void>): SystemSentence<Decider> =>
    and({ isExpectation: false, run: (progress) => happen(progress, act) });
  // Every expectation returns `this`.
  const expects = (check: (progress: Progress) => Promise<void>): never =>
    and({
      isExpectation: true,
      run: async (progress) => {
        progress.hasExpected = true;
        await check(progress);
      },
    }) as never;
  const self: SystemSentence<Decider> = {
    when: (command) =>
      happens(async (progress) => {
        progress.story.push(['when', [showMessage(command as Message)]]);
        progress.result = await progress.scene.send(command as Message);
      }),
    after: (duration) =>
      happens(async ({ scene, story }) => {
        story.push(['after', [showDuration(duration)]]);
        await scene.advance(duration);
      }),
    // biome-ignore lint/suspicious/noThenProperty: given, when, then. `then` handles a runner that awaits it.
    then(...args: readonly unknown[]) {
      const [resolve, reject] = args;
      if (typeof resolve !== 'function' || typeof reject !== 'function') {
        return expects((progress) => expectEvents(progress, args as readonly Message[]));
      }
      isContinued = true;
      if (isExpecting) run().then(() => resolve(), reject as () => void);
      else saying.isAwaited(args);
      return undefined as never;
    },
    thenNothing: () => expects((progress) => expectEvents(progress, [])),
    thenIn: (stream, ...events) => expects((progress) => expectEvents(progress, events as readonly Message[], stream)),
    thenRejected: (code, details = {}) => expects(async (progress) => expectRejection(progress, code, details)),
    thenDocument: (model, key, document) => expects((progress) => expectDocument(progress, model, key, document)),
    thenNoDocument: (model, key) => expects((progress) => expectDocument(progress, model, key, undefined)),
    thenRows: (model, table, rows) =>
      expects(async ({ scene, story }) => {
        const found = await scene.rows(model, table);
        if (sameRows(found, rows as readonly Row[])) return;
        throw new ExpectationError(
          story,
          showRows(rows as readonly Row[], rows as readonly Row[]),
          showRows(found, rows as readonly Row[]),
        );
      }),
    thenScheduled: (...deadlines) =>
      expects((progress) => expectDeadlines(progress, deadlines as readonly ExpectedDeadline<Message>[])),
    thenReacted: (reactor, ...events) =>
      expects(async (progress) => expectReacted(progress, reactor as AnyReactor, events as readonly Message[])),
  };
  return self;
}

async function runSteps(open: () => Scene, before: readonly Before[], steps: readonly Step[]): Promise<void> {
  await using scene = open();
  await scene.start();
  const story: Progress['story'] = [['given', before.flatMap(showBefore)]];
  for (const one of before) {
    if ('decidable/given-events' in one) {
      await scene.store(one);
      continue;
    }
    const { outcome } = await scene.send(one);
    if (outcome.tag === 'rejected') {
      throw new ExpectationError(story, [`${showMessage(one)} is accepted`], [showRejection(outcome.val)]);
    }
  }
  const progress: Progress = { scene, story, from: undefined, reactedBefore: 0, hasExpected: true, result: undefined };
  await begin(progress);
  for (const step of steps) await step.run(progress);
}

/** Runs a step. The first step after an expectation begins the range of the next one. */
async function happen(progress: Progress, act: (progress: Progress) => Promise<void>): Promise<void> {
  if (progress.hasExpected) await begin(progress);
  await act(progress);
}

async function begin(progress: Progress): Promise<void> {
  progress.from = await progress.scene.head();
  progress.reactedBefore = progress.scene.reacted.length;
  progress.result = undefined;
  progress.hasExpected = false;
}

async function expectEvents(progress: Progress, events: readonly Message[], stream?: string): Promise<void> {
  const { scene, story, from, result } = progress;
  const found = (await scene.eventsAfter(from)).filter(
    ({ context }) => stream === undefined || context.stream === stream,
  );
  const rejection =
    stream === undefined && result?.outcome.tag === 'rejected' ? [showRejection(result.outcome.val)] : [];
  if (rejection.length === 0 && sameEvents(scene, found, events)) return;
  const show = (recorded: RecordedEvent): string => showMessage(read(scene, recorded));
  throw new ExpectationError(story, events.map(showMessage), [...found.map(show), ...rejection]);
}

function sameEvents(scene: Scene, found: readonly RecordedEvent[], expected: readonly Message[]): boolean {
  if (found.length !== expected.length) return false;
  return found.every((recorded, index) => {
    const { types } = scene.eventModuleOf(recorded.context.stream, recorded.event.type);
    const message = read(scene, recorded);
    const wanted = expected[index]!;
    return (
      message.type === wanted.type && sameEnvelope(types.event.toEnvelope(message), types.event.toEnvelope(wanted))
    );
  });
}

function expectRejection(
  { story, result, scene }: Progress,
  code: string,
  details: Readonly<Record<string, RejectionDetail>>,
): void {
  const named = Object.entries(details).map(([name, value]): [string, string] => [
    name,
    value instanceof Date ? value.toISOString() : String(value),
  ]);
  const rejection = result?.outcome.tag === 'rejected' ? result.outcome.val : undefined;
  const found = new Map(rejection?.details);
  if (rejection?.code === code && named.every(([name, text]) => found.get(name) === text)) return;
  const values = named.length === 0 ? '' : ` ${showValue(Object.fromEntries(named))}`;
  const actual =
    rejection === undefined
      ? (result?.events ?? []).map((recorded) => showMessage(read(scene, recorded)))
      : [showRejection(rejection)];
  throw new ExpectationError(story, [`rejected: ${code}${values}`], actual);
}

async function expectDocument(
  { scene, story }: Progress,
  model: AnyReadModel,
  key: string,
  document: unknown,
): Promise<void> {
  const reader = scene.readModel(model as never) as { get(key: string): Promise<unknown> };
  const found = await reader.get(key);
  const { toBytes } = model.types.state;
  if (
    found === undefined
      ? document === undefined
      : document !== undefined && equalBytes(toBytes(found), toBytes(document))
  ) {
    return;
  }
  const show = (state: unknown): string[] => (state === undefined ? [] : [`${showValue(key)}: ${showValue(state)}`]);
  throw new ExpectationError(story, show(document), show(found));
}

async function expectDeadlines(
  { scene, story }: Progress,
  expected: readonly ExpectedDeadline<Message>[],
): Promise<void> {
  const found = await scene.deadlines();
  const now = scene.clock.now();
  const same =
    found.length === expected.length &&
    found.every(({ command, dueAt }, index) => {
      const one = expected[index]!;
      const wanted = scene.commandModuleOf(one.command.type).types.command.toEnvelope(one.command);
      return sameEnvelope(command, wanted) && (one.in === undefined || dueAt === now + millisecondsOf(one.in));
    });
  if (same) return;
  const showCommand = ({ type, ...envelope }: Envelope): string =>
    showMessage(scene.commandModuleOf(type).types.command.fromEnvelope({ type, ...envelope }) as Message);
  throw new ExpectationError(
    story,
    expected.map((one) => `${showMessage(one.command)}${one.in === undefined ? '' : ` in ${showDuration(one.in)}`}`),
    found.map(({ command, dueAt }) => `${showCommand(command)} in ${showDuration({ milliseconds: dueAt - now })}`),
  );
}

function expectReacted(
  { scene, story, reactedBefore }: Progress,
  reactor: AnyReactor,
  expected: readonly Message[],
): void {
  const found = scene.reacted.slice(reactedBefore).filter((one) => one.reactor.name === reactor.name);
  const same =
    found.length === expected.length &&
    found.every(({ event }, index) => sameEnvelope(event, reactor.eventType.toEnvelope(expected[index])));
  if (same) return;
  const show = ({ event }: { readonly event: Envelope }): string =>
    showMessage(reactor.eventType.fromEnvelope(event) as Message);
  throw new ExpectationError(story, expected.map(showMessage), found.map(show));
}

/** Returns an event in its newest version. */
function read(scene: Scene, { context, event }: RecordedEvent): Message {
  return scene.eventModuleOf(context.stream, event.type).types.event.fromEnvelope(event) as Message;
}

function showBefore(one: Before): string[] {
  if (!('decidable/given-events' in one)) return [showMessage(one)];
  return one.events.map((event) => `${showMessage(shownEvent(event))} in ${one.stream}`);
}

/** Returns a duration as `3 days, 1 hour`. */
function showDuration(duration: Duration): string {
  let rest = millisecondsOf(duration);
  const parts: string[] = [];
  for (const unit of ['days', 'hours', 'minutes', 'seconds', 'milliseconds'] as const) {
    const size = millisecondsOf({ [unit]: 1 });
    const count = Math.trunc(rest / size);
    rest -= count * size;
    if (count !== 0) parts.push(`${count} ${count === 1 ? unit.slice(0, -1) : unit}`);
  }
  return parts.join(', ') || 'no time';
}
