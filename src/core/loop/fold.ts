/** Folds recorded events when a state is loaded, and the events of a decision before they are stored. */
import { type CommandFailure, FaultError } from '../errors.ts';
import { MAX_EVENTS_PER_DECISION } from '../limits.ts';
import type { Envelope, RecordedEvent } from '../messages.ts';
import { envelopeProblem, mustBe } from '../predicates.ts';
import type { BoundModule } from './bound-module.ts';
import { invalidReturn, moduleFailure } from './failures.ts';
import type { LiveState } from './live-state.ts';

/**
 * Folds a page of a stream. After a failure the state is at the previous event, or released if `evolve` consumed it.
 *
 * @throws CommandFailure `fault` or `trap` that names the stream, the revision and the event type.
 */
export function foldRecorded(live: LiveState, events: readonly RecordedEvent[]): void {
  const { module } = live;
  const { types, contentType, eventTypes, skipsForeignEvents } = module;
  const releases = types.event.drop !== undefined;
  let at = 0;
  let event: unknown;
  let open = false;
  try {
    // A replay may fold a million events, so values that do not change are read before the loop.
    for (; at < events.length; at++) {
      const recorded = events[at]!;
      const envelope = recorded.event;
      // If the module does not skip foreign events, `fromEnvelope` refuses an unknown type.
      if (skipsForeignEvents && !eventTypes.has(envelope.type)) continue;
      if (recorded.contentType !== contentType) throw otherContentType(module, recorded);
      event = types.event.fromEnvelope(envelope);
      open = true;
      live.evolve(event);
      open = false;
      if (releases) module.releaseEvent(event);
    }
  } catch (error) {
    if (open) module.releaseEvent(event);
    // After a failure too, the revision is that of the last folded event.
    if (at > 0) live.revision = events[at - 1]!.context.revision;
    const failed = events[at]!;
    throw atRevision(error, live, failed.event.type, failed.context.revision);
  }
  const last = events.at(-1);
  if (last !== undefined) live.revision = last.context.revision;
}

/**
 * Folds events of a recorded decision that are decoded already. The module's events must not need a release. After a
 * failure the state is released.
 *
 * @param envelopes the events as they are recorded.
 * @throws CommandFailure as {@link foldRecorded}.
 */
export function foldDecoded(
  live: LiveState,
  events: readonly unknown[],
  envelopes: readonly Envelope[],
  firstRevision: bigint,
): void {
  for (let at = 0; at < events.length; at++) {
    try {
      live.evolve(events[at]);
    } catch (error) {
      throw atRevision(error, live, envelopes[at]!.type, firstRevision + BigInt(at));
    }
  }
  live.revision = events.length === 1 ? firstRevision : firstRevision + BigInt(events.length - 1);
}

function atRevision(error: unknown, live: LiveState, type: string, revision: bigint): CommandFailure {
  return moduleFailure(
    error,
    `module ${live.module.name} folding ${type}, revision ${revision} of stream ${JSON.stringify(live.stream)}`,
    [
      ['module', live.module.name],
      ['stream', live.stream],
      ['revision', String(revision)],
      ['eventType', type],
    ],
  );
}

function otherContentType(module: BoundModule, recorded: RecordedEvent): FaultError {
  return new FaultError({
    code: 'content-type-mismatch',
    message:
      `the event was stored as ${recorded.contentType}, but the module reads ${module.contentType}; ` +
      'pass the codec that wrote the stream to the module',
    details: [
      ['stored', recorded.contentType],
      ['module', module.contentType],
    ],
  });
}

/**
 * Encodes each event of a decision, folds it into the state and releases it. Events are folded before they are stored,
 * so that every stored event can be read again (docs/architecture.md, "Fold before append").
 *
 * @throws CommandFailure `fault` or `trap`. All events are then released, and none of them may be stored.
 */
export function foldDecided(live: LiveState, events: readonly unknown[]): readonly Envelope[] {
  const { module } = live;
  const { types, eventTypes } = module;
  const releases = types.event.drop !== undefined;
  let envelopes: Envelope[] = [];
  let at = 0;
  try {
    if (!Array.isArray(events)) {
      throw invalidReturn('invalid-decision', 'the decision', {
        field: '',
        message: mustBe('an array of events', events),
      });
    }
    if (events.length > MAX_EVENTS_PER_DECISION) throw tooManyEvents(events.length);
    // The first `push` to an empty array reserves seventeen elements.
    envelopes = new Array(events.length);
    for (; at < events.length; at++) {
      const event = events[at];
      const envelope = types.event.toEnvelope(event);
      const problem = envelopeProblem(envelope);
      if (problem !== undefined) throw invalidReturn('invalid-event', `event ${at} of the decision`, problem);
      if (!eventTypes.has(envelope.type)) throw undeclaredEvent(envelope.type);
      envelopes[at] = envelope;
      live.evolve(event);
      if (releases) module.releaseEvent(event);
    }
  } catch (error) {
    const failed = at;
    if (releases && Array.isArray(events)) for (; at < events.length; at++) module.releaseEvent(events[at]);
    throw moduleFailure(
      error,
      `module ${module.name} folding event ${failed} of its decision on stream ${JSON.stringify(live.stream)}`,
      [
        ['module', module.name],
        ['stream', live.stream],
      ],
    );
  }
  return envelopes;
}

function tooManyEvents(count: number): FaultError {
  return new FaultError({
    code: 'too-many-events',
    message: `a decision has at most ${MAX_EVENTS_PER_DECISION} events, not ${count}; split the command`,
    details: [['count', String(count)]],
  });
}

/** Makes the fault for an undeclared event. Such an event would be skipped or fail when the stream is read again. */
function undeclaredEvent(type: string): FaultError {
  return new FaultError({
    code: 'undeclared-event',
    message:
      `the module returned an event of type ${JSON.stringify(type)}, which its descriptor does not list; ` +
      'add the type to the descriptor',
    details: [['eventType', type]],
  });
}
