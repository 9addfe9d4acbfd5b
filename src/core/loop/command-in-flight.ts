/**
 * A command in flight: the immutable request, and the progress of the loop. Each round of the loop has a new
 * {@link Attempt}, so that a failed round does not affect the next one.
 */
import type { CommandResult } from '../event-sourcer.ts';
import type { Decision, Envelope, Outcome } from '../messages.ts';
import type { DecidedAppend } from '../storage/exclusive-append.ts';
import type { BoundModule } from './bound-module.ts';
import { Cancellation } from './cancellation.ts';
import { moduleFailure } from './failures.ts';
import type { LiveState } from './live-state.ts';
import type { ObservedCommand } from './observer.ts';
import type { CheckedOptions } from './options.ts';
import { DispatchedCommand, EncodedResult, HandledCommand } from './results.ts';
import type { Route } from './routes.ts';

/** A request that is checked and routed. */
export interface RoutedRequest {
  readonly route: Route;
  readonly options: CheckedOptions;
  readonly commandId: string;
  /** True if the command came as a message, so that its sender gets the events as values too. */
  readonly isTyped: boolean;
  /** The time at which the command arrived, by `performance.now()`. It is 0 if no hook needs it. */
  readonly since: number;
  /**
   * The module whose values the sender uses. For the candidate of a rollout, it differs from the module of the route.
   */
  readonly sender: BoundModule;
}

export class CommandInFlight {
  readonly route: Route;
  readonly module: BoundModule;
  readonly stream: string;
  /** The recorded form of the command. */
  readonly envelope: Envelope;
  readonly commandId: string;
  readonly options: CheckedOptions;
  readonly cancellation: Cancellation | undefined;
  readonly since: number;
  readonly #sender: BoundModule;
  readonly #isTyped: boolean;
  readonly #ownsCommand: boolean;

  /** The decoded command. If its instance ends, it is decoded again. */
  command: unknown;
  /** The generation of the module when the command was decoded. */
  generation: number;
  /** True if the command was decided again because another command had ended its instance. */
  isRetriedAfterTrap: boolean = false;
  /** The number of decisions. */
  attempts: number = 0;
  conflicts: number = 0;

  /**
   * Makes a command in flight from a request.
   * @param ownsCommand true if the loop releases the command's handle. The sender releases the handle of a typed
   * command.
   */
  constructor(request: RoutedRequest, stream: string, envelope: Envelope, command: unknown, ownsCommand: boolean) {
    const { route, options } = request;
    this.route = route;
    this.module = route.module;
    this.stream = stream;
    this.envelope = envelope;
    this.commandId = request.commandId;
    this.options = options;
    this.cancellation = cancellationOf(route, options);
    this.since = request.since;
    this.#sender = request.sender;
    this.#isTyped = request.isTyped;
    this.#ownsCommand = ownsCommand;
    this.command = command;
    this.generation = route.module.generation;
  }

  /** True if the command may be a duplicate. A generated id is always new. */
  get mayBeDuplicate(): boolean {
    return this.options.commandId !== undefined;
  }

  decision(seenRevision: bigint | undefined, outcome: Outcome): Decision {
    const { options, commandId } = this;
    return {
      commandId,
      command: this.envelope,
      contentType: this.module.contentType,
      module: this.module.identity,
      seenRevision,
      outcome,
      causationId: options.causationId,
      correlationId: options.correlationId ?? commandId,
      actor: options.actor,
      keyId: undefined,
    };
  }

  /**
   * Makes the result for the sender of the command.
   * @param decided the events of the decision as values of the module, if they are known and no other code holds them.
   */
  result(fields: CommandResult, decided?: readonly unknown[]): CommandResult {
    if (!this.#isTyped) return new HandledCommand(fields);
    return decided === undefined || this.#sender !== this.module
      ? new EncodedResult(fields, this.#sender)
      : new DispatchedCommand(fields, decided);
  }

  observed(): ObservedCommand {
    const { commandId, stream, attempts } = this;
    return { module: this.module.name, stream, commandId, commandType: this.envelope.type, attempts };
  }

  /**
   * Decodes the command again, because its handle may belong to an instance that has ended.
   *
   * @throws CommandFailure `fault` or `trap`.
   */
  decodeAgain(): void {
    this.generation = this.module.generation;
    if (!this.#ownsCommand) return;
    this.release();
    this.command = decodeCommand(this.module, this.envelope);
  }

  /** Releases the handle of the command. */
  release(): void {
    if (this.#ownsCommand && this.command !== undefined) this.module.releaseCommand(this.command);
    this.command = undefined;
  }
}

/** One round of the loop: the state on which the command is decided, and the decision. */
export class Attempt {
  readonly command: CommandInFlight;
  /** The state, while this round owns it. */
  live: LiveState | undefined = undefined;
  /** True if the state came from the cache, so that the results of this round must be checked against the store. */
  fromCache: boolean = false;
  /**
   * True if no event was folded into the state since the state was loaded or appended, so that it belongs to its
   * revision.
   */
  isStateIntact: boolean = false;
  /** The revision of the state on which the command was decided. */
  seenRevision: bigint | undefined = undefined;
  /** The events of the decision, as values of the module. */
  events: readonly unknown[] | undefined = undefined;
  /** The decision that was passed to the store. */
  decided: DecidedAppend | undefined = undefined;

  constructor(command: CommandInFlight) {
    this.command = command;
  }

  /**
   * Passes the ownership of the state to the caller if the state still belongs to its revision. The caller must release
   * the state. The initial state of a `no-stream` command never belongs to its revision, because the stream was not
   * read.
   */
  takeIntact(): LiveState | undefined {
    const { live } = this;
    if (!this.isStateIntact || live === undefined || this.command.route.precondition === 'no-stream') return undefined;
    this.live = undefined;
    return live;
  }

  releaseState(): void {
    this.live?.release();
    this.live = undefined;
  }
}

/** Decodes a command. @throws CommandFailure `fault` or `trap` if the module cannot decode it. */
export function decodeCommand(module: BoundModule, envelope: Envelope): unknown {
  try {
    return module.types.command.fromEnvelope(envelope);
  } catch (error) {
    throw moduleFailure(error, `module ${module.name} decoding command ${envelope.type}`, [
      ['module', module.name],
      ['commandType', envelope.type],
    ]);
  }
}

function cancellationOf({ commandType }: Route, { signal, deadline }: CheckedOptions): Cancellation | undefined {
  if (signal === undefined && deadline === undefined) return undefined;
  return new Cancellation(signal, deadline, `command ${commandType}`);
}
