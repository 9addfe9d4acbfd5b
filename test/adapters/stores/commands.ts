/** Decisions and events for the tests of the stores. */
import type { ReadAllOptions } from '../../../src/core/event-store.ts';
import type { Decision, Envelope, Precondition } from '../../../src/core/messages.ts';

export const ANY: Precondition = { tag: 'any' };

export const FORWARD: ReadAllOptions = {
  direction: 'forward',
  afterPosition: undefined,
  limit: undefined,
  categories: [],
  eventTypes: [],
};

export function envelope(type: string, payload: Uint8Array = Uint8Array.of(1, 2, 3), schemaVersion = 1): Envelope {
  return { type, schemaVersion, payload };
}

export function decision(changes: Partial<Decision> = {}): Decision {
  const commandId = crypto.randomUUID();
  return {
    commandId,
    command: envelope('Do'),
    contentType: 'application/octet-stream',
    module: { name: 'test', version: '1.0.0', digest: undefined },
    seenRevision: undefined,
    outcome: { tag: 'accepted' },
    causationId: undefined,
    correlationId: commandId,
    actor: undefined,
    keyId: undefined,
    ...changes,
  };
}

export function rejected(): Decision {
  return decision({
    outcome: { tag: 'rejected', val: { code: 'no', message: 'not so', details: [['why', 'because']] } },
  });
}
