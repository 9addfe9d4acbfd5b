/** Records and refuses forbidden calls, and finds their callers. */
import { type AmbientKind, explainCall, type ForbiddenCall, NondeterminismError } from './forbidden-call.ts';

/** The function that replaces a forbidden one. Stacks are read from its caller upwards. */
type Callee = (...args: never) => unknown;

/** The forbidden calls of the current run. It is undefined between runs, and while the test kit's own code runs. */
let calls: ForbiddenCall[] | undefined;

/** Refuses forbidden calls while `run` runs, and records them in `noted`. Runs may be nested. */
export function guarded<Result>(noted: ForbiddenCall[] | undefined, run: () => Result): Result {
  const outer = calls;
  calls = noted;
  try {
    return run();
  } finally {
    calls = outer;
  }
}

/**
 * Records the call, and throws.
 * @param callee the function that replaces the forbidden one. It must be on the stack.
 */
export function forbid(call: string, kind: AmbientKind, callee: Callee): never {
  const forbidden = { call, kind, where: placeOf(callersOf(callee)) };
  calls?.push(forbidden);
  throw new NondeterminismError(explainCall(forbidden), forbidden);
}

/**
 * Returns whether the engine's own code called `callee`. For example, `console.log` reads the colours of the terminal.
 */
export function isCalledByEngine(callee: Callee): boolean {
  return calls === undefined || ENGINE.test(callersOf(callee)[0] ?? '');
}

/**
 * Returns whether the engine's own code called `callee` and uses the result itself. The result is false if the engine
 * passes the result of `callee` on to its own caller.
 */
export function isUsedByEngine(callee: Callee): boolean {
  if (calls === undefined) return true;
  const caller = callersOf(callee)[0] ?? '';
  return ENGINE.test(caller) && !PASSES_ON.test(caller);
}

/** The names of the engine's own modules, in Node, Bun and Deno. */
const ENGINE = /^(node|bun|deno|ext):/;

/**
 * Matches modules of the engine that pass results on to their caller. For example, `path.resolve('x')` and
 * `pathToFileURL('x')` return the current folder.
 */
const PASSES_ON = /^node:(path|internal\/url)/;

/** Returns the places on the stack from the caller of `callee`, the innermost first, without the functions' names. */
function callersOf(callee: Callee): string[] {
  const places = placesIn(stackOf(callee));
  if (places.length > 0 || Error.prepareStackTrace === undefined) return places;
  // The program formats stacks in its own way.
  const { prepareStackTrace } = Error;
  Reflect.set(Error, 'prepareStackTrace', undefined);
  try {
    return placesIn(stackOf(callee));
  } finally {
    Reflect.set(Error, 'prepareStackTrace', prepareStackTrace);
  }
}

function stackOf(callee: Callee): string {
  const error: { stack?: unknown } = {};
  const depth = Error.stackTraceLimit;
  // The call may be deep in a library. Assertions create their errors with a limit of 0, so the limit is set here.
  Reflect.set(Error, 'stackTraceLimit', 64);
  try {
    Error.captureStackTrace(error, callee);
    return String(error.stack); // The stack is formatted when it is first read.
  } finally {
    Reflect.set(Error, 'stackTraceLimit', depth);
  }
}

function placesIn(stack: string): string[] {
  return stack.split('\n').flatMap((line) => {
    const match = /(?:\(|at |@)((?:async )?[^()@]+?:\d+:\d+)\)?$/.exec(line.trim());
    return match?.[1] === undefined ? [] : [match[1].replace(/^file:\/\//, '')];
  });
}

/**
 * Returns the place of the code that caused a call of `callee` by a hook of the engine, or undefined if the engine's
 * own code caused it.
 */
export function placeOfCaller(callee: Callee): string | undefined {
  const callers = callersOf(callee).filter((place) => !HOOKS.test(place));
  return calls === undefined || ENGINE.test(callers[0] ?? 'node:') ? undefined : placeOf(callers);
}

const HOOKS = /^node:internal\/(async_hooks|promise_hooks)/;

/** Returns the innermost place outside the engine, preferably outside installed packages. */
function placeOf(callers: readonly string[]): string {
  const outside = callers.filter((place) => !ENGINE.test(place));
  return outside.find((place) => !place.includes('/node_modules/')) ?? outside[0] ?? 'an unknown place';
}
