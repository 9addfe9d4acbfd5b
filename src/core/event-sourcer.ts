/**
 * `event-sourcer` (wit/event-sourcer.wit). To handle a command, it routes the command, loads and folds its stream,
 * decides and appends.
 */
import type { Conflict, InvalidArgument, StoreFault } from './event-store.ts';
import type { Envelope, Fault, Outcome, Precondition, RecordedEvent } from './messages.ts';

/** The options of one command. */
export interface CommandOptions {
  /**
   * Makes the command idempotent. Without it, a second delivery is a new command.
   * @default a new UUID
   */
  readonly commandId?: string | undefined;
  /** The id of the conversation that the command belongs to. @default the command's own id */
  readonly correlationId?: string | undefined;
  /** The id of the cause of the command, for example an event or a request. */
  readonly causationId?: string | undefined;
  /** The sender of the command. */
  readonly actor?: string | undefined;
  /**
   * A precondition in addition to the one that the module declares for the command. It can only strengthen the declared
   * precondition.
   */
  readonly precondition?: Precondition | undefined;
  /** The command fails if it is not committed by this time, in milliseconds since the Unix epoch. */
  readonly deadline?: bigint | undefined;
}

/** The result of one command. */
export interface CommandResult {
  /** The id under which the command is recorded: the one that the caller passed, or a new one. */
  readonly commandId: string;
  /** The stream to which the decision was committed. */
  readonly stream: string;
  /** The name of the module that decided. */
  readonly module: string;
  /** The recorded decision: accepted, or rejected by the domain. */
  readonly outcome: Outcome;
  /** The events that the decision appended. */
  readonly events: readonly RecordedEvent[];
  /** The stream's last revision right after the decision, or undefined if the stream has no events. */
  readonly revision?: bigint | undefined;
  /**
   * The position of the last event of the decision, or undefined if it has no events. A reader that has processed this
   * position has processed the decision.
   */
  readonly position?: bigint | undefined;
  /** True if the command id was already recorded. The result is then the first outcome. */
  readonly duplicate: boolean;
  /** The number of times that the command was decided: one more than its conflicts, or 0 for a duplicate. */
  readonly attempts: number;
}

/** Selects a state of a stream. */
export interface ReadStateOptions {
  /** The name of the module that folds the stream. It may be omitted if there is only one module. */
  readonly module?: string | undefined;
  /** The last revision to fold. @default the newest revision */
  readonly revision?: bigint | undefined;
}

/** A state, encoded by the module that folded it. */
export interface FoldedState {
  /** The name of the module that folded the stream. */
  readonly module: string;
  /** The version of that module. */
  readonly moduleVersion: string;
  /** The content type of `state`. */
  readonly contentType: string;
  /** The state's bytes, encoded by the module. */
  readonly state: Uint8Array;
  /**
   * The last revision that is folded into the state, or undefined if the stream has no events, so that this is the
   * initial state.
   */
  readonly revision?: bigint | undefined;
}

/** Names the refused command, module or option, with a message that has the reason and the remedy. */
export interface Refusal {
  /** The name of the refused command, module or option. */
  readonly subject: string;
  /** The reason and the remedy, for a person to read. */
  readonly message: string;
}

/** The errors of the event sourcer. */
export type CommandError =
  /** An option or the envelope is invalid. */
  | { readonly tag: 'invalid-argument'; readonly val: InvalidArgument }
  /** No module accepts this command type, or no module has this name. */
  | { readonly tag: 'unroutable'; readonly val: Refusal }
  /** The module could not do its work. Nothing was recorded. */
  | { readonly tag: 'fault'; readonly val: Fault }
  /** The module ended abnormally, by a trap or by an exhausted budget. Nothing was recorded. */
  | { readonly tag: 'trap'; readonly val: Fault }
  /** The precondition did not hold in the last attempt. */
  | { readonly tag: 'conflict'; readonly val: Conflict }
  /** The command id was already used for a command with different content. */
  | { readonly tag: 'command-id-reused'; readonly val: Refusal }
  /** The stream is longer than the replay limit. */
  | { readonly tag: 'replay-limit'; readonly val: Refusal }
  /** The authorizer refused the command, or failed. */
  | { readonly tag: 'unauthorized'; readonly val: Refusal }
  /** The admission limit is reached. Nothing was done. Send the command again later. */
  | { readonly tag: 'overloaded'; readonly val: Refusal }
  /** The caller cancelled before the commit. Nothing was recorded. */
  | { readonly tag: 'cancelled'; readonly val: Refusal }
  /** The deadline passed before the commit. Nothing was recorded. */
  | { readonly tag: 'deadline-exceeded'; readonly val: Refusal }
  /** The store could not do its work. Nothing was recorded, unless `val.code` is `unknown-outcome`. */
  | { readonly tag: 'store'; readonly val: StoreFault }
  /** The event sourcer or its store is closing or closed. */
  | { readonly tag: 'closed'; readonly val: Refusal };

/** The two functions through which callers use deciders. */
export interface EventSourcer {
  /**
   * Decides a command and stores the decision.
   * @throws CommandFailure whose `payload` is a {@link CommandError}.
   */
  handleCommand(command: Envelope, options: CommandOptions): Promise<CommandResult>;

  /**
   * Folds the state of a stream.
   * @throws CommandFailure whose `payload` is a {@link CommandError}.
   */
  readState(stream: string, options: ReadStateOptions): Promise<FoldedState>;
}
