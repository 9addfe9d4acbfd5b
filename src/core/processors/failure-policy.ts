/** Decides what a processor does if an event cannot be processed. */
import { checkInteger } from '../check-integer.ts';
import { type DecidableError, DefinitionError, isFault } from '../errors.ts';
import { checkOptionNames } from '../option-names.ts';
import { mustBe } from '../predicates.ts';
import type { OptionNames } from '../unknown-names.ts';
import { type Clock, sleepFor } from './clock.ts';
import { StatementFailed, type StopReason } from './processor-store.ts';

/**
 * Determines what a processor does if an event cannot be processed. The delays also apply while a store is unavailable,
 * for example while its server restarts. Such attempts do not count as retries, and never end.
 */
export interface FailurePolicy {
  /**
   * The number of retries of a temporary failure. A fault is not retried, because a pure function fails in the same way
   * again.
   * @default 5
   */
  readonly retries?: number | undefined;
  /**
   * The delay before the first retry, in milliseconds. Each further delay is twice as long. Each delay is shortened at
   * random by up to one half, so that members do not retry simultaneously.
   * @default 100
   */
  readonly firstDelay?: number | undefined;
  /**
   * The maximum delay in milliseconds.
   * @default 30000
   */
  readonly longestDelay?: number | undefined;
  /**
   * With `stop`, the processor stops and stores the reason, and no event is skipped. With `park`, the event is stored
   * with its reason, later events of its key wait too, and other keys continue. A failure of the store, such as a full
   * disk, stops the processor, because the event is not its cause. If a store is temporarily unavailable, the processor
   * waits until it responds, and neither stops nor parks.
   * @default 'stop'
   */
  readonly finally?: 'stop' | 'park' | undefined;
}

/** A policy with every option set. */
export type CompletePolicy = { readonly [Name in keyof FailurePolicy]-?: NonNullable<FailurePolicy[Name]> };

const NAMES: OptionNames<FailurePolicy> = { retries: true, firstDelay: true, longestDelay: true, finally: true };

/** Checks a policy, and sets the defaults. @throws DefinitionError if an option is invalid or unknown. */
export function completePolicy(policy: FailurePolicy = {}, place: string): CompletePolicy {
  checkOptionNames(policy, NAMES, place);
  const complete: CompletePolicy = {
    retries: policy.retries ?? 5,
    firstDelay: policy.firstDelay ?? 100,
    longestDelay: policy.longestDelay ?? 30_000,
    finally: policy.finally ?? 'stop',
  };
  for (const name of ['retries', 'firstDelay', 'longestDelay'] as const) {
    checkInteger(complete[name], 0, `${place}.${name}`);
  }
  if (complete.finally !== 'stop' && complete.finally !== 'park') {
    throw new DefinitionError(`${place}.finally`, mustBe("'stop' or 'park'", complete.finally));
  }
  return complete;
}

/**
 * The kind of a failure: `permanent` if the event is its cause, `passing` if a retry may succeed, and `store` if the
 * store is its cause.
 */
export type FailureKind = 'permanent' | 'passing' | 'store';

/**
 * The codes of failures that a retry cannot avoid. A budget ends a pure function at the same place each time, but other
 * traps may be due to the instance.
 */
const PERMANENT_CODES: ReadonlySet<string> = new Set([
  'fenced',
  'fuel-exhausted',
  'call-depth-exhausted',
  'memory-exhausted',
  'tables-exhausted',
  'fault',
  'unroutable',
  'command-id-reused',
  'replay-limit',
  'invalid-argument',
]);

const STORE_CODES: ReadonlySet<string> = new Set(['store', 'failure', 'closed', 'overloaded', 'conflict']);

/** The codes of failures that end without a change of the program, the disk or the data. */
const UNAVAILABLE_CODES: ReadonlySet<string> = new Set(['io', 'busy', 'unknown-outcome']);

/** Returns whether a store cannot respond at the moment: a lost connection, a restart, or a lock of another process. */
export function isUnavailable(error: unknown): boolean {
  const { family, payload, cause } = (error ?? {}) as Partial<DecidableError>;
  // A command failure has the failure of the store as its cause. Without a cause, the outcome is unknown because of a
  // bug.
  if (family === 'decidable/command') return isUnavailable(cause);
  if (family !== 'decidable/store' && family !== 'decidable/append') return false;
  const code = (payload as { readonly val?: { readonly code?: unknown } } | undefined)?.val?.code;
  return typeof code === 'string' && UNAVAILABLE_CODES.has(code);
}

/** Classifies an error that a processor threw. */
export function failureKind(error: unknown): FailureKind {
  if (isFault(error)) return 'permanent';
  if (error instanceof StatementFailed) return 'permanent';
  const { family, code, payload } = (error ?? {}) as Partial<DecidableError>;
  if (typeof family !== 'string' || typeof code !== 'string') return 'passing';
  if (family === 'decidable/store' || family === 'decidable/append') return 'store';
  if (PERMANENT_CODES.has(code)) return 'permanent';
  if (family === 'decidable/command') {
    if (STORE_CODES.has(code)) return 'store';
    // A command failure for a trap contains the code of the trap.
    const inner = (payload as { readonly val?: { readonly code?: string } } | undefined)?.val?.code;
    if (inner !== undefined && PERMANENT_CODES.has(inner)) return 'permanent';
  }
  return 'passing';
}

/** Returns whether a handle belongs to an instance that has trapped, perhaps while another processor used it. */
export function isStaleHandle(error: unknown): boolean {
  return (error as { readonly code?: unknown } | undefined)?.code === 'stale-handle';
}

/** Returns the reason of a stop, which is stored for later inspection. */
export function stopReason(error: unknown, position: bigint | undefined, at: number): StopReason {
  return {
    code: codeOf(error),
    message: error instanceof Error ? error.message : String(error),
    position,
    at,
  };
}

/**
 * Returns the most precise code of an error. A failure of the store or of a command contains its cause, which has a
 * separate code, such as `full` for a file or `fuel-exhausted` for a trap.
 */
function codeOf(error: unknown): string {
  const { code, payload } = (error ?? {}) as {
    readonly code?: unknown;
    readonly payload?: { readonly val?: { readonly code?: unknown } };
  };
  const precise = payload?.val?.code ?? code;
  return typeof precise === 'string' ? precise : 'unexpected-exception';
}

/** Sleeps before the next attempt. @param failures the number of failures since the last success. */
export function backOff(policy: CompletePolicy, clock: Clock, failures: number, signal: AbortSignal): Promise<void> {
  const longest = Math.min(policy.firstDelay * 2 ** (failures - 1), policy.longestDelay);
  return sleepFor(clock, longest * (0.5 + Math.random() / 2), signal);
}

/**
 * Runs `attempt` until it succeeds, fails permanently, or has no retries left. While a store is unavailable, the
 * attempts continue.
 * @param onUnavailable called for each failure of an unavailable store.
 */
export async function retrying<Result>(
  policy: CompletePolicy,
  clock: Clock,
  signal: AbortSignal,
  attempt: () => Result | Promise<Result>,
  onUnavailable?: (error: unknown) => void,
): Promise<Result> {
  let failures = 0;
  let outages = 0;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) throw error;
      if (isUnavailable(error)) {
        onUnavailable?.(error);
        await backOff(policy, clock, ++outages, signal);
        continue;
      }
      if (failures >= policy.retries || failureKind(error) === 'permanent') throw error;
      await backOff(policy, clock, ++failures, signal);
    }
  }
}

/** An event that could not be processed, with the failure. */
export class EventFailed extends Error {
  readonly position: bigint;

  constructor(position: bigint, cause: unknown) {
    super('an event could not be processed', { cause });
    this.position = position;
  }
}
