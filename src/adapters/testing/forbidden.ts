/**
 * What a decision must not reach: the clock, randomness, timers, the network and the environment. While
 * {@link withoutAmbient} runs a function, each of them throws and notes where it was called; afterwards everything is as it
 * was, whatever happened.
 *
 * A function that a module took out of its object when it was loaded (`const { now } = Date`) is not seen; what differs
 * between two runs is.
 */

import { type BuiltinFunction, builtinFunctions, followBuiltins } from './forbidden-builtins.ts';
import { intlReplacements } from './forbidden-intl.ts';

/** Why a call is forbidden, and what to do instead. */
const ADVICE = {
  clock: 'time is data: carry it in the command, or take it from what was recorded',
  'time zone': 'the zone of the machine is not part of history: use the UTC methods, or name the zone',
  locale: 'the locale of the machine is not part of history: name one, or compare plainly',
  randomness: 'draw it before, and carry it in the command',
  timers: 'nothing waits inside a decision: an event handler can schedule a command',
  network: 'ask before, and carry the answer in the command',
  environment: 'carry it in the command, or build it into the module and its version',
} as const;

/** A kind of what a decision must not reach. */
export type AmbientKind = keyof typeof ADVICE;

/** A call that broke the rule. */
export interface ForbiddenCall {
  /** As it stands in the code: `Date.now()`. */
  readonly call: string;
  readonly kind: AmbientKind;
  /** The place of the call in the code under test: file, line and column. */
  readonly where: string;
}

/** A decision that is no pure function of history and command. */
export class NondeterminismError extends Error {
  override readonly name: string = 'NondeterminismError';
  readonly code = 'nondeterministic';
  /** The first call that broke the rule; undefined where two runs differed without one. */
  readonly call: ForbiddenCall | undefined;

  constructor(message: string, call?: ForbiddenCall) {
    super(message);
    this.call = call;
  }
}

/** Says which call broke the rule, where, and what to do. */
export function explainCall({ call, kind, where }: ForbiddenCall): string {
  return `${call} was called at ${where}: a decision sees history and command only; ${ADVICE[kind]}`;
}

/** Runs a function without the ambient world, and gives what it gave with the forbidden calls that it made. */
export function withoutAmbient<Result>(run: () => Result): {
  outcome: Outcome<Result>;
  calls: readonly ForbiddenCall[];
} {
  const calls: ForbiddenCall[] = [];
  const forbid: Forbid = (call, kind) => {
    const forbidden = { call, kind, where: callerOf(new Error(call)) };
    calls.push(forbidden);
    throw new NondeterminismError(explainCall(forbidden), forbidden);
  };
  const replaced: Replaced[] = [];
  const depth = Error.stackTraceLimit;
  Error.stackTraceLimit = 64; // The call may be deep in a library that the code under test uses.
  try {
    for (const replacement of replacements(forbid)) replace(replacement, replaced);
    followBuiltins();
    return { outcome: outcomeOf(run), calls };
  } finally {
    for (const { object, key, descriptor } of replaced.reverse()) restore(object, key, descriptor);
    followBuiltins();
    Error.stackTraceLimit = depth;
  }
}

/** What a function gave or threw. */
export type Outcome<Result> = { readonly value: Result } | { readonly error: unknown };

function outcomeOf<Result>(run: () => Result): Outcome<Result> {
  try {
    return { value: run() };
  } catch (error) {
    return { error };
  }
}

/** Notes the call, and throws. */
export type Forbid = (call: string, kind: AmbientKind) => never;

/** What stands in the place of a property meanwhile: a value, or a getter. */
export type Replacement = { readonly object: object; readonly key: PropertyKey } & (
  | { readonly value: unknown }
  | { readonly get: () => unknown }
);

interface Replaced {
  readonly object: object;
  readonly key: PropertyKey;
  readonly descriptor: PropertyDescriptor | undefined;
}

function replace({ object, key, ...replacement }: Replacement, replaced: Replaced[]): void {
  const descriptor = Object.getOwnPropertyDescriptor(object, key);
  if (descriptor?.configurable === false) return; // Nothing on the list is so today; an engine that makes it so keeps it.
  replaced.push({ object, key, descriptor });
  Object.defineProperty(object, key, {
    ...('get' in replacement ? replacement : { ...replacement, writable: true }),
    configurable: true,
    enumerable: descriptor?.enumerable === true,
  });
}

function restore(object: object, key: PropertyKey, descriptor: PropertyDescriptor | undefined): void {
  if (descriptor === undefined) Reflect.deleteProperty(object, key);
  else Object.defineProperty(object, key, descriptor);
}

/** Methods by the object that holds them; those that this engine lacks are left out. */
const METHODS: readonly (readonly [holder: string, kind: AmbientKind, methods: readonly string[]])[] = [
  ['Math', 'randomness', ['random']],
  ['Crypto.prototype', 'randomness', ['getRandomValues', 'randomUUID', 'subtle']],
  ['Performance.prototype', 'clock', ['now', 'mark', 'measure', 'timeOrigin']],
  ['Temporal.Now', 'clock', ['instant', 'plainDateISO', 'plainDateTimeISO', 'plainTimeISO', 'zonedDateTimeISO']],
  ['process', 'clock', ['hrtime', 'uptime']],
  ['process', 'environment', ['cwd', 'memoryUsage', 'cpuUsage', 'resourceUsage']],
  ['', 'timers', ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'requestAnimationFrame']],
  ['AbortSignal', 'timers', ['timeout']],
  ['', 'network', ['fetch', 'XMLHttpRequest', 'WebSocket', 'EventSource']],
  ['', 'environment', ['localStorage', 'sessionStorage', 'navigator']],
  ['Date.prototype', 'time zone', ['getTimezoneOffset', 'getFullYear', 'getMonth', 'getDate', 'getDay', 'getHours']],
  ['Date.prototype', 'time zone', ['getMinutes', 'getSeconds', 'setFullYear', 'setMonth', 'setDate', 'setHours']],
  ['Date.prototype', 'time zone', ['setMinutes', 'toString', 'toDateString', 'toTimeString', 'toLocaleString']],
  ['Date.prototype', 'time zone', ['toLocaleDateString', 'toLocaleTimeString']],
];

/** Methods that depend on the machine unless they are given a locale, by the position of that argument. */
const LOCALE_METHODS: readonly (readonly [holder: string, method: string, argument: number])[] = [
  ['String.prototype', 'localeCompare', 1],
  ['Number.prototype', 'toLocaleString', 0],
  ['BigInt.prototype', 'toLocaleString', 0],
];

function holderOf(path: string): object | undefined {
  let holder: unknown = globalThis;
  for (const step of path === '' ? [] : path.split('.')) holder = holder && Reflect.get(Object(holder), step);
  return (typeof holder === 'object' && holder !== null) || typeof holder === 'function' ? holder : undefined;
}

function* replacements(forbid: Forbid): Iterable<Replacement> {
  // The methods first: what stands below looks up holders through the real Date and process.
  for (const [path, kind, methods] of METHODS) {
    const object = holderOf(path);
    if (object === undefined) continue;
    for (const key of methods) if (key in object) yield { object, key, value: forbidden(path, key, kind, forbid) };
  }
  for (const [path, key, argument] of LOCALE_METHODS) {
    const object = holderOf(path);
    const original: unknown = object && Reflect.get(object, key);
    if (object === undefined || typeof original !== 'function') continue;
    const value = function (this: unknown, ...args: unknown[]): unknown {
      return args[argument] === undefined ? forbid(callText(path, key), 'locale') : Reflect.apply(original, this, args);
    };
    yield { object, key, value };
  }
  for (const builtin of builtinFunctions()) {
    yield { object: builtin.object, key: builtin.key, value: forbiddenBuiltin(builtin, forbid) };
  }
  yield* intlReplacements(forbid);
  yield { object: globalThis, key: 'Date', value: dateWithoutClock(forbid) };
  const process = holderOf('process');
  if (process !== undefined && 'env' in process) {
    yield { object: process, key: 'env', value: environmentWithout(Object(process.env), forbid) };
  }
}

/** `Crypto.prototype` and `randomUUID` as people write it: `crypto.randomUUID()`. */
function callText(path: string, key: string): string {
  const instances: Record<string, string> = {
    'Crypto.prototype': 'crypto.',
    'Performance.prototype': 'performance.',
    '': '',
  };
  return `${instances[path] ?? `${path}.`}${key}()`;
}

/** A function that refuses to be called or constructed. Its members refuse too: `process.hrtime.bigint()`. */
function forbidden(path: string, key: string, kind: AmbientKind, forbid: Forbid): unknown {
  const refuse = (): never => forbid(callText(path, key), kind);
  // An arrow function could not be constructed: `new WebSocket()` would fail in other words.
  return new Proxy(class {}, {
    apply: refuse,
    construct: refuse,
    get: (_target, member) => forbid(callText(path, `${key}.${String(member)}`), kind),
  });
}

/** The engine's own modules call each other: only calls from elsewhere are refused. */
function forbiddenBuiltin({ original, call, kind }: BuiltinFunction, forbid: Forbid): unknown {
  return function (this: unknown, ...args: unknown[]): unknown {
    return isCalledByEngine() ? Reflect.apply(original, this, args) : forbid(call, kind);
  };
}

/** With a zone, or a date alone, which is UTC (ECMA-262, date time string format). */
const ZONED_TIME = /^[+-]?\d{4,6}(-\d\d(-\d\d)?)?$|(Z|[+-]\d\d:?\d\d|GMT|UTC)$/;

/** The real Date, except where the clock or the zone of the machine answers. */
function dateWithoutClock(forbid: Forbid): DateConstructor {
  const local = (text: unknown): boolean => typeof text === 'string' && !ZONED_TIME.test(text.trim());
  return new Proxy(Date, {
    apply: () => forbid('Date()', 'clock'),
    construct: (target, args, newTarget) => {
      if (args.length === 0) return forbid('new Date()', 'clock');
      if (args.length > 1) return forbid('new Date(year, month, …)', 'time zone');
      if (local(args[0])) return forbid('new Date(text without a zone)', 'time zone');
      return Reflect.construct(target, args, newTarget);
    },
    get: (target, key, receiver) => {
      if (key === 'now') return () => forbid('Date.now()', 'clock');
      if (key === 'parse') {
        return (text: string) =>
          local(text) ? forbid('Date.parse(text without a zone)', 'time zone') : target.parse(text);
      }
      return Reflect.get(target, key, receiver);
    },
  });
}

/**
 * Libraries ask NODE_ENV how much to check, not what to decide: that one may be read. So may all of it by the engine, which
 * looks for the colours of the terminal when something is printed.
 */
function environmentWithout(environment: object, forbid: Forbid): object {
  const refuse = (key: PropertyKey): never => forbid(`process.env.${String(key)}`, 'environment');
  return new Proxy(environment, {
    get: (target, key) => (key === 'NODE_ENV' || isCalledByEngine() ? Reflect.get(target, key) : refuse(key)),
    has: (_target, key) => refuse(key),
    set: (_target, key) => refuse(key),
    ownKeys: () => forbid('Object.keys(process.env)', 'environment'),
  });
}

/** The places on a stack outside this file and those named after it, the innermost first, without the functions' names. */
function framesOf(error: Error): string[] {
  const frames = (error.stack ?? '').split('\n').flatMap((line) => {
    const match = /(?:\(|at |@)((?:async )?[^()@]+?:\d+:\d+)\)?$/.exec(line.trim());
    return match?.[1] === undefined ? [] : [match[1].replace(/^file:\/\//, '')];
  });
  const here = frames[0]?.replace(/\.[jt]s:\d+:\d+$/, '') ?? '';
  return frames.filter((frame) => !frame.startsWith(here));
}

function isCalledByEngine(): boolean {
  return framesOf(new Error('who calls')).at(0)?.startsWith('node:') === true;
}

/** The place of the call: the innermost frame outside the engine and installed packages. */
function callerOf(error: Error): string {
  const outside = framesOf(error).filter((frame) => !frame.startsWith('node:'));
  return outside.find((frame) => !frame.includes('/node_modules/')) ?? outside[0] ?? 'an unknown place';
}
