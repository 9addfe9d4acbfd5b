/**
 * What Node's own modules offer of the ambient world: `import { randomUUID } from 'node:crypto'`. Named imports are bound
 * to the module's exports, and follow them when they are told to (`syncBuiltinESMExports`, 0.1 ms).
 */
import type { AmbientKind } from './forbidden.ts';

/** A function of one of Node's modules, and how people write it. */
export interface BuiltinFunction {
  readonly object: object;
  readonly key: string;
  readonly original: (...args: unknown[]) => unknown;
  /** `crypto.randomUUID()`. */
  readonly call: string;
  readonly kind: AmbientKind;
}

const BUILTINS: readonly (readonly [module: string, kind: AmbientKind, functions: RegExp])[] = [
  ['crypto', 'randomness', /^(random|getRandomValues|generateKey|generatePrime)/],
  ['fs', 'environment', /Sync$|^(read|write|append)File$/],
  ['fs/promises', 'environment', /^[a-z]/],
  ['os', 'environment', /^[a-z]/],
  ['child_process', 'environment', /^(exec|spawn|fork)/],
  ['timers', 'timers', /^set/],
  ['timers/promises', 'timers', /^set/],
  ['process', 'timers', /^nextTick$/],
  ['http', 'network', /^(get|request|createServer)$/],
  ['https', 'network', /^(get|request|createServer)$/],
  ['http2', 'network', /^(connect|create)/],
  ['net', 'network', /^(connect|create)/],
  ['tls', 'network', /^(connect|createServer)$/],
  ['dgram', 'network', /^createSocket$/],
  ['dns', 'network', /^(lookup|resolve|reverse)/],
  ['dns/promises', 'network', /^(lookup|resolve|reverse)/],
];

interface NodeProcess {
  getBuiltinModule(name: string): unknown;
}

function nodeProcess(): NodeProcess | undefined {
  const process: unknown = Reflect.get(globalThis, 'process');
  if (typeof process !== 'object' || process === null || !('getBuiltinModule' in process)) return undefined;
  return process as NodeProcess;
}

/** The functions, where this is Node; none elsewhere. */
export function builtinFunctions(): BuiltinFunction[] {
  const process = nodeProcess();
  if (process === undefined) return [];
  return BUILTINS.flatMap(([name, kind, functions]) => {
    const object = process.getBuiltinModule(`node:${name}`);
    if (typeof object !== 'object' || object === null) return [];
    return Object.entries(object).flatMap(([key, original]): BuiltinFunction[] =>
      functions.test(key) && typeof original === 'function'
        ? [{ object, key, original, call: `${name.replace('/promises', '')}.${key}()`, kind }]
        : [],
    );
  });
}

/** Lets the named imports of Node's modules follow what their exports are now. */
export function followBuiltins(): void {
  const module: unknown = nodeProcess()?.getBuiltinModule('node:module'); // A function, with functions on it.
  const follow: unknown = typeof module === 'function' ? Reflect.get(module, 'syncBuiltinESMExports') : undefined;
  if (typeof follow === 'function') follow();
}
