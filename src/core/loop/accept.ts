/**
 * Accepts commands: converts the arguments of a caller to a command in flight. Everything that can be refused without
 * the store is refused here.
 */
import type { CanonicalCommand } from '../define/canonical-commands.ts';
import type { Message } from '../define/message.ts';
import { commandUuid } from '../ids.ts';
import type { Envelope, Fault } from '../messages.ts';
import { envelopeProblem, mustBe } from '../predicates.ts';
import { checkStreamName, streamNameOf } from '../stream-name.ts';
import { uuidV4, uuidV7 } from '../uuid.ts';
import type { BoundModule } from './bound-module.ts';
import { CommandInFlight, decodeCommand, type RoutedRequest } from './command-in-flight.ts';
import { commandFault, invalidArgument, invalidReturn, moduleFailure } from './failures.ts';
import {
  type CheckedOptions,
  checkedEnvelope,
  checkedMessage,
  checkedOptions,
  type DispatchOptions,
} from './options.ts';
import type { Route, Routes } from './routes.ts';

/**
 * Accepts a command that came as bytes.
 *
 * @param since the time at which the command arrived, by `performance.now()`.
 * @throws CommandFailure `invalid-argument`, `unroutable`, `fault` or `trap`.
 */
export function acceptEnvelope(
  routes: Routes,
  command: Envelope,
  options: DispatchOptions | undefined,
  since: number,
): CommandInFlight {
  const checked = checkedOptions(options);
  const envelope = checkedEnvelope(command);
  return decoded(requestOf(routes.ofCommand(envelope.type), checked, false, since), envelope);
}

/**
 * Accepts a command that came as a message.
 *
 * @param since the time at which the command arrived, by `performance.now()`.
 * @throws CommandFailure `invalid-argument`, `unroutable`, `fault` or `trap`.
 */
export function acceptMessage(
  routes: Routes,
  command: unknown,
  options: DispatchOptions | undefined,
  since: number,
): CommandInFlight {
  const checked = checkedOptions(options);
  const message = checkedMessage(command);
  const request = requestOf(routes.ofCommand(message.type), checked, true, since);
  const { module } = request.route;
  const canonical = canonicalCommand(module, message);
  if (canonical !== undefined) return entered(request, canonical);
  if (module.types.command.drop !== undefined) {
    throw invalidArgument(
      'command',
      `cannot be dispatched, because the commands of ${module.name} are handles; send an envelope to handleCommand`,
    );
  }
  return decoded(request, encodeCommand(module, message));
}

function requestOf(route: Route, options: CheckedOptions, isTyped: boolean, since: number): RoutedRequest {
  const commandId = commandIdOf(options, route.module.usesCommandId || route.candidate?.module.usesCommandId === true);
  return { route, options, commandId, isTyped, since, sender: route.module };
}

/**
 * Decodes a command. A module in the process encodes the message canonically, and these bytes are recorded. For any
 * other module, the bytes of the sender are recorded.
 */
function decoded(request: RoutedRequest, envelope: Envelope): CommandInFlight {
  const { module } = request.route;
  const command = decodeCommand(module, envelope);
  try {
    const canonical = canonicalCommand(module, command as Message);
    if (canonical !== undefined) return entered(request, canonical);
    return inFlight(request, envelope, command, true);
  } catch (error) {
    module.releaseCommand(command);
    throw error;
  }
}

function entered(request: RoutedRequest, { command, envelope }: CanonicalCommand<unknown>): CommandInFlight {
  return inFlight(request, envelope, command, false);
}

function inFlight(request: RoutedRequest, envelope: Envelope, command: unknown, isHandle: boolean): CommandInFlight {
  const stream = streamOf(request.route, command);
  const { candidate } = request.route;
  if (candidate === undefined || !candidate.rollout.takes(stream)) {
    return new CommandInFlight(request, stream, envelope, command, isHandle);
  }
  const accepted = decoded({ ...request, route: candidate }, envelope);
  if (accepted.stream !== stream) {
    accepted.release();
    throw otherStream(candidate, stream, accepted.stream);
  }
  if (isHandle) request.route.module.releaseCommand(command);
  return accepted;
}

/**
 * Makes the error for versions of a module that route a command to different streams. They would decide on different
 * histories.
 */
function otherStream({ module, commandType }: Route, stream: string, other: string): Error {
  const message =
    `the candidate of the rollout of module ${module.name} routes ${commandType} to stream ${JSON.stringify(other)}, ` +
    `but the current version routes it to ${JSON.stringify(stream)}`;
  const details: Fault['details'] = [
    ['module', module.name],
    ['commandType', commandType],
    ['stream', stream],
  ];
  return commandFault({ code: 'rollout-stream', message, details });
}

function commandIdOf({ commandId }: CheckedOptions, usesCommandId: boolean): string {
  if (commandId !== undefined) return commandUuid(commandId);
  // Reading the clock takes as long as making an id, so only modules that use the time get a UUIDv7.
  return usesCommandId ? uuidV7(Date.now()) : uuidV4();
}

/**
 * Returns the message in its module's canonical form, with the bytes that are recorded, or `undefined` if the module
 * accepts only envelopes.
 *
 * @throws CommandFailure `fault` if the message does not fit its schema.
 */
function canonicalCommand(module: BoundModule, message: Message): CanonicalCommand<unknown> | undefined {
  try {
    return module.source.canonicalCommand?.(message);
  } catch (error) {
    throw failure(error, module, 'checking', message.type);
  }
}

/** Encodes a command. @throws CommandFailure `fault` or `trap` if the module cannot encode it. */
function encodeCommand(module: BoundModule, command: Message): Envelope {
  try {
    const envelope = module.types.command.toEnvelope(command);
    const problem = envelopeProblem(envelope);
    if (problem !== undefined) throw invalidReturn('invalid-command', 'its envelope', problem);
    if (envelope.type !== command.type) {
      const other = { field: '.type', message: mustBe(JSON.stringify(command.type), envelope.type) };
      throw invalidReturn('invalid-command', 'its envelope', other);
    }
    return envelope;
  } catch (error) {
    throw failure(error, module, 'encoding', command.type);
  }
}

/** Returns the stream whose history decides the command. @throws CommandFailure `fault` or `trap`. */
function streamOf({ module, commandType }: Route, command: unknown): string {
  let id: string;
  try {
    id = module.routing.streamId(command);
  } catch (error) {
    throw failure(error, module, 'routing', commandType);
  }
  const stream = typeof id === 'string' ? streamNameOf(module.descriptor.category, id) : id;
  const problem = checkStreamName(stream);
  if (problem === undefined) return stream;
  const message = `module ${module.name} routes ${commandType} to a stream whose name ${problem}`;
  const details: Fault['details'] = [
    ['module', module.name],
    ['commandType', commandType],
  ];
  throw commandFault({ code: 'invalid-stream-name', message, details });
}

function failure(error: unknown, module: BoundModule, work: string, commandType: string): Error {
  return moduleFailure(error, `module ${module.name} ${work} command ${commandType}`, [
    ['module', module.name],
    ['commandType', commandType],
  ]);
}
