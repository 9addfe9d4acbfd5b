/** *CanonicalABI.md*, "Canonical Definitions": the requirements of each canonical definition, and its core type. */

import { signatures } from '../binary/builtins.ts';
import type { Canon, CanonicalBuiltin, CanonicalOption } from '../binary/definitions.ts';
import { UnsupportedError } from '../errors.ts';
import { maxFlatAsyncParams, maxFlatParams, maxFlatResults } from '../limits.ts';
import { FunctionNode, ValueTypeNode } from '../types/nodes.ts';
import { signatureOf } from '../types/signature.ts';
import type { CoreFuncType, CoreValueType, ResourceType } from '../types.ts';
import { matchLimits } from './core-modules.ts';
import { sameTypes } from './core-types.ts';
import { handleType, valueType } from './defined-types.ts';
import { pushCore, type Scope } from './scope.ts';
import type { CoreSignature, ResolvedOptions, ValidatedBuiltin, ValidatedLift, ValidatedLower } from './validated.ts';

type Lift = Canon & { readonly name: 'lift' };
type Lower = Canon & { readonly name: 'lower' };

/** The options, ordered so that each kind of definition accepts a prefix of the list. */
const optionKinds: readonly CanonicalOption['kind'][] = [
  'string-encoding',
  'memory',
  'realloc',
  'async',
  'post-return',
  'callback',
];
const forReturn = 2;
const forDebug = 3;
const forLower = 4;
const forLift = 6;

// `canonopt` Validation ------------------------------------------------------------------------------------------

/** Resolves the options. Each may occur at most once, and must have the right type. */
function resolveOptions(
  scope: Scope,
  options: readonly CanonicalOption[],
  allowed: number,
  what: string,
): ResolvedOptions {
  const { context } = scope;
  const found: { -readonly [Key in keyof ResolvedOptions]: ResolvedOptions[Key] } = {
    stringEncoding: 'utf8',
    async: false,
    memory: undefined,
    realloc: undefined,
    postReturn: undefined,
    callback: undefined,
  };
  const seen: CanonicalOption['kind'][] = [];
  for (const option of options) {
    const { kind } = option;
    if (optionKinds.indexOf(kind) >= allowed)
      context.fail(`canonical option \`${kind}\` cannot be specified for ${what}`);
    const again = seen.includes(kind);
    seen.push(kind);
    if (option.kind === 'string-encoding') {
      if (again) {
        const [a, b] = [found.stringEncoding, option.encoding].map((name) => name.replace('+', '-'));
        context.fail(`canonical encoding option \`${a}\` conflicts with option \`${b}\``);
      }
      found.stringEncoding = option.encoding;
    } else if (again) context.fail(`canonical option \`${kind}\` is specified more than once`);
    else if (option.kind === 'async') found.async = true;
    else found[option.kind === 'post-return' ? 'postReturn' : option.kind] = option.index;
  }
  const { memory, realloc, callback, postReturn } = found;
  if (memory !== undefined) memoryOption(scope, memory);
  if (realloc !== undefined) {
    const type = context.at(scope.core.func, realloc, 'function');
    if (memory === undefined) context.fail('canonical option `realloc` requires `memory` to also be specified');
    signature(scope, type, ['i32', 'i32', 'i32', 'i32'], ['i32'], 'realloc');
  }
  if (callback !== undefined) {
    const type = context.at(scope.core.func, callback, 'function');
    if (!found.async) context.fail('canonical option `callback` requires `async` to also be specified');
    signature(scope, type, ['i32', 'i32', 'i32'], ['i32'], 'callback');
  }
  if (postReturn !== undefined && found.async) {
    context.fail('canonical option `post-return` conflicts with option `async`');
  }
  return found;
}

/** The type `(memory 0)`. */
const anyMemory = { min: 0n, shared: false, is64: false };

/** Checks that the memory is a subtype of `(memory 0)`. */
function memoryOption(scope: Scope, index: number): void {
  const { context } = scope;
  const memory = context.at(scope.core.memory, index, 'memory');
  if (memory.limits.is64) throw new UnsupportedError('memory64', 'the option `memory`');
  const wrong = matchLimits(memory.limits, anyMemory, 'memory', 'memories');
  if (wrong !== undefined) context.fail(`canonical option \`memory\`: ${wrong.message}`);
}

function signature(
  { context }: Scope,
  type: CoreFuncType,
  params: readonly CoreValueType[],
  results: readonly CoreValueType[],
  option: string,
): void {
  if (!sameTypes(type.params, params) || !sameTypes(type.results, results)) {
    context.fail(`canonical option \`${option}\` uses a core function with an incorrect signature`);
  }
}

function require(scope: Scope, options: ResolvedOptions, option: 'memory' | 'realloc'): void {
  if (options[option] === undefined) scope.context.fail(`canonical option \`${option}\` is required`);
}

/**
 * Checks that the options suffice. Values that are passed into the guest's memory need `memory` and `realloc`. Values
 * that are read from it need `memory`.
 */
function requireFor(scope: Scope, options: ResolvedOptions, hasPointer: boolean | undefined, allocates: boolean): void {
  if (!hasPointer) return;
  require(scope, options, 'memory');
  if (allocates) require(scope, options, 'realloc');
}

function checkAsync(scope: Scope, options: ResolvedOptions, type: FunctionNode): void {
  if (options.async && !type.async) {
    scope.context.fail('the `async` canonical option requires an async function type');
  }
}

// canon lift -----------------------------------------------------------------------------------------------------

/** Validates a `canon lift`, which adds a function. */
export function lift(scope: Scope, definition: Lift): ValidatedLift {
  const { context } = scope;
  const callee = context.at(scope.core.func, definition.func, 'function');
  const type = context.at(scope.types, definition.type, 'type').type;
  if (!(type instanceof FunctionNode)) return context.fail(`type index ${definition.type} is not a function type`);
  context.spend(type.params.length);
  const options = resolveOptions(scope, definition.options, forLift, 'liftings');
  checkAsync(scope, options, type);
  const { flat, flatResult, pointer, result } = signatureOf(type);
  let params: readonly CoreValueType[] = flat;
  let results: readonly CoreValueType[] = flatResult;
  requireFor(scope, options, pointer, true);
  requireFor(scope, options, result?.pointer, false);
  if (params.length > maxFlatParams) {
    require(scope, options, 'memory');
    require(scope, options, 'realloc');
    params = ['i32'];
  }
  if (results.length > (options.async ? maxFlatParams : maxFlatResults)) {
    require(scope, options, 'memory');
    results = ['i32'];
  }
  if (options.async) results = options.callback === undefined ? [] : ['i32'];
  const core = { params, results };
  checkCore(scope, 'parameter', params, callee.params);
  checkCore(scope, 'result', results, callee.results);
  if (options.postReturn !== undefined) {
    signature(scope, context.at(scope.core.func, options.postReturn, 'function'), results, [], 'post-return');
  }
  scope.funcs.push(type);
  return { kind: 'canon lift', definition, type, core, options };
}

function checkCore(
  { context }: Scope,
  what: string,
  expected: readonly CoreValueType[],
  given: readonly CoreValueType[],
): void {
  if (sameTypes(expected, given)) return;
  const list = (types: readonly CoreValueType[]) => `[${types.map((type) => type.toUpperCase()).join(', ')}]`;
  context.fail(
    `lowered ${what} types \`${list(expected)}\` do not match ${what} types \`${list(given)}\` of the core function`,
  );
}

// canon lower ----------------------------------------------------------------------------------------------------

/** Validates a `canon lower`, which adds a core function. */
export function lower(scope: Scope, definition: Lower): ValidatedLower {
  const { context } = scope;
  const type = context.at(scope.funcs, definition.func, 'function');
  context.spend(type.params.length);
  const options = resolveOptions(scope, definition.options, forLower, 'lowerings');
  checkAsync(scope, options, type);
  // The specification requires a `memory` for each `async`. Its own suite (`async/big-interleaving-test.wast`) has one
  // only if parameters or results pass through it, and tools do the same.
  const { pointer, result } = signatureOf(type);
  requireFor(scope, options, pointer, false);
  requireFor(scope, options, result?.pointer, true);
  const core = flattenLower(scope, type, options);
  pushCore(scope, context.coreTypes.plainFunc(core.params, core.results));
  return { kind: 'canon lower', definition, type, core, options };
}

/** Implements `flatten_functype(opts, ft, 'lower')`. */
function flattenLower(scope: Scope, type: FunctionNode, options: ResolvedOptions): CoreSignature {
  const { flat, flatResult } = signatureOf(type);
  let params: readonly CoreValueType[] = flat;
  let results: readonly CoreValueType[] = flatResult;
  if (params.length > (options.async ? maxFlatAsyncParams : maxFlatParams)) {
    require(scope, options, 'memory');
    params = ['i32'];
  }
  if (results.length > (options.async ? 0 : maxFlatResults)) {
    require(scope, options, 'memory');
    params = [...params, 'i32'];
    results = [];
  }
  return { params, results: options.async ? ['i32'] : results };
}

// The other canonical definitions --------------------------------------------------------------------------------

/** Matches the built-ins of the preemptive threads proposal. */
const preemptive = /^thread\.(spawn|avail)/;

function parseSignature(text: string): CoreSignature {
  const [params = [], results = []] = text
    .split('>')
    .map((side) => [...side].map((one) => (one === 'i' ? 'i32' : 'i64')));
  return { params, results };
}

/** Validates any other canonical definition, which adds a core function. */
export function builtin(scope: Scope, definition: CanonicalBuiltin): ValidatedBuiltin {
  const { context } = scope;
  const { name } = definition;
  let core = parseSignature(signatures.get(name) ?? 'i>i');
  let resource: ResourceType | undefined;
  let type: ValueTypeNode | undefined;
  let options: ResolvedOptions | undefined;
  if (name === 'task.return') {
    options = resolveOptions(scope, definition.options ?? [], forReturn, name);
    type = definition.result === undefined ? undefined : valueType(scope, definition.result);
    core = returnSignature(scope, type, options);
  } else if (preemptive.test(name)) {
    throw new UnsupportedError('shared-everything-threads', name);
  } else if (name.startsWith('resource.')) {
    resource = handleType(scope, definition.type ?? -1).resource;
    if (name !== 'resource.drop' && !scope.local.has(resource)) {
      context.fail(`type index ${definition.type} is not a local resource`);
    }
  } else if (definition.valtype !== undefined) {
    contextSlot(scope, definition);
  } else if (name === 'thread.new-indirect') {
    threadFunction(scope, definition);
  } else if (name.startsWith('error-context.') && definition.options !== undefined) {
    const debug = name.endsWith('message');
    options = resolveOptions(scope, definition.options, debug ? forDebug : forReturn, name);
    require(scope, options, 'memory');
    if (debug) require(scope, options, 'realloc');
  } else if (definition.type !== undefined) {
    ({ type, options } = streamOrFuture(scope, definition, definition.type));
  }
  if (definition.memory !== undefined) memoryOption(scope, definition.memory);
  pushCore(scope, context.coreTypes.plainFunc(core.params, core.results));
  return { kind: 'canon builtin', definition, core, resource, type, options };
}

/** Implements `flatten_functype(opts, (func (param t)?), 'lower')`. */
function returnSignature(scope: Scope, result: ValueTypeNode | undefined, options: ResolvedOptions): CoreSignature {
  if (result === undefined) return { params: [], results: [] };
  if (result.borrow) scope.context.fail('function result cannot contain a `borrow` type');
  if (result.pointer) require(scope, options, 'memory');
  const { flat } = result.layout;
  if (flat.length <= maxFlatParams) return { params: flat, results: [] };
  require(scope, options, 'memory');
  return { params: ['i32'], results: [] };
}

function contextSlot({ context }: Scope, { name, valtype, slot = 0 }: CanonicalBuiltin): void {
  if (valtype === 'i64') throw new UnsupportedError('memory64', name);
  if (valtype !== 'i32') context.fail(`\`${name}\` requires the type \`i32\``);
  if (slot >= 2) context.fail(`immediate must be zero or one, not ${slot}`);
}

function threadFunction(scope: Scope, { name, type = -1, table = -1 }: CanonicalBuiltin): void {
  const { context } = scope;
  context.at(scope.coreTypes, type, 'core type');
  const start = context.coreTypes.func(scope.coreTypes, type);
  if (!sameTypes(start.params, ['i32']) || start.results.length > 0) {
    context.fail('wrong signature for a thread: expected (func (param i32))');
  }
  const { element, limits } = context.at(scope.core.table, table, 'table');
  if (!context.coreTypes.valueMatches(element, 'funcref')) {
    context.fail(`expected table element type funcref, found ${element}`);
  }
  if (limits.is64) throw new UnsupportedError('memory64', name);
}

function streamOrFuture(
  scope: Scope,
  { name, options: written }: CanonicalBuiltin,
  index: number,
): { type: ValueTypeNode; options: ResolvedOptions | undefined } {
  const { context } = scope;
  const kind = name.startsWith('stream.') ? 'stream' : 'future';
  const { type } = context.at(scope.types, index, 'type');
  if (!(type instanceof ValueTypeNode) || type.kind !== kind) {
    return context.fail(`\`${name}\` requires a ${kind} type: type index ${index} is not one`);
  }
  if (written === undefined) return { type, options: undefined };
  const options = resolveOptions(scope, written, forLower, name);
  const [element] = type.inside;
  if (element !== undefined) {
    require(scope, options, 'memory');
    requireFor(scope, options, element.pointer, name.endsWith('read'));
  }
  return { type, options };
}
