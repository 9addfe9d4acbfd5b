/**
 * Converts between the messages of a test and the handles of the module under test. All messages are passed as
 * envelopes, as in a store. So a test has the same values as a replay, and a component can be tested with TypeScript
 * definitions.
 */
import type { Envelope, Message, Types } from '../../core/index.ts';
import { equalBytes } from '../../core/storage/equal-bytes.ts';

/** A decider, an event handler or a projector, in TypeScript or as a component. */
export interface Typed<State, Command, Event> {
  readonly types: Types<State, Command, Event>;
}

/**
 * Returns the types of the test's messages: those of `messages`, or the module's own.
 *
 * @param test the name of the caller's function, for the error.
 * @throws TypeError if `messages` is missing and the module's own messages are handles.
 */
export function messageTypes<State, Command, Event>(
  test: string,
  module: Typed<unknown, unknown, unknown>,
  messages: Typed<State, Command, Event> | undefined,
): Types<State, Command, Event> {
  if (messages !== undefined) return messages.types;
  if (module.types.event.drop === undefined) return module.types as Types<State, Command, Event>;
  throw new TypeError(
    `the messages of this module are handles, so the test needs definitions; pass them as in ${test}(module, messages)`,
  );
}

/** Calls `use` with a handle, and releases the handle afterwards, even if `use` throws. */
export function withHandle<Handle, Result>(
  type: { fromEnvelope(envelope: Envelope): Handle; drop?(handle: Handle): void },
  envelope: Envelope,
  use: (handle: Handle) => Result,
): Result {
  const handle = type.fromEnvelope(envelope);
  try {
    return use(handle);
  } finally {
    type.drop?.(handle);
  }
}

/** Returns whether two envelopes are equal. Codecs are canonical, so equal values have equal bytes. */
export function sameEnvelope(left: Envelope, right: Envelope): boolean {
  return (
    left.type === right.type && left.schemaVersion === right.schemaVersion && equalBytes(left.payload, right.payload)
  );
}

/** Returns whether two lists of envelopes are equal, in order. */
export function sameEnvelopes(left: readonly Envelope[], right: readonly Envelope[]): boolean {
  return left.length === right.length && left.every((envelope, index) => sameEnvelope(envelope, right[index]!));
}

/** Returns a message of the test as plain data. */
export function plain(message: unknown): Message {
  return message as Message;
}
