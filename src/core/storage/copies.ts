/**
 * Copies the arguments of an append, for a store that does not write them synchronously. The caller may change its
 * objects as soon as the call has returned, and codecs may write the next message into the same buffer.
 */
import type { Decision, Envelope, Outcome, Precondition, Rejection } from '../messages.ts';
import type { RecordedCommit } from './chain.ts';

const ACCEPTED: Outcome = { tag: 'accepted' };

export function copyOfPrecondition(precondition: Precondition): Precondition {
  return precondition.tag === 'at-revision' ? { tag: 'at-revision', val: precondition.val } : { tag: precondition.tag };
}

export function copyOfEvents(events: readonly Envelope[]): readonly Envelope[] {
  return events.map(copyOfEnvelope);
}

export function copyOfDecision(decision: Decision): Decision {
  // The fields are written out, because a spread takes as long as the rest of the copy.
  const { module, outcome } = decision;
  return {
    commandId: decision.commandId,
    command: copyOfEnvelope(decision.command),
    contentType: decision.contentType,
    module: {
      name: module.name,
      version: module.version,
      digest: module.digest === undefined ? undefined : new Uint8Array(module.digest),
    },
    seenRevision: decision.seenRevision,
    outcome: outcome.tag === 'accepted' ? ACCEPTED : { tag: 'rejected', val: copyOfRejection(outcome.val) },
    causationId: decision.causationId,
    correlationId: decision.correlationId,
    actor: decision.actor,
    keyId: decision.keyId,
  };
}

export function copyOfCommit({ decision: recorded, events }: RecordedCommit): RecordedCommit {
  const { stream, decision, firstRevision, eventCount, recordedAt, hash } = recorded;
  const own = { stream, decision: copyOfDecision(decision), firstRevision, eventCount, recordedAt };
  return { decision: { ...own, hash: new Uint8Array(hash) }, events: copyOfEvents(events) };
}

function copyOfRejection({ code, message, details }: Rejection): Rejection {
  return { code, message, details: details.map(([name, value]) => [name, value]) };
}

function copyOfEnvelope({ type, schemaVersion, payload }: Envelope): Envelope {
  // `slice` of a Buffer would return a view.
  return { type, schemaVersion, payload: new Uint8Array(payload) };
}
