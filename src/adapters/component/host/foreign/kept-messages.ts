/** Messages of contracts without handles of messages. The host keeps each message under a handle. */
import type { Envelope } from '../../../../core/messages.ts';
import type { HandleTypes } from '../guest.ts';
import { fault } from './foreign-options.ts';
import { envelopeOf, type KeptMessage, type KeptValues, SCHEMA_VERSION } from './kept-values.ts';

/**
 * Returns the functions of the commands or of the events.
 *
 * @param known the message types of the module.
 * @param check returns the message to keep. It throws if the guest cannot decode the message.
 */
export function keptMessages<Kept extends KeptMessage>(
  kept: KeptValues<Kept>,
  known: ReadonlySet<string>,
  check: (message: KeptMessage) => Kept,
): HandleTypes['command'] {
  return {
    fromEnvelope: (envelope) => {
      checkMessage(envelope, known);
      return kept.keep(check({ type: envelope.type, payload: new Uint8Array(envelope.payload) }));
    },
    toEnvelope: (handle) => envelopeOf(kept.get(handle)),
    drop: (handle) => kept.drop(handle),
  };
}

/** Checks the type and the version of a message. @throws GuestFault */
function checkMessage({ type, schemaVersion }: Envelope, known: ReadonlySet<string>): void {
  if (!known.has(type)) {
    const message = `unknown type ${JSON.stringify(type)}; this module has: ${[...known].join(', ')}`;
    throw fault('unknown-type', message);
  }
  if (schemaVersion !== SCHEMA_VERSION) {
    throw fault('newer-schema-version', `expected schema version ${SCHEMA_VERSION}, got ${schemaVersion}`);
  }
}
