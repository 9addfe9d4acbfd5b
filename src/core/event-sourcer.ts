/** `event-sourcer` (wit/event-sourcer.wit): the loop. Route, load, fold, decide, append. */
import type { Conflict, InvalidArgument, StoreFailure } from './event-store.ts';
import type { Envelope, Fault, Outcome, Precondition, RecordedEvent } from './messages.ts';

/** How one command is to be handled. */
export interface CommandOptions {
  /** Makes the command idempotent. Undefined: an id is drawn, and a redelivery is a new command. */
  readonly commandId: string | undefined;
  /** Undefined: the command's own id. */
  readonly correlationId: string | undefined;
  readonly causationId: string | undefined;
  /** Who sends the command. */
  readonly actor: string | undefined;
  /** Strengthens the guard that the module declares for the command; it can never weaken it. */
  readonly expected: Precondition | undefined;
  /** Give up at this time, milliseconds since the Unix epoch, if the command is not committed by then. */
  readonly deadline: bigint | undefined;
}

/** What became of one command. */
export interface CommandResult {
  readonly commandId: string;
  readonly stream: string;
  /** The name of the module that decided. */
  readonly module: string;
  readonly outcome: Outcome;
  /** What the decision appended. */
  readonly events: readonly RecordedEvent[];
  /** The stream's last revision right after the decision; undefined: it had no events. */
  readonly revision: bigint | undefined;
  /** The command id was known, and this is its first outcome. */
  readonly redelivered: boolean;
  /** How often the command was decided: 1, and one more for each conflict; 0: it was redelivered. */
  readonly attempts: number;
}

/** Which state of a stream to fold. */
export interface ReadStateOptions {
  /** Which module folds the stream; undefined: the only one there is. */
  readonly module: string | undefined;
  /** The last revision to fold; undefined: the newest. */
  readonly revision: bigint | undefined;
}

/** A state, as the bytes of the module that folded it. */
export interface FoldedState {
  readonly module: string;
  readonly moduleVersion: string;
  readonly contentType: string;
  readonly state: Uint8Array;
  /** The last revision folded; undefined: the stream has no events, and this is the initial state. */
  readonly revision: bigint | undefined;
}

/** A refusal that names what was refused, why, and the way out. */
export interface Refusal {
  readonly subject: string;
  readonly message: string;
}

/** What handling a command or reading a state can fail with. */
export type CommandError =
  /** The options or the envelope cannot be meant. */
  | { readonly tag: 'invalid-argument'; readonly val: InvalidArgument }
  /** No module takes this command type, or no module has this name. */
  | { readonly tag: 'unroutable'; readonly val: Refusal }
  /** The module could not do its work. Nothing was recorded. */
  | { readonly tag: 'fault'; readonly val: Fault }
  /** The module ended abnormally, by a trap or by an exhausted budget. Nothing was recorded. */
  | { readonly tag: 'trap'; readonly val: Fault }
  /** The guard did not hold, in the last of the attempts. */
  | { readonly tag: 'conflict'; readonly val: Conflict }
  /** The command id was used before, for a command with other content. */
  | { readonly tag: 'command-id-reused'; readonly val: Refusal }
  /** The stream is longer than the replay limit. */
  | { readonly tag: 'replay-limit'; readonly val: Refusal }
  /** The authorizer said no, or failed. */
  | { readonly tag: 'unauthorized'; readonly val: Refusal }
  /** The admission limit is reached. Nothing was done; try again later. */
  | { readonly tag: 'overloaded'; readonly val: Refusal }
  /** The caller cancelled before the commit. Nothing was recorded. */
  | { readonly tag: 'cancelled'; readonly val: Refusal }
  /** The deadline passed before the commit. Nothing was recorded. */
  | { readonly tag: 'deadline-exceeded'; readonly val: Refusal }
  | { readonly tag: 'store'; readonly val: StoreFailure }
  /** The event sourcer, or its store, is closing or closed. */
  | { readonly tag: 'closed'; readonly val: Refusal };

/** The two functions through which everything outside uses a decider. */
export interface EventSourcer {
  /** @throws CommandFailure whose `payload` is a {@link CommandError}. */
  handleCommand(command: Envelope, options: CommandOptions): Promise<CommandResult>;

  /** @throws CommandFailure whose `payload` is a {@link CommandError}. */
  readState(stream: string, options: ReadStateOptions): Promise<FoldedState>;
}
