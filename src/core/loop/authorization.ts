/** Who may send what: asked before a command waits, loads or decides anything. It fails closed. */
import { isCommandFailure } from '../errors.ts';
import type { Envelope } from '../messages.ts';
import { refused } from './failures.ts';
import type { Job } from './job.ts';

/** What an authorizer is asked about. */
export interface AuthorizationRequest {
  /** As the caller passed it: claims, a session; never recorded. */
  readonly principal: unknown;
  /** Who sends the command, as it will be recorded. */
  readonly actor: string | undefined;
  readonly command: Envelope;
  readonly commandId: string;
  /** The name of the module that would decide. */
  readonly module: string;
  readonly stream: string;
}

/** Only `true` lets a command through. To give a reason for a refusal, throw an error with it. */
export type Authorizer = (request: AuthorizationRequest) => boolean | Promise<boolean>;

/** @throws CommandFailure `unauthorized`, with the authorizer's own error as the cause; `cancelled`, `deadline-exceeded`. */
export async function authorize(authorizer: Authorizer, job: Job): Promise<void> {
  const { cancellation, envelope, commandId, stream, request } = job;
  const { principal, actor } = request;
  let answer: unknown;
  try {
    // A copy: an authorizer that changes the bytes must not change what is recorded.
    const command = { ...envelope, payload: new Uint8Array(envelope.payload) };
    const asked = authorizer({ principal, actor, command, commandId, module: job.module.name, stream });
    answer = await (cancellation === undefined ? asked : cancellation.race(Promise.resolve(asked)));
  } catch (error) {
    if (isCommandFailure(error, 'cancelled') || isCommandFailure(error, 'deadline-exceeded')) throw error;
    throw unauthorized(job, error instanceof Error ? `: ${error.message}` : '', error);
  }
  if (answer !== true) throw unauthorized(job, '', undefined);
}

function unauthorized({ envelope, request, stream }: Job, why: string, cause: unknown): Error {
  const who = request.actor === undefined ? 'The sender' : JSON.stringify(request.actor);
  return refused(
    'unauthorized',
    envelope.type,
    `${who} may not send ${envelope.type} to ${JSON.stringify(stream)}${why}`,
    cause,
  );
}
