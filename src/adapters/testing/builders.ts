/** Builds valid envelopes and decision records for tests of stores. A test names only the fields that matter. */
import type { Decision, Envelope } from '../../core/index.ts';

/**
 * Makes an envelope.
 * @param payload @default three bytes
 * @param schemaVersion @default 1
 * @example envelope('Deposited')
 */
export function envelope(
  type: string,
  payload: Uint8Array = Uint8Array.of(1, 2, 3),
  schemaVersion: number = 1,
): Envelope {
  return { type, schemaVersion, payload };
}

/**
 * Makes the decision record of a command that is sent for the first time, with a random id, and accepted.
 * @param changes the fields that differ.
 * @example await store.append('account-1', [envelope('Deposited')], { tag: 'any' }, decision({ actor: 'ada' }));
 */
export function decision(changes: Partial<Decision> = {}): Decision {
  const commandId = crypto.randomUUID();
  return {
    commandId,
    command: envelope('Do'),
    contentType: 'application/octet-stream',
    module: { name: 'suite', version: '1.0.0', digest: undefined },
    seenRevision: undefined,
    outcome: { tag: 'accepted' },
    causationId: undefined,
    correlationId: commandId,
    actor: undefined,
    keyId: undefined,
    ...changes,
  };
}
