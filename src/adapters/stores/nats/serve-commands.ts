/// <reference lib="esnext.disposable" preserve="true" />
/** Serves the commands of a system over NATS. Processes that serve the same name share the requests. */
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { DefinitionError, isCommandFailure, StoreFailure } from '../../../core/errors.ts';
import type { CommandError, CommandOptions, CommandResult } from '../../../core/event-sourcer.ts';
import type { Envelope } from '../../../core/messages.ts';
import { checkOptionNames } from '../../../core/option-names.ts';
import { mustBe } from '../../../core/predicates.ts';
import type { OptionNames } from '../../../core/unknown-names.ts';
import { errorReply, resultReply } from './command-reply.ts';
import { commandSubjects, InvalidRequest, readRequest } from './command-request.ts';
import type { NatsClientConnection } from './options.ts';

/** The part of a running system or of an event sourcer that decides commands. */
export interface CommandTarget {
  handleCommand(command: Envelope, options?: CommandOptions): Promise<CommandResult>;
  dispatch(command: never, options?: CommandOptions): Promise<CommandResult>;
}

/** The options of {@link serveCommands}. */
export interface ServeCommandsOptions {
  /**
   * The first token of the subjects, usually the name of the store.
   * @default 'decidable'
   */
  readonly name?: string | undefined;
}

const NAMES: OptionNames<ServeCommandsOptions> = { name: true };

/** The service of commands that {@link serveCommands} started. */
export interface ServedCommands extends AsyncDisposable {
  /** Refuses further requests, and resolves when all accepted requests are answered. */
  close(): Promise<void>;
  /**
   * Resolves when the process serves no commands any more: with `undefined` as soon as {@link close} resolves, and
   * otherwise with the `io` failure that ended the service. By default, the NATS client closes its connection after ten
   * attempts to reconnect. The promise is never rejected.
   *
   * @example
   * served.closed.then((failure) => {
   *   if (failure !== undefined) process.exitCode = 1;
   * });
   */
  readonly closed: Promise<StoreFailure | undefined>;
}

/**
 * Decides the commands that clients send with {@link natsCommands}. Every request is answered, with the result or with
 * the error. A repeated request with the same command id gets the first outcome.
 *
 * @example await using served = serveCommands(running, connection, { name: 'bank' });
 * @throws DefinitionError if an option is invalid or unknown.
 */
export function serveCommands(
  target: CommandTarget,
  connection: NatsClientConnection,
  options: ServeCommandsOptions = {},
): ServedCommands {
  const name = checkName(options, 'serveCommands');
  const working = new Set<Promise<void>>();
  const client = connection as NatsConnection;
  const subscription = client.subscribe(commandSubjects(name), {
    // Each request goes to one of the processes with this queue.
    queue: name,
    callback: (error, message) => {
      if (error !== null) return;
      const work = answer(target, message).finally(() => working.delete(work));
      working.add(work);
    },
  });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    if (!subscription.isClosed()) await subscription.drain();
    await Promise.all(working);
  };
  const ended = async (): Promise<StoreFailure | undefined> => {
    const reason = await subscription.closed;
    if (closing === undefined) return serviceEnded(reason ?? (await client.closed()) ?? undefined);
    await closing.catch(() => {});
    return undefined;
  };
  return {
    close: () => (closing ??= close()),
    closed: ended(),
    [Symbol.asyncDispose]() {
      return this.close();
    },
  };
}

function serviceEnded(reason: Error | undefined): StoreFailure {
  const text = reason === undefined ? 'the caller closed the connection' : reason.message;
  const message =
    `this process serves no commands over NATS any more: ${text}; connect again, and check that the server runs and ` +
    'that the user may subscribe to the subjects of the commands';
  return new StoreFailure({ tag: 'failure', val: { code: 'io', message } }, message, { cause: reason });
}

/**
 * Checks the options, and returns the name.
 * @throws DefinitionError if the name is invalid, or an option is unknown.
 */
export function checkName(options: ServeCommandsOptions, place: string): string {
  checkOptionNames(options, NAMES, place);
  const { name = 'decidable' } = options;
  if (typeof name === 'string' && /^[A-Za-z0-9_-]{1,200}$/.test(name)) return name;
  throw new DefinitionError(`${place}.name`, mustBe('1 to 200 letters, digits, _ and -', name));
}

async function answer(target: CommandTarget, message: Msg): Promise<void> {
  let reply: Uint8Array;
  try {
    reply = resultReply(await decide(target, message));
  } catch (error) {
    const [failure, text] = commandError(error);
    reply = errorReply(failure, text);
  }
  message.respond(reply);
}

async function decide(target: CommandTarget, { headers, data }: Msg): Promise<CommandResult> {
  const { type, envelope, isJson, options } = readRequest(headers, data);
  if (!isJson) return target.handleCommand(envelope, options);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(data));
  } catch {
    throw new InvalidRequest('payload', 'must be JSON, because its Content-Type is that of JSON');
  }
  return target.dispatch({ type, data: value } as never, options);
}

function commandError(error: unknown): readonly [CommandError, string] {
  if (isCommandFailure(error)) return [error.payload, error.message];
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof InvalidRequest) {
    const text = `${error.header}: ${message}`;
    return [{ tag: 'invalid-argument', val: { argument: error.header, message } }, text];
  }
  return [{ tag: 'fault', val: { code: 'unexpected-exception', message, details: [] } }, message];
}
