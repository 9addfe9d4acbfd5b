/**
 * The forbidden functions of Node's built-in modules, such as `randomUUID` of `node:crypto`. Named imports are bound to
 * the module's exports, and `syncBuiltinESMExports` updates them after a change (0.1 ms).
 */
import type { AmbientKind } from './forbidden-call.ts';
import { forbid, isCalledByEngine } from './guard.ts';
import { refusingFunction } from './refusing.ts';
import { objectAt, type Slot } from './slot.ts';

/** The forbidden functions of one module. `only` and `except` are names, separated by spaces. Constants are allowed. */
interface Row {
  readonly module: string;
  readonly kind: AmbientKind;
  readonly only?: RegExp;
  readonly except?: string;
}

/**
 * The forbidden functions of all modules. Every other function of Node 24's modules is in the list
 * `test/adapters/testing/ambient/allowed-builtins.txt`.
 */
export const FORBIDDEN_BUILTINS: readonly Row[] = [
  {
    module: 'crypto',
    kind: 'randomness',
    only: /^(random|generate|create(DiffieHellman|ECDH|Sign)$|sign$|publicEncrypt|encaps|DiffieHellman$|ECDH$|Sign$)/,
  },
  { module: 'crypto', kind: 'environment', only: /^(getC|getHashes|getFips|setFips|setEngine|secureHeapUsed)/ },
  {
    module: 'perf_hooks',
    kind: 'clock',
    only: /^(monitorEventLoopDelay|eventLoopUtilization|timerify|Performance(Mark|Observer)$)/,
  },
  { module: 'timers', kind: 'timers', only: /^set/ },
  { module: 'timers/promises', kind: 'timers' },
  {
    module: 'worker_threads',
    kind: 'network',
    only: /^(receiveMessageOnPort|postMessageToThread|Worker|BroadcastChannel|MessageChannel)$/,
  },
  { module: 'worker_threads', kind: 'environment', only: /EnvironmentData$/ },
  { module: 'http', kind: 'network', except: 'validateHeaderName validateHeaderValue' },
  { module: 'https', kind: 'network' },
  { module: 'http2', kind: 'network', except: 'getDefaultSettings getPackedSettings getUnpackedSettings' },
  { module: 'net', kind: 'network', except: 'isIP isIPv4 isIPv6' },
  { module: 'tls', kind: 'network' },
  { module: 'dgram', kind: 'network' },
  { module: 'dns', kind: 'network' },
  { module: 'dns/promises', kind: 'network' },
  { module: 'fs', kind: 'environment', except: 'Dirent Stats Dir _toUnixTimestamp' },
  { module: 'fs/promises', kind: 'environment' },
  { module: 'os', kind: 'environment' },
  { module: 'child_process', kind: 'environment' },
  { module: 'cluster', kind: 'environment' },
  { module: 'inspector', kind: 'environment' },
  { module: 'inspector/promises', kind: 'environment' },
  { module: 'readline', kind: 'environment', only: /^(Interface|createInterface)$/ },
  { module: 'readline/promises', kind: 'environment', only: /^(Interface|createInterface)$/ },
  { module: 'repl', kind: 'environment', except: 'isValidSyntax' },
  { module: 'tty', kind: 'environment' },
  { module: 'trace_events', kind: 'environment' },
  {
    module: 'v8',
    kind: 'environment',
    except:
      'Serializer Deserializer DefaultSerializer DefaultDeserializer serialize deserialize isStringOneByteRepresentation',
  },
  // Another realm has a clock and random numbers of its own.
  { module: 'vm', kind: 'environment', only: /^(measureMemory|Script|create|run|compileFunction)/ },
  { module: 'async_hooks', kind: 'environment', only: /^(createHook|executionAsync|triggerAsync)/ },
  {
    module: 'module',
    kind: 'environment',
    only: /^(_load|_find|_resolve|_initPaths|_preload|createRequire|register|runMain|find|enableCompileCache|flushCompileCache|getCompileCacheDir)/,
  },
  {
    module: 'util',
    kind: 'environment',
    only: /^(getSystemError|_errnoException|_exceptionWithHostPort|setTraceSigInt)/,
  },
  // Compressed bytes depend on the processor and on the version of the library. Decompressing is deterministic.
  { module: 'zlib', kind: 'environment', only: /^(deflate|deflateRaw|gzip|brotliCompress|zstdCompress)(Sync)?$/ },
];

/** Returns the names of a module's functions that a row forbids. */
export function forbiddenNames({ only, except = '' }: Row, names: readonly string[]): string[] {
  const allowed = except.split(' ');
  return names.filter((name) => (only === undefined || only.test(name)) && !allowed.includes(name));
}

interface NodeProcess {
  getBuiltinModule(name: string): object | undefined;
}

function nodeProcess(): NodeProcess | undefined {
  const process = objectAt('process');
  return process !== undefined && 'getBuiltinModule' in process ? (process as NodeProcess) : undefined;
}

/**
 * Yields a slot for each function of Node's modules that a decision must not call. Other engines have no such modules.
 */
export function* builtinSlots(): Iterable<Slot> {
  const process = nodeProcess();
  if (process === undefined) return;
  for (const row of FORBIDDEN_BUILTINS) {
    const object = process.getBuiltinModule(`node:${row.module}`);
    if (object === undefined) continue;
    for (const key of forbiddenNames(row, functionNames(object))) {
      const name = `${row.module.replace('/promises', '')}.${key}`;
      yield { object, key, replacement: ({ value }) => ({ value: refusingFunction(name, row.kind, value) }) };
    }
  }
  yield* contextSlots(process);
  yield* argumentSlots(process);
}

/** Returns the names of a module's own functions. Accessors are not read, because that can load further modules. */
export function functionNames(module: object): string[] {
  return Object.entries(Object.getOwnPropertyDescriptors(module)).flatMap(([key, { value, configurable }]) =>
    typeof value === 'function' && configurable === true ? [key] : [],
  );
}

/**
 * Yields a slot for `AsyncLocalStorage.prototype.getStore`, which returns the context that the caller of the decision
 * set.
 */
function* contextSlots(process: NodeProcess): Iterable<Slot> {
  const storage: unknown = Reflect.get(Object(process.getBuiltinModule('node:async_hooks')), 'AsyncLocalStorage');
  if (typeof storage !== 'function') return;
  const replacement: Slot['replacement'] = ({ value }) => ({
    value: function getStore(this: unknown): unknown {
      if (isCalledByEngine(getStore)) return Reflect.apply(value, this, []);
      return forbid('AsyncLocalStorage.prototype.getStore()', 'environment', getStore);
    },
  });
  yield { object: storage.prototype, key: 'getStore', replacement };
}

/** Yields a slot for `util.parseArgs()`, which reads the arguments of the process unless others are passed. */
function* argumentSlots(process: NodeProcess): Iterable<Slot> {
  const object = process.getBuiltinModule('node:util');
  if (object === undefined) return;
  const replacement: Slot['replacement'] = ({ value }) => ({
    value: function parseArgs(...args: unknown[]): unknown {
      if (Reflect.get(Object(args[0]), 'args') === undefined && !isCalledByEngine(parseArgs))
        forbid('util.parseArgs()', 'environment', parseArgs);
      return Reflect.apply(value, object, args);
    },
  });
  yield { object, key: 'parseArgs', replacement };
}

/** Updates the named imports of Node's modules to the current exports. */
export function followBuiltins(): void {
  const module: unknown = nodeProcess()?.getBuiltinModule('node:module'); // A function, with functions on it.
  const follow: unknown = typeof module === 'function' ? Reflect.get(module, 'syncBuiltinESMExports') : undefined;
  if (typeof follow === 'function') follow();
}
