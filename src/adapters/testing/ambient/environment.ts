/** Guards `process.env`, and finds decisions that depend on the environment or the arguments of the process. */
import { processes } from './globals.ts';
import { forbid, isCalledByEngine } from './guard.ts';
import type { Slot } from './slot.ts';

type Trap = (...args: never) => unknown;

/** Yields a slot for the environment of each process object. */
export function* environmentSlots(): Iterable<Slot> {
  for (const object of processes()) {
    yield { object, key: 'env', replacement: ({ value }) => ({ value: guardedEnvironment(Object(value)) }) };
  }
}

/**
 * Makes an environment whose variables must not be read. NODE_ENV may be read, because libraries use it to choose the
 * extent of their checks, not their results. The engine may read all variables, because it determines the colours of
 * the terminal when something is printed.
 */
function guardedEnvironment(environment: object): object {
  const allow = (key: PropertyKey, trap: Trap): void => {
    if (key === 'NODE_ENV' || typeof key === 'symbol' || isCalledByEngine(trap)) return;
    forbid(`process.env.${key}`, 'environment', trap);
  };
  // The engine must read the same values in all runs.
  const real = (): object => originals.get(environment) ?? environment;
  const get = (_target: object, key: PropertyKey): unknown => {
    allow(key, get);
    return Reflect.get(real(), key);
  };
  const has = (_target: object, key: PropertyKey): boolean => {
    allow(key, has);
    return Reflect.has(real(), key);
  };
  const getOwnPropertyDescriptor = (_target: object, key: PropertyKey): PropertyDescriptor | undefined => {
    allow(key, getOwnPropertyDescriptor);
    const descriptor = Reflect.getOwnPropertyDescriptor(real(), key);
    return descriptor && { ...descriptor, configurable: true };
  };
  const ownKeys = (): (string | symbol)[] => {
    if (isCalledByEngine(ownKeys)) return Reflect.ownKeys(real());
    return forbid('Object.keys(process.env)', 'environment', ownKeys);
  };
  const set = (_target: object, key: PropertyKey): never => forbid(`process.env.${String(key)}`, 'environment', set);
  const deleteProperty = (_target: object, key: PropertyKey): never =>
    forbid(`process.env.${String(key)}`, 'environment', deleteProperty);
  return new Proxy({}, { get, has, getOwnPropertyDescriptor, ownKeys, set, deleteProperty });
}

/** The variables that are not changed. NODE_ENV may be read, and a change of TZ would reset the engine's time zone. */
const KEPT: ReadonlySet<string> = new Set(['NODE_ENV', 'TZ']);

/** The original values of the environments that are currently changed. */
const originals = new Map<object, NodeJS.ProcessEnv>();

/** Returns the environments and arguments of the process. Call this function before they are replaced. */
export function processData(): ProcessData {
  const objects = [...processes()];
  return {
    environments: new Set(objects.map(({ env }) => env).filter((env) => typeof env === 'object')),
    lists: new Set(objects.flatMap(({ argv, execArgv }) => [argv, execArgv]).filter(Array.isArray)),
  };
}

/** The result of {@link processData}. */
export interface ProcessData {
  readonly environments: ReadonlySet<NodeJS.ProcessEnv>;
  readonly lists: ReadonlySet<string[]>;
}

/**
 * Runs a function while the environment and the arguments of the process have other values. A module that kept
 * `process.env` when it was loaded can still read it, but then its two decisions differ.
 */
export function withOtherProcessData<Result>({ environments, lists }: ProcessData, run: () => Result): Result {
  if (originals.size > 0) return run(); // In a nested run, the environments are replaced already.
  const kept = [...lists].map((list) => [list, [...list]] as const);
  const other = (value: string): string => `${value} (other)`;
  try {
    for (const env of environments) {
      const values = { ...env };
      originals.set(env, values);
      for (const [key, value] of Object.entries(values)) if (!KEPT.has(key)) env[key] = other(String(value));
    }
    for (const [list, values] of kept) list.splice(0, list.length, ...values.map(other), other(''));
    return run();
  } finally {
    for (const [env, values] of originals) {
      for (const [key, value] of Object.entries(values)) if (!KEPT.has(key)) Reflect.set(env, key, value);
    }
    originals.clear();
    for (const [list, values] of kept) list.splice(0, list.length, ...values);
  }
}
