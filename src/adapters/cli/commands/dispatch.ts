/// <reference lib="esnext.disposable" preserve="true" />
/** `decidable dispatch`: sends a command to its decider. */
import { isFault } from '../../../core/errors.ts';
import type { CommandResult } from '../../../core/event-sourcer.ts';
import type { AnyModule } from '../../../core/loop/bound-module.ts';
import type { DispatchOptions } from '../../../core/loop/options.ts';
import { json } from '../../codecs/json.ts';
import { DONE, REJECTED } from '../exit-codes.ts';
import { CommandLineError } from '../failures.ts';
import { encodeByContentType, type Messages } from '../messages.ts';
import { oneLine } from '../output.ts';
import type { AnyRunningSystem, Session } from '../session.ts';
import { eventLine, eventRecord } from './events.ts';

/** The options of `decidable dispatch`. */
export interface DispatchCommandOptions {
  readonly commandId?: string | undefined;
  readonly actor?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly expectedRevision?: bigint | undefined;
  readonly checkDeterminism?: boolean | undefined;
}

export async function dispatch(
  session: Session,
  type: string,
  data: string,
  { expectedRevision, checkDeterminism, ...options }: DispatchCommandOptions,
): Promise<number> {
  const { system } = await session.config();
  const module = deciderOf(system.deciders, type);
  const value = parse(data === '-' ? await readStandardInput() : new TextEncoder().encode(data), type);
  checkShape(module, type, value);
  const messages = await session.messages();
  // No processor runs in this process, so a process that runs the system reacts to the events.
  await using started = await session.start(true, { process: false, checkDeterminism });
  const precondition =
    expectedRevision === undefined ? undefined : ({ tag: 'at-revision', val: expectedRevision } as const);
  const result = await send(started.running, module, type, value, { ...options, precondition });
  await report(session, result, messages);
  if (!session.output.isJson && result.outcome.tag === 'accepted') await hint(session, started.running);
  return result.outcome.tag === 'accepted' ? DONE : REJECTED;
}

function deciderOf(deciders: readonly AnyModule[], type: string): AnyModule {
  const found = deciders.find(({ routing }) => routing.describe().commands.some((command) => command.type === type));
  if (found !== undefined) return found;
  const known = deciders.flatMap(({ routing }) => routing.describe().commands.map((command) => command.type));
  throw new CommandLineError('usage', `unknown command "${type}"; the system accepts ${known.join(', ')}`, {
    argument: 'type',
  });
}

/** Parses the data of a command. @throws CommandLineError with the byte offset. */
function parse(bytes: Uint8Array, type: string): unknown {
  try {
    return json.decode(bytes, { kind: 'command', type, schemaVersion: 1 });
  } catch (cause) {
    if (!isFault(cause)) throw cause;
    throw new CommandLineError('usage', `the data of ${type} is not valid JSON: ${cause.message}`, {
      argument: 'json',
      cause,
    });
  }
}

/**
 * Checks the data before the store is opened.
 * @throws CommandLineError that names the place in the data.
 */
function checkShape(module: AnyModule, type: string, data: unknown): void {
  try {
    module.canonicalCommand?.({ type, data });
  } catch (cause) {
    if (!isFault(cause)) throw cause;
    throw new CommandLineError('usage', cause.message, { argument: 'json', cause });
  }
}

async function readStandardInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function send(
  running: AnyRunningSystem,
  module: AnyModule,
  type: string,
  data: unknown,
  options: DispatchOptions,
): Promise<CommandResult> {
  // A message is checked by its schema. A component accepts only bytes.
  if (module.canonicalCommand !== undefined) return running.dispatch({ type, data } as never, options);
  const { commands, contentType } = module.routing.describe();
  const schemaVersion = commands.find((command) => command.type === type)?.schemaVersion ?? 1;
  return running.handleCommand(encodeByContentType(type, schemaVersion, data, contentType), options);
}

/** Prints a hint if no process runs the processors, because then nothing reacts to the events of the command. */
async function hint({ output }: Session, running: AnyRunningSystem): Promise<void> {
  const statuses = await running.status();
  const now = Date.now();
  const isRunning = statuses.some(({ shares }) =>
    shares.some(({ holder, expiresAt }) => holder !== undefined && expiresAt > now),
  );
  if (statuses.length === 0 || isRunning) return;
  await output.text(
    output.styled('dim', 'no process is running the processors of the system; start one with `decidable run`'),
  );
}

async function report({ output }: Session, result: CommandResult, messages: Messages): Promise<void> {
  const { commandId, stream, module, outcome, revision, position, duplicate, attempts, events } = result;
  if (output.isJson) {
    const records = events.map((event) => eventRecord(event, messages));
    await output.document({
      commandId,
      stream,
      module,
      outcome,
      revision,
      position,
      duplicate,
      attempts,
      events: records,
    });
    return;
  }
  const known = duplicate ? '; the command id was already recorded, and this is its first outcome' : '';
  const verdict =
    outcome.tag === 'accepted'
      ? output.styled('green', 'accepted')
      : `${output.styled('red', 'rejected')}: ${oneLine(outcome.val.message)} (${oneLine(outcome.val.code)})`;
  await output.text(
    `${verdict}${known}`,
    output.styled('dim', `command ${commandId} on ${oneLine(stream)}, decided by ${module}`),
    ...(outcome.tag === 'rejected'
      ? outcome.val.details.map(([name, value]) => `  ${oneLine(name)}: ${oneLine(value)}`)
      : events.map((event) => eventLine(event, messages, output))),
  );
}
