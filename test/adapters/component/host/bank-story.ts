/**
 * Runs commands to one account on any module. The results are plain data that can be compared with those of another
 * module.
 */
import { isFault, isRejection } from '../../../../src/core/errors.ts';
import type { Envelope } from '../../../../src/core/messages.ts';
import type { CommandHandler } from '../../../../src/core/worlds.ts';

/** The outcome of a command, as bytes and records of the WIT that do not depend on the module. */
export type Step =
  | {
      readonly stream: string;
      readonly command: Envelope;
      readonly events: readonly Envelope[];
      readonly state: Uint8Array;
    }
  | { readonly stream: string; readonly command: Envelope; readonly rejection: unknown }
  | { readonly fault: string };

/** Runs the commands one after another on one state, and releases every handle. */
export function play<State, Command, Event>(
  module: CommandHandler<State, Command, Event>,
  commands: readonly Envelope[],
): Step[] {
  const { types, decider, routing } = module;
  let state = decider.initialState();
  const decide = (command: Command): Step => {
    const known = { stream: routing.streamId(command), command: types.command.toEnvelope(command) };
    let events: readonly Event[];
    try {
      events = decider.decide(state, command);
    } catch (error) {
      if (!isRejection(error)) throw error;
      return { ...known, rejection: error.payload };
    }
    const envelopes = events.map((event) => types.event.toEnvelope(event));
    for (const event of events) {
      state = decider.evolve(state, event);
      types.event.drop?.(event);
    }
    return { ...known, events: envelopes, state: types.state.toBytes(state) };
  };
  const steps = commands.map((envelope): Step => {
    let command: Command;
    try {
      command = types.command.fromEnvelope(envelope);
    } catch (error) {
      return { fault: faultCode(error) };
    }
    const step = decide(command);
    types.command.drop?.(command);
    return step;
  });
  types.state.drop?.(state);
  return steps;
}

/** Returns the state after stored events as bytes, or the code of the fault if one of the events is invalid. */
export function replay<State, Command, Event>(
  { types, decider }: CommandHandler<State, Command, Event>,
  events: readonly Envelope[],
): Uint8Array | string {
  let state = decider.initialState();
  try {
    for (const envelope of events) {
      const event = types.event.fromEnvelope(envelope);
      state = decider.evolve(state, event);
      types.event.drop?.(event);
    }
    return types.state.toBytes(state);
  } catch (error) {
    return faultCode(error);
  } finally {
    types.state.drop?.(state);
  }
}

/** Decodes bytes to a state of the module and encodes it again. Returns the bytes, or the code of the fault. */
export function reread<State, Command, Event>(
  { types }: CommandHandler<State, Command, Event>,
  bytes: Uint8Array,
): Uint8Array | string {
  try {
    const state = types.state.fromBytes(bytes);
    const again = types.state.toBytes(state);
    types.state.drop?.(state);
    return again;
  } catch (error) {
    return faultCode(error);
  }
}

function faultCode(error: unknown): string {
  if (isFault(error)) return error.code;
  throw error;
}
