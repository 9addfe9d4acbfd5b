/**
 * What a guest's virtual WASI shows while it decides. All of it follows from what is recorded, so that whoever proves the
 * decision later shows the same: a command's id says when it was made, where it is one that can.
 */
import type { EventContext, RejectedCommand } from '../../../core/messages.ts';
import type { DecisionContext } from '../wasi/index.ts';

/**
 * For the command with this UUID, in lower-case text. Its time is that of a UUIDv7 (RFC 9562 §5.7: milliseconds since the
 * Unix epoch in the first 48 bits); of other UUIDs it is 0, because nothing that is recorded before the decision tells it.
 */
export function contextOfCommand(commandId: string): DecisionContext {
  const time = commandId[14] === '7' ? BigInt(`0x${commandId.slice(0, 8)}${commandId.slice(9, 13)}`) : 0n;
  return { time, seed: commandId };
}

/** For a rejected command that a process manager handles. */
export function contextOfRejection({ recordedAt, commandId }: RejectedCommand): DecisionContext {
  return { time: recordedAt, seed: commandId };
}

/** For an event that a process manager handles. */
export function contextOfEvent({ recordedAt, id }: EventContext): DecisionContext {
  return { time: recordedAt, seed: id };
}
