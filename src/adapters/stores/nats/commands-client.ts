/** Sends commands to the processes that serve them over NATS. */
import type { NatsConnection } from '@nats-io/transport-node';
import { CommandFailure, DefinitionError } from '../../../core/errors.ts';
import type { CommandOptions, CommandResult } from '../../../core/event-sourcer.ts';
import type { Envelope } from '../../../core/messages.ts';
import { loadPeer } from '../../../core/missing-peer.ts';
import { millisecondsProblem } from '../../../core/predicates.ts';
import { uuidV4 } from '../../../core/uuid.ts';
import { readReply } from './command-reply.ts';
import { commandSubject, JSON_DATA, writeRequest } from './command-request.ts';
import { isClientError, isNoResponders, isTimeout } from './failures.ts';
import type { NatsClientConnection } from './options.ts';
import { checkName } from './serve-commands.ts';

/** The options of {@link natsCommands}. */
export interface NatsCommandsOptions {
  /**
   * The name under which the commands are served.
   * @default 'decidable'
   */
  readonly name?: string | undefined;
  /**
   * Milliseconds that a command waits for its reply.
   * @default 10_000
   */
  readonly timeout?: number | undefined;
}

/** Sends commands to the processes that serve them. */
export interface NatsCommands {
  /**
   * Sends a command in an envelope.
   * @throws CommandFailure that the deciding process threw. Its code is `store` with `unknown-outcome` if no reply came
   *   in time or the connection was closed in the meantime, because the command may have been decided. It is `store`
   *   with `io` if the connection is already closed, and `overloaded` if no process serves commands. Nothing was done
   *   then.
   */
  handleCommand(command: Envelope, options?: CommandOptions): Promise<CommandResult>;

  /**
   * Sends a command as plain JSON data, which the schema of its module checks.
   * @throws CommandFailure, as `handleCommand` does.
   */
  send(type: string, data: unknown, options?: CommandOptions): Promise<CommandResult>;
}

/**
 * Makes a client of the commands that {@link serveCommands} serves. Pass a `commandId`, so that a command can be sent
 * again after a timeout. A command that was already decided returns its first outcome.
 *
 * @example
 * const commands = natsCommands(connection, { name: 'bank' });
 * await commands.send('Deposit', { accountId: '0001', amount: 1250 }, { commandId: 'deposit-17' });
 * @throws DefinitionError if an option is invalid or unknown.
 */
export function natsCommands(connection: NatsClientConnection, options: NatsCommandsOptions = {}): NatsCommands {
  const { timeout = 10_000, ...others } = options;
  const name = checkName(others, 'natsCommands');
  const problem = millisecondsProblem(timeout, 1);
  if (problem !== undefined) throw new DefinitionError('natsCommands.timeout', problem);
  const request = async (command: Envelope, options: CommandOptions, contentType?: string): Promise<CommandResult> => {
    const { headers } = await loadPeer(
      '@nats-io/transport-node',
      'decidable/nats',
      () => import('@nats-io/transport-node'),
    );
    const commandId = options.commandId ?? uuidV4();
    const header = headers();
    writeRequest(header, command, { ...options, commandId });
    if (contentType !== undefined) header.set('Content-Type', contentType);
    const subject = commandSubject(name, command.type);
    const { payload } = command;
    const client = connection as NatsConnection;
    if (client.isClosed()) {
      throw storeFailure('io', 'the connection is closed, so nothing was done; connect, and send the command again');
    }
    try {
      const reply = await client.request(subject, payload, { headers: header, timeout });
      return readReply(reply.data);
    } catch (error) {
      throw requestError(error, name, commandId);
    }
  };
  return {
    handleCommand: (command, options = {}) => request(command, options),
    send: (type, data, options = {}) => {
      const payload = new TextEncoder().encode(JSON.stringify(data));
      return request({ type, schemaVersion: 1, payload }, options, JSON_DATA);
    },
  };
}

function requestError(cause: unknown, name: string, commandId: string): unknown {
  if (isNoResponders(cause)) {
    const message = `no process serves the commands of ${name}, so nothing was done; start one, and send the command again`;
    return new CommandFailure({ tag: 'overloaded', val: { subject: name, message } }, message, { cause });
  }
  if (!isClientError(cause)) return cause;
  const reason = isTimeout(cause)
    ? `no reply to command ${commandId} came in time`
    : `the connection failed before the reply to command ${commandId}: ${cause.message}`;
  const message = `${reason}, so it may have been decided; send it again with the same command id`;
  return storeFailure('unknown-outcome', message, cause);
}

function storeFailure(code: 'io' | 'unknown-outcome', message: string, cause?: unknown): CommandFailure {
  return new CommandFailure({ tag: 'store', val: { code, message } }, message, { cause });
}
