/**
 * The time and the seed of a guest's virtual WASI while it decides. They follow from recorded data, so a later proof of
 * the decision uses the same values.
 */
import type { EventContext, RejectedCommand } from '../../../core/messages.ts';
import type { DecisionContext } from '../wasi/index.ts';

/**
 * Returns the context for the command with this UUID, in lower-case text. A UUIDv7 contains a time (RFC 9562 §5.7: its
 * first 48 bits are milliseconds since the Unix epoch). For other UUIDs the time is 0, because no time is recorded
 * before the decision.
 */
export function contextOfCommand(commandId: string): DecisionContext {
  const time = commandId[14] === '7' ? BigInt(`0x${commandId.slice(0, 8)}${commandId.slice(9, 13)}`) : 0n;
  return { time, seed: commandId };
}

/** Returns the context for a rejected command that a process manager handles. */
export function contextOfRejection({ recordedAt, commandId }: RejectedCommand): DecisionContext {
  return { time: recordedAt, seed: commandId };
}

/** Returns the context for an event that a process manager handles. */
export function contextOfEvent({ recordedAt, id }: EventContext): DecisionContext {
  return { time: recordedAt, seed: id };
}
