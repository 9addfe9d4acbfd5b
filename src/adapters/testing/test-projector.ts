/** `testProjector`: tests of a read model in the form given events, then documents. */
import type { Envelope, EventContext, ReadModel, Types } from '../../core/index.ts';
import { equalBytes } from '../../core/storage/equal-bytes.ts';
import { NondeterminismError } from './ambient/forbidden-call.ts';
import { runIsolated } from './ambient/without-ambient.ts';
import { checkContext, contextAt } from './context.ts';
import { ExpectationError, type Story } from './expectation.ts';
import { messageTypes, type Typed, withHandle } from './message-types.ts';
import { type Said, Saying } from './sentence.ts';
import { showMessage, showValue } from './show.ts';
import { envelopesOf, type StoredEvent, shownEvent } from './stored-event.ts';

/**
 * The expectations about the documents. An expectation throws an {@link ExpectationError} if it fails, and otherwise
 * returns the sentence, so that another expectation can follow.
 */
export interface DocumentsThen<State> {
  /** Expects exactly these documents, by key. */
  then(documents: Readonly<Record<string, State>>): Said<this>;
  /** Expects no documents. */
  thenNothing(): Said<this>;
  /** Expects this document. Other documents may exist. */
  thenDocument(key: string, document: State): Said<this>;
  /** Expects that there is no document with this key. */
  thenNoDocument(key: string): Said<this>;
}

/** A test of a read model with its events so far. */
export interface DocumentsGiven<State, Event> extends DocumentsThen<State> {
  /**
   * Adds the next event.
   * @param context the context that a store would add. Missing fields have the same values in each test.
   */
  when(event: Event, context?: Partial<EventContext>): DocumentsGiven<State, Event>;
}

/** The start of a test of a read model. */
export interface ProjectorTest<State, Event> {
  /** Sets the events, with the oldest first. */
  given(...events: readonly (Event | StoredEvent)[]): DocumentsGiven<State, Event>;
}

interface Happened<Event> {
  readonly event: Event | StoredEvent;
  readonly context: Partial<EventContext>;
}

/** The encoded documents by key. */
type Documents = ReadonlyMap<string, Uint8Array>;

/**
 * Starts tests of a read model. The events are projected twice without clock, randomness and the rest of the ambient
 * world, and the documents must be equal.
 *
 * @param messages for a component, the definitions of the same domain in TypeScript. They define the messages of the
 *   test.
 * @throws TypeError if `messages` is missing and the module's messages are handles.
 * @example
 * const { given } = testProjector(occupancy);
 * given(booked).then({ 7: { guest: 'Ada' } });
 */
export function testProjector<State, Command, Event>(
  module: ReadModel<State, Command, Event>,
): ProjectorTest<State, Event>;
export function testProjector<Handle, CommandHandle, EventHandle, State, Command, Event>(
  module: ReadModel<Handle, CommandHandle, EventHandle>,
  messages: Typed<State, Command, Event>,
): ProjectorTest<State, Event>;
export function testProjector<Handle, CommandHandle, EventHandle, State, Command, Event>(
  module: ReadModel<Handle, CommandHandle, EventHandle>,
  messages?: Typed<State, Command, Event>,
): ProjectorTest<State, Event> {
  const types = messageTypes('testProjector', module, messages);
  const after = (happened: readonly Happened<Event>[]): DocumentsGiven<State, Event> => {
    const events = happened.map(({ event }) => event);
    // Schemas run here and must be deterministic too, so that a default that reads the clock is found.
    const envelopes = runIsolated(() => envelopesOf(types.event, events));
    const history = envelopes.map((envelope, index) => ({
      envelope,
      context: { ...contextAt(index), ...happened[index]?.context },
    }));
    // The events are projected only when there is an expectation, not for each `when`.
    const documents = (): Documents => {
      const project = (): Documents => projectAll(module, history);
      const [first, second] = runIsolated((inOtherProcess) => [project(), inOtherProcess(project)] as const);
      if (sameDocuments(first, second)) return first;
      throw new NondeterminismError(
        'the same events were projected twice with different documents; expected a pure function of document and event',
      );
    };
    const story: Story = [['given', happened.map(({ event }) => showMessage(shownEvent(event)))]];
    const saying = new Saying<DocumentsGiven<State, Event>>();
    const held = (): never => saying.held(self) as never; // Every expectation returns `this`.
    const exactly = (expected: Readonly<Record<string, State>>): never => {
      const wanted = new Map(Object.entries(expected).map(([key, state]) => [key, types.state.toBytes(state)]));
      const found = documents();
      if (sameDocuments(found, wanted)) return held();
      throw failed(story, wanted, found, types);
    };
    const self: DocumentsGiven<State, Event> = {
      when: (event, context = {}) => {
        checkContext('testProjector', context);
        return after([...happened, { event, context }]);
      },
      // biome-ignore lint/suspicious/noThenProperty: given, when, then. `Saying` handles a runner that awaits it.
      then(...args: [documents: Readonly<Record<string, State>>]) {
        return saying.isAwaited(args) ? held() : exactly(args[0]);
      },
      thenNothing: () => exactly({}),
      thenDocument(key, document) {
        const found = documents().get(key);
        const wanted = types.state.toBytes(document);
        if (found !== undefined && equalBytes(found, wanted)) return held();
        throw failed(story, new Map([[key, wanted]]), only(key, found), types);
      },
      thenNoDocument(key) {
        const found = documents().get(key);
        if (found === undefined) return held();
        throw failed(story, new Map(), only(key, found), types);
      },
    };
    return self;
  };
  return { given: (...events) => after(events.map((event) => ({ event, context: {} }))) };
}

function projectAll<State, Command, Event>(
  { types, projector }: ReadModel<State, Command, Event>,
  history: readonly { readonly envelope: Envelope; readonly context: EventContext }[],
): Documents {
  const documents = new Map<string, State>();
  try {
    for (const { envelope, context } of history) {
      withHandle(types.event, envelope, (event) => {
        const key = projector.key(event);
        if (key === undefined) return;
        const next = projector.project(documents.get(key) ?? projector.initialState(), event, context);
        if (next === undefined) documents.delete(key);
        else documents.set(key, next);
      });
    }
    return new Map([...documents].map(([key, state]) => [key, types.state.toBytes(state)]));
  } finally {
    for (const state of documents.values()) types.state.drop?.(state);
  }
}

function only(key: string, document: Uint8Array | undefined): Documents {
  return new Map(document === undefined ? [] : [[key, document]]);
}

function sameDocuments(left: Documents, right: Documents): boolean {
  if (left.size !== right.size) return false;
  return [...left].every(([key, document]) => {
    const other = right.get(key);
    return other !== undefined && equalBytes(document, other);
  });
}

function failed<State, Command, Event>(
  story: Story,
  wanted: Documents,
  found: Documents,
  types: Types<State, Command, Event>,
): ExpectationError {
  const show = (documents: Documents): string[] =>
    [...documents]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, bytes]) => `${showValue(key)}: ${showValue(types.state.fromBytes(bytes))}`);
  return new ExpectationError(story, show(wanted), show(found));
}
