/**
 * Calls the authorizer before a command waits, loads a state or is decided. A command is accepted only if the
 * authorizer returns true.
 */
import { isCommandFailure } from '../errors.ts';
import type { Envelope } from '../messages.ts';
import type { CommandInFlight } from './command-in-flight.ts';
import { refused } from './failures.ts';

/** The command and its sender, for the authorizer. */
export interface AuthorizationRequest {
  /** The value that the caller passed, such as claims or a session. It is never recorded. */
  readonly principal: unknown;
  /** The sender of the command, as it will be recorded. */
  readonly actor: string | undefined;
  /** A copy of the command. Changes to it have no effect. */
  readonly command: Envelope;
  /** The id under which the command will be recorded. */
  readonly commandId: string;
  /** The name of the module that would decide. */
  readonly module: string;
  /** The stream to which the command is routed. */
  readonly stream: string;
}

/** Returns `true` to accept a command. Any other result refuses it. To state the reason, throw an error. */
export type Authorizer = (request: AuthorizationRequest) => boolean | Promise<boolean>;

/**
 * Calls the authorizer, and refuses the command unless it returns true.
 * @throws CommandFailure `unauthorized`, with the authorizer's error as the cause, `cancelled` or `deadline-exceeded`.
 */
export async function authorize(authorizer: Authorizer, inFlight: CommandInFlight): Promise<void> {
  const { cancellation, envelope, commandId, stream, options, module } = inFlight;
  const { principal, actor } = options;
  let answer: unknown;
  try {
    // The bytes are copied, because an authorizer that changes them must not change the record.
    const command = { ...envelope, payload: new Uint8Array(envelope.payload) };
    const result = authorizer({ principal, actor, command, commandId, module: module.name, stream });
    answer = await (cancellation === undefined ? result : cancellation.race(Promise.resolve(result)));
  } catch (error) {
    if (isCommandFailure(error, 'cancelled') || isCommandFailure(error, 'deadline-exceeded')) throw error;
    throw unauthorized(inFlight, error instanceof Error ? `: ${error.message}` : '', error);
  }
  if (answer !== true) throw unauthorized(inFlight, '', undefined);
}

function unauthorized({ envelope, options, stream }: CommandInFlight, reason: string, cause: unknown): Error {
  const sender = options.actor === undefined ? 'the sender' : JSON.stringify(options.actor);
  return refused(
    'unauthorized',
    envelope.type,
    `${sender} may not send ${envelope.type} to stream ${JSON.stringify(stream)}${reason}`,
    cause,
  );
}
