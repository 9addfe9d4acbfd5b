/** Decides a recorded command again, and compares the results. */
import { copyValue } from '../codec/copy.ts';
import { areAsDecoded } from '../define/entered-event.ts';
import { isRejection } from '../errors.ts';
import type { LiveState } from '../loop/live-state.ts';
import type { Decision, Envelope, Outcome, RecordedEvent, Rejection } from '../messages.ts';
import type { RecordedCommit } from '../storage/chain.ts';
import { equalBytes } from '../storage/equal-bytes.ts';
import { recordedEvents } from '../storage/recorded-events.ts';

/**
 * The position of a decided event. Events have positions only in a store, and modules cannot read a position while they
 * fold.
 */
const NO_POSITION = 0n;

/** Returns the events of a commit as a fold reads them. */
export function eventsOf({ decision, events }: RecordedCommit): readonly RecordedEvent[] {
  const { stream, firstRevision, recordedAt, hash } = decision;
  const firstPosition = firstRevision === undefined ? undefined : NO_POSITION;
  return recordedEvents(stream, events, decision.decision, { firstRevision, firstPosition, recordedAt, hash });
}

/** The result of deciding a command again. */
export interface DecidedAgain {
  readonly decided: readonly Envelope[];
  readonly outcome: Outcome;
  /**
   * The events, if they equal the decoded envelopes and need no release. The field is `undefined` if the envelopes have
   * to be decoded.
   */
  readonly events: readonly unknown[] | undefined;
}

const ACCEPTED: Outcome = { tag: 'accepted' };

/** Decides a recorded command on the state, which does not change. The module's failures are thrown. */
export function decideAgain({ module, handle }: LiveState, { commandId, command: envelope }: Decision): DecidedAgain {
  const { types } = module;
  const command = types.command.fromEnvelope(envelope);
  let events: readonly unknown[] = [];
  try {
    events = module.decide(commandId, handle, command);
    const decided = events.map((event) => types.event.toEnvelope(event));
    const isReusable = types.event.drop === undefined && areAsDecoded(types.event, events);
    return { decided, outcome: ACCEPTED, events: isReusable ? events : undefined };
  } catch (error) {
    if (!isRejection(error)) throw error;
    const outcome: Outcome = { tag: 'rejected', val: copyValue(error.payload) as Rejection };
    return { decided: [], outcome, events: undefined };
  } finally {
    if (types.event.drop !== undefined) for (const event of events) module.releaseEvent(event);
    module.releaseCommand(command);
  }
}

export function isSameEnvelope(one: Envelope | undefined, other: Envelope | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.type === other.type && one.schemaVersion === other.schemaVersion && equalBytes(one.payload, other.payload);
}

export function isSameOutcome(one: Outcome, other: Outcome): boolean {
  if (one.tag === 'accepted' || other.tag === 'accepted') return one.tag === other.tag;
  const { code, message, details } = one.val;
  return (
    code === other.val.code &&
    message === other.val.message &&
    JSON.stringify(details) === JSON.stringify(other.val.details)
  );
}
