/**
 * Forbids the ambient world, which a decision must not use: the clock, randomness, timers, the network and the
 * environment. While {@link withoutAmbient} runs a function, each use throws and is recorded with its place. Afterwards
 * everything is restored, whether the function returned or threw.
 *
 * A value that a module kept when it was loaded cannot be guarded: `const { now } = Date`, `const { pid } = process`,
 * `import { pid } from 'node:process'`, a formatter without a locale. A difference between two runs is still detected.
 */
import { builtinSlots, followBuiltins } from './builtins.ts';
import { dateSlots } from './date.ts';
import { environmentSlots, type ProcessData, processData, withOtherProcessData } from './environment.ts';
import { explainCall, type ForbiddenCall, NondeterminismError } from './forbidden-call.ts';
import { globalSlots, localeSlots } from './globals.ts';
import { guarded } from './guard.ts';
import { intlSlots } from './intl.ts';
import { notingPromises } from './promises.ts';
import { replaceAll, type Slot } from './slot.ts';

/** The value that a function returned, or the error that it threw. */
export type RunOutcome<Result> = { readonly value: Result } | { readonly error: unknown };

/** Calls a function while the environment and the arguments of the process have other values. */
export type InOtherProcess = <Result>(run: () => Result) => Result;

/**
 * Runs a function without the ambient world. Returns its outcome, and the forbidden calls that it made. In a nested
 * run, nothing has to be replaced again.
 *
 * @example const { outcome, calls } = withoutAmbient(() => price(order)); // `calls` has each use of the clock
 */
export function withoutAmbient<Result>(run: (inOtherProcess: InOtherProcess) => Result): {
  outcome: RunOutcome<Result>;
  calls: readonly ForbiddenCall[];
} {
  const calls: ForbiddenCall[] = [];
  const guardedRun = (data: ProcessData): RunOutcome<Result> => {
    const inOtherProcess: InOtherProcess = (part) => withOtherProcessData(data, part);
    return outcomeOf(() => guarded(calls, () => run(inOtherProcess)));
  };
  if (replaced !== undefined) return { outcome: guardedRun(replaced), calls };
  const data = processData();
  const restore = replaceAll((slots ??= allSlots()));
  try {
    followBuiltins();
    replaced = data;
    return { outcome: guardedRun(data), calls };
  } finally {
    replaced = undefined;
    restore();
    followBuiltins();
  }
}

/** The data of the process when the ambient world was replaced, or undefined while it is not replaced. */
let replaced: ProcessData | undefined;

/** All slots. They are found at the first run. */
let slots: readonly Slot[] | undefined;

function allSlots(): readonly Slot[] {
  return [...globalSlots(), ...localeSlots(), ...builtinSlots(), ...intlSlots(), ...dateSlots(), ...environmentSlots()];
}

function outcomeOf<Result>(run: () => Result): RunOutcome<Result> {
  try {
    return { value: run() };
  } catch (error) {
    return { error };
  }
}

/**
 * Does the same as {@link withoutAmbient}, but throws after a forbidden call, even if the function caught its error.
 *
 * @param isFailed tells whether a result is a failure that explains a promise, such as the fault of a function that
 *   returned a promise. A promise next to any other result is an error. By default, promises are ignored.
 */
export function runIsolated<Result>(
  run: (inOtherProcess: InOtherProcess) => Result,
  isFailed?: (result: Result) => boolean,
): Result {
  const { outcome, violation } = isolated(run, isFailed);
  if (violation !== undefined) throw new NondeterminismError(explainCall(violation), violation);
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

/** Does the same as {@link runIsolated}, but returns the first forbidden call or promise. */
export function isolated<Result>(
  run: (inOtherProcess: InOtherProcess) => Result,
  isFailed: (result: Result) => boolean = () => true,
): { readonly outcome: RunOutcome<Result>; readonly violation: ForbiddenCall | undefined } {
  const promises: ForbiddenCall[] = [];
  const { outcome, calls } = notingPromises(promises, () => withoutAmbient(run));
  const failed = 'error' in outcome || isFailed(outcome.value);
  return { outcome, violation: calls[0] ?? (failed ? undefined : promises[0]) };
}
