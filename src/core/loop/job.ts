/** One command on its way through the loop: what was asked for, and how far it has come. */
import type { CommandResult } from '../event-sourcer.ts';
import type { Decision, Envelope, Outcome, Precondition } from '../messages.ts';
import type { BoundModule } from './bound-module.ts';
import type { Cancellation } from './cancellation.ts';
import { decodeCommand } from './command-of.ts';
import type { LiveState } from './live-state.ts';
import type { ObservedCommand } from './observer.ts';
import type { CommandRequest } from './options.ts';
import { DispatchedCommand, HandledCommand } from './results.ts';
import type { Route } from './routes.ts';

/** Every result holds this object, so it is frozen. */
const ACCEPTED: Outcome = Object.freeze({ tag: 'accepted' });

export class Job {
  readonly route: Route;
  readonly module: BoundModule;
  readonly stream: string;
  /** As it is recorded. */
  readonly envelope: Envelope;
  readonly commandId: string;
  /** The caller named the id, so the command may be a duplicate; a generated id is new. */
  readonly named: boolean;
  readonly request: CommandRequest;
  readonly cancellation: Cancellation | undefined;
  /** The decoded command. */
  command: unknown;
  /** Whether the handle is ours to release; a typed command stays its sender's. */
  readonly ownsCommand: boolean;

  /** The state the command is decided on, while the loop has it. */
  live: LiveState | undefined = undefined;
  /** Nothing has been folded into the state since it was loaded or last appended: it still belongs to its revision. */
  isStateIntact: boolean = false;
  /** The state came from the cache: whatever it leads to must be checked against the store. */
  fromCache: boolean = false;
  /** The module's generation when the command was decoded. */
  generation: number;
  /** The command was once decided again because an instance ended under it through no fault of its own. */
  rescued: boolean = false;
  /** When the command arrived, by `performance.now()`; 0 if nobody asks. */
  since: number = 0;
  /** The command came as a message, so its sender wants the events as values too. */
  wantsValues: boolean = false;
  attempts: number = 0;
  conflicts: number = 0;
  hasTurn: boolean = false;
  /** The store was asked to append: an error that says nothing leaves the outcome unknown. */
  isAppending: boolean = false;

  /** The decision: the revision it saw, its events, its rejection. */
  seenRevision: bigint | undefined = undefined;
  events: readonly Envelope[] = [];
  outcome: Outcome = ACCEPTED;

  constructor(
    route: Route,
    stream: string,
    envelope: Envelope,
    commandId: string,
    command: unknown,
    ownsCommand: boolean,
    request: CommandRequest,
    cancellation: Cancellation | undefined,
  ) {
    this.route = route;
    this.module = route.module;
    this.stream = stream;
    this.envelope = envelope;
    this.commandId = commandId;
    this.named = request.commandId !== undefined;
    this.request = request;
    this.cancellation = cancellation;
    this.command = command;
    this.ownsCommand = ownsCommand;
    this.generation = route.module.generation;
  }

  get precondition(): Precondition | undefined {
    return this.request.precondition;
  }

  accept(events: readonly Envelope[]): void {
    this.events = events;
    this.outcome = ACCEPTED;
  }

  reject(outcome: Outcome): void {
    this.events = [];
    this.outcome = outcome;
  }

  decision(): Decision {
    const { request, commandId } = this;
    return {
      commandId,
      command: this.envelope,
      contentType: this.module.contentType,
      module: this.module.identity,
      seenRevision: this.seenRevision,
      outcome: this.outcome,
      causationId: request.causationId,
      correlationId: request.correlationId ?? commandId,
      actor: request.actor,
      keyId: undefined,
    };
  }

  /** The result as its caller sees it. */
  result(fields: CommandResult): CommandResult {
    return this.wantsValues ? new DispatchedCommand(fields, this.module) : new HandledCommand(fields);
  }

  observed(): ObservedCommand {
    const { commandId, stream, attempts } = this;
    return { module: this.module.name, stream, commandId, commandType: this.envelope.type, attempts };
  }

  /**
   * Starts anew with what the store says. The command is read again as well: its handle may point into an instance that
   * has ended with the state's.
   * @throws CommandFailure `fault` or `trap`.
   */
  startAnew(): void {
    this.generation = this.module.generation;
    if (!this.ownsCommand) return;
    this.releaseCommand();
    this.command = decodeCommand(this.module, this.envelope);
  }

  /**
   * The state, with the duty to release it, if it still belongs to its revision. The initial state that a `no-stream`
   * command is decided on belongs to none: nobody has looked at the stream.
   */
  takeIntact(): LiveState | undefined {
    const { live } = this;
    if (!this.isStateIntact || live === undefined || this.route.precondition === 'no-stream') return undefined;
    this.live = undefined;
    return live;
  }

  /** Releases the state, if the loop has one. */
  releaseState(): void {
    this.live?.release();
    this.live = undefined;
  }

  releaseCommand(): void {
    if (this.ownsCommand && this.command !== undefined) this.module.releaseCommand(this.command);
    this.command = undefined;
  }
}
