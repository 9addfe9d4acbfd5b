/** The observer of the event sourcer, for logs and telemetry. Every hook is optional. A missing hook costs nothing. */
import type { CommandFailure } from '../errors.ts';
import type { CommandResult } from '../event-sourcer.ts';
import type { Conflict } from '../event-store.ts';
import type { OptionNames } from '../unknown-names.ts';

/** The module and the stream of an observation. */
export interface ObservedStream {
  /** The name of the module that decides. */
  readonly module: string;
  readonly stream: string;
}

/** The command of an observation. */
export interface ObservedCommand extends ObservedStream {
  readonly commandId: string;
  /** The type of the command, for example `Deposit`. */
  readonly commandType: string;
  /** The number of decisions so far. */
  readonly attempts: number;
}

/** The snapshot of an observation. */
export interface ObservedSnapshot extends ObservedStream {
  /** The version of the module, to which the snapshot belongs. */
  readonly moduleVersion: string;
  /** The revision of the snapshot, or `undefined` if the store found the snapshot damaged. */
  readonly revision: bigint | undefined;
}

/** A command that has ended with an outcome. */
export interface FinishedCommand extends ObservedCommand {
  /**
   * Milliseconds from the call to the outcome. This time includes waiting for other commands, loading, deciding and
   * committing.
   */
  readonly milliseconds: number;
}

/** A command that has failed. A field is `undefined` if the command failed before its value was known. */
export interface FailedCommand {
  /** The name of the module that accepts the command type. */
  readonly module: string | undefined;
  readonly stream: string | undefined;
  readonly commandId: string | undefined;
  readonly commandType: string | undefined;
  /** The number of decisions, 0 if the command failed before the first one. */
  readonly attempts: number;
  /** Milliseconds from the call to the failure. */
  readonly milliseconds: number;
}

/**
 * Hooks for logs and telemetry. Each is optional. Errors of a hook are ignored, so a hook cannot make a command fail.
 *
 * Each command calls exactly one of `committed`, `rejected`, `duplicate` and `failed`, before its promise settles.
 */
export interface EventSourcerObserver {
  /** A decision was stored with its events, possibly none. */
  committed?(command: FinishedCommand, result: CommandResult): void;
  /** The domain rejected the command, and the rejection was stored: `result.outcome.val` has its code. */
  rejected?(command: FinishedCommand, result: CommandResult): void;
  /** The command was a duplicate. Nothing was stored, and `result` is the first outcome. */
  duplicate?(command: FinishedCommand, result: CommandResult): void;
  /** The command failed. Nothing was stored, unless the code in the failure's payload is `unknown-outcome`. */
  failed?(command: FailedCommand, failure: CommandFailure): void;
  /** The stream did not satisfy the precondition. `retrying` is true if the command is decided again. */
  conflict?(command: ObservedCommand, conflict: Conflict, retrying: boolean): void;
  /**
   * The module failed on a state from the cache. The state is loaded from the store, and the command is decided again.
   */
  cachedStateFailed?(command: ObservedCommand, failure: CommandFailure): void;
  /** A snapshot was stored after a command. */
  snapshotSaved?(snapshot: ObservedSnapshot): void;
  /** A snapshot could not be stored. The command is committed nevertheless, and later loads read more events. */
  snapshotFailed?(snapshot: ObservedSnapshot, error: unknown): void;
  /** A snapshot was unreadable or contradicted the stream. It was dropped, and the stream was replayed. */
  snapshotDropped?(snapshot: ObservedSnapshot, reason: unknown): void;
  /** A module failed to release a handle. */
  releaseFailed?(module: string, error: unknown): void;
}

/** The names of all hooks. */
export const HOOKS: OptionNames<EventSourcerObserver> = {
  committed: true,
  rejected: true,
  duplicate: true,
  failed: true,
  conflict: true,
  cachedStateFailed: true,
  snapshotSaved: true,
  snapshotFailed: true,
  snapshotDropped: true,
  releaseFailed: true,
};

/** Returns the hooks of the event sourcer from an observer that has other hooks too. */
export function eventSourcerHooks(observer: EventSourcerObserver): EventSourcerObserver {
  const names = Object.keys(HOOKS) as (keyof EventSourcerObserver)[];
  const hooks = names.flatMap((name) => {
    const hook = observer[name];
    return hook === undefined ? [] : [[name, hook.bind(observer)] as const];
  });
  return Object.fromEntries(hooks);
}

/** Calls a hook. Its errors are ignored. */
export function notify(hook: () => void): void {
  try {
    hook();
  } catch {}
}
