/** A command between its bytes and its module: read, written, and sent to its stream. */
import type { CanonicalCommand } from '../define/canonical-commands.ts';
import type { Message } from '../define/message.ts';
import type { Envelope, Fault } from '../messages.ts';
import { envelopeProblem, mustBe } from '../predicates.ts';
import { checkStreamName, streamNameOf } from '../stream-name.ts';
import type { BoundModule } from './bound-module.ts';
import { commandFault, invalidReturn, moduleFailure } from './failures.ts';
import type { Route } from './routes.ts';

/** @throws CommandFailure `fault` or `trap` where the module cannot read the command. */
export function decodeCommand(module: BoundModule, envelope: Envelope): unknown {
  try {
    return module.types.command.fromEnvelope(envelope);
  } catch (error) {
    throw failure(error, module, 'reading', envelope.type);
  }
}

/** @throws CommandFailure `fault` or `trap` if the module cannot write the command. */
export function encodeCommand(module: BoundModule, command: Message): Envelope {
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
    throw failure(error, module, 'writing', command.type);
  }
}

/**
 * A message as its module takes it in, with the bytes that are recorded; undefined if the module takes in envelopes alone.
 *
 * @throws CommandFailure `fault` if the message does not fit its schema.
 */
export function canonicalCommand(module: BoundModule, message: Message): CanonicalCommand<unknown> | undefined {
  try {
    return module.source.canonicalCommand?.(message);
  } catch (error) {
    throw failure(error, module, 'checking', message.type);
  }
}

/** The stream that decides the command. @throws CommandFailure `fault` or `trap`. */
export function streamOf({ module, commandType }: Route, command: unknown): string {
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

function failure(error: unknown, module: BoundModule, doing: string, commandType: string): Error {
  return moduleFailure(error, `module ${module.name} ${doing} command ${commandType}`, [
    ['module', module.name],
    ['commandType', commandType],
  ]);
}
