/**
 * Core modules and core instances: the types of their imports and exports, and the matching of these types.
 *
 * Source: *Explainer.md*, "Instance Definitions" and "Type Checking"; *WebAssembly 3.0*, "Matching".
 */
import type {
  CoreExternDecl,
  CoreInstance,
  CoreLimits,
  ModuleDeclarator,
  ModuleInterface,
} from '../binary/definitions.ts';
import { elementsPerPage, maxMemoryPages } from '../limits.ts';
import type { CoreExternType, CoreModuleType, CoreValueType, Limits } from '../types.ts';
import type { Context } from './context.ts';
import type { CoreTypeEntry } from './core-types.ts';
import { sameTypes } from './core-types.ts';
import { type Mismatch, mismatch, within } from './mismatch.ts';
import type { Scope } from './scope.ts';
import { outerScope } from './scope.ts';
import type { CoreInstanceType } from './validated.ts';

type CoreImport = CoreModuleType['imports'][number];

/** Returns the type of a module. The engine checks whether the module's sections agree with one another. */
export function moduleType(context: Context, module: ModuleInterface): CoreModuleType {
  const types: CoreTypeEntry[] = [];
  for (const group of module.types) context.coreTypes.define(types, group);
  const spaces: { [Kind in CoreExternType['kind']]: CoreExternType[] } = {
    func: [],
    table: [],
    memory: [],
    global: [],
    tag: [],
  };
  const imports: CoreImport[] = [];
  for (const { offset, module: from, name, type } of module.imports) {
    context.offset = offset;
    const resolved = externType(context, types, type);
    spaces[type.kind].push(resolved);
    imports.push({ module: from, name, type: resolved });
  }
  for (const type of module.defined) spaces[type.kind].push(externType(context, types, type));
  const exports = module.exports.map(({ offset, name, sort, index }) => {
    context.offset = offset;
    const space = sort === 'type' || sort === 'module' || sort === 'instance' ? [] : spaces[sort];
    return { name, type: context.at(space, index, sort) };
  });
  return uniqueModuleType(context, imports, exports);
}

/** Returns the initial size of the memories and tables of an instance of the module, in pages. See `maxLinkWork`. */
export function pagesOf({ defined }: ModuleInterface): number {
  let pages = 0;
  for (const each of defined) {
    if (each.kind === 'memory') pages += Number(each.limits.min);
    else if (each.kind === 'table') pages += Number(each.limits.min) / elementsPerPage;
  }
  return pages;
}

function uniqueModuleType(
  context: Context,
  imports: CoreModuleType['imports'],
  exports: CoreModuleType['exports'],
): CoreModuleType {
  const importNames = new Set<string>();
  for (const { module, name } of imports) {
    // Both levels of the name are combined in one key. The length distinguishes ("a:", "b") from ("a", ":b").
    const mangled = `${module.length}:${module}:${name}`;
    if (importNames.has(mangled)) context.fail(`duplicate import name \`${module}:${name}\``, [module, name]);
    importNames.add(mangled);
  }
  const byName = new Map<string, CoreExternType>();
  for (const { name, type } of exports) {
    if (byName.has(name)) context.fail(`export name \`${name}\` already defined`, [name]);
    byName.set(name, type);
  }
  const type = { imports, exports };
  context.coreExports.set(type, byName);
  return type;
}

/** Returns the type of a `core:moduletype`. */
export function declaredModuleType(scope: Scope, declarators: readonly ModuleDeclarator[]): CoreModuleType {
  const { context } = scope;
  const types: CoreTypeEntry[] = [];
  const imports: CoreImport[] = [];
  const exports: CoreModuleType['exports'][number][] = [];
  for (const declarator of declarators) {
    context.offset = declarator.offset;
    switch (declarator.kind) {
      case 'core type':
        context.coreTypes.define(types, declarator.type.types);
        break;
      case 'alias': {
        const { count, index } = declarator;
        const space = count === 0 ? types : outerScope(scope, count - 1, count).coreTypes;
        types.push(context.coreTypes.definition(space, index));
        break;
      }
      case 'import': {
        const type = checkedExternType(context, types, declarator.type);
        imports.push({ module: declarator.module, name: declarator.name, type });
        break;
      }
      default:
        exports.push({ name: declarator.name, type: checkedExternType(context, types, declarator.type) });
    }
  }
  return uniqueModuleType(context, imports, exports);
}

/**
 * Returns the type of a declared import or export. It checks the limits, because no engine checks those of a declared
 * type.
 */
function checkedExternType(context: Context, types: readonly CoreTypeEntry[], type: CoreExternDecl): CoreExternType {
  if (type.kind === 'memory' || type.kind === 'table') {
    const { min, max, shared, is64 } = type.limits;
    if (max !== undefined && min > max) context.fail('minimum exceeds maximum');
    if (type.kind === 'memory') {
      const most = is64 ? maxMemoryPages << 32n : maxMemoryPages;
      if (type.limits.pageSizeLog2 === undefined && (min > most || (max ?? 0n) > most)) {
        context.fail(`memory size must be at most ${most} pages`);
      }
      if (shared && max === undefined) context.fail('shared memory must have maximum size');
    }
  }
  return externType(context, types, type);
}

function externType(context: Context, types: readonly CoreTypeEntry[], type: CoreExternDecl): CoreExternType {
  switch (type.kind) {
    case 'func':
      return context.coreTypes.func(types, type.type);
    case 'table':
      return { kind: 'table', element: context.coreTypes.value(types, type.element), limits: type.limits };
    case 'memory':
      return { kind: 'memory', limits: type.limits };
    case 'global':
      return { kind: 'global', type: context.coreTypes.value(types, type.type), mutable: type.mutable };
    default: {
      const { params, results, id } = context.coreTypes.func(types, type.type);
      if (results.length > 0) context.fail('non-empty tag result type');
      return id === undefined ? { kind: 'tag', params } : { kind: 'tag', params, id };
    }
  }
}

// Matching -------------------------------------------------------------------------------------------------------

/** Returns the reason why `given` does not match `expected`, or undefined if it matches. */
function matchCoreExtern(context: Context, given: CoreExternType, expected: CoreExternType): Mismatch | undefined {
  const { coreTypes } = context;
  switch (expected.kind) {
    case 'func':
      if (given.kind !== 'func') break;
      if (coreTypes.funcMatches(given, expected)) return undefined;
      return mismatch(`expected: ${describeFunc(expected)}, found: ${describeFunc(given)}`);
    case 'table':
      if (given.kind !== 'table') break;
      if (given.element !== expected.element) {
        return mismatch(`expected table element type ${expected.element}, found ${given.element}`);
      }
      return matchLimits(given.limits, expected.limits, 'table', 'tables');
    case 'memory':
      if (given.kind !== 'memory') break;
      return matchLimits(given.limits, expected.limits, 'memory', 'memories');
    case 'global':
      if (given.kind !== 'global') break;
      if (given.mutable !== expected.mutable) return mismatch('mismatch in the mutability of globals');
      if (expected.mutable ? given.type === expected.type : coreTypes.valueMatches(given.type, expected.type)) {
        return undefined;
      }
      return mismatch(`expected global type ${expected.type}, found ${given.type}`);
    default:
      if (given.kind !== 'tag') break;
      if (
        coreTypes.isEmpty || given.id === undefined
          ? sameTypes(given.params, expected.params)
          : given.id === expected.id
      )
        return undefined;
      return mismatch('mismatch in tags');
  }
  return mismatch(`expected ${expected.kind}, found ${given.kind}`);
}

/**
 * Returns the reason why the limits `given` of a memory or table do not match `expected`, or undefined if they match.
 */
export function matchLimits(given: CoreLimits, expected: Limits, what: string, plural: string): Mismatch | undefined {
  if (given.is64 !== expected.is64) return mismatch(`mismatch in the index type of ${plural}`);
  if (given.shared !== expected.shared) return mismatch(`mismatch in the shared flag for ${plural}`);
  if ((given.pageSizeLog2 ?? 16) !== (expected.pageSizeLog2 ?? 16)) return mismatch('mismatch in custom page sizes');
  const fits = expected.max === undefined || (given.max !== undefined && given.max <= expected.max);
  return given.min >= expected.min && fits ? undefined : mismatch(`mismatch in ${what} limits`);
}

function describeTypes(keyword: string, types: readonly CoreValueType[]): string {
  return types.length === 0 ? '' : ` (${keyword} ${types.join(' ')})`;
}

function describeFunc({ params, results }: { params: readonly string[]; results: readonly string[] }): string {
  return `(func${describeTypes('param', params)}${describeTypes('result', results)})`;
}

/** Returns the reason why the module type `given` does not match `expected`, or undefined if it matches. */
export function matchModule(context: Context, given: CoreModuleType, expected: CoreModuleType): Mismatch | undefined {
  context.spend(given.imports.length + expected.exports.length);
  const offered = new Map(expected.imports.map((one) => [`${one.module.length}:${one.module}:${one.name}`, one.type]));
  for (const { module, name, type } of given.imports) {
    const offer = offered.get(`${module.length}:${module}:${name}`);
    const label = `${module}::${name}`;
    if (offer === undefined) return mismatch(`missing expected import \`${label}\``);
    const wrong = matchCoreExtern(context, offer, type);
    if (wrong !== undefined) return within(label, `type mismatch in import \`${label}\``, wrong);
  }
  const exports = coreExports(context, given);
  for (const { name, type } of expected.exports) {
    const own = exports.get(name);
    if (own === undefined) return mismatch(`missing expected export \`${name}\``);
    const wrong = matchCoreExtern(context, own, type);
    if (wrong !== undefined) return within(name, `type mismatch in export \`${name}\``, wrong);
  }
  return undefined;
}

// Instance Definitions -------------------------------------------------------------------------------------------

/** Returns the exports of an instance of a module. */
function coreExports(context: Context, module: CoreModuleType): CoreInstanceType {
  let found = context.coreExports.get(module);
  if (found === undefined) {
    found = new Map(module.exports.map(({ name, type }) => [name, type]));
    context.coreExports.set(module, found);
  }
  return found;
}

/** Returns the type of a `core:instance`. */
export function coreInstanceType(scope: Scope, definition: CoreInstance): CoreInstanceType {
  const { context } = scope;
  if (definition.form === 'instantiate') {
    const module = context.at(scope.coreModules, definition.module, 'module');
    const given = new Map<string, CoreInstanceType>();
    for (const { name, instance } of definition.arguments) {
      if (given.has(name)) context.fail(`duplicate module instantiation argument named \`${name}\``, [name]);
      given.set(name, context.at(scope.coreInstances, instance, 'core instance'));
    }
    context.spend(module.imports.length);
    for (const { module: from, name, type } of module.imports) {
      const instance = given.get(from);
      if (instance === undefined)
        return context.fail(`missing module instantiation argument named \`${from}\``, [from]);
      const item = instance.get(name);
      if (item === undefined) {
        const message = `module instantiation argument \`${from}\` does not export an item named \`${name}\``;
        return context.fail(message, [from, name]);
      }
      const wrong = matchCoreExtern(context, item, type);
      if (wrong !== undefined) {
        context.fail(
          `type mismatch for export \`${name}\` of module instantiation argument \`${from}\`: ${wrong.message}`,
          [from, name],
        );
      }
    }
    return coreExports(context, module);
  }
  const exports = new Map<string, CoreExternType>();
  for (const { name, sort, index } of definition.exports) {
    if (exports.has(name)) context.fail(`export name \`${name}\` already defined`, [name]);
    if (sort === 'type' || sort === 'module' || sort === 'instance') {
      return context.fail(`a core instance cannot export a core ${sort}`, [name]);
    }
    const space: readonly CoreExternType[] = scope.core[sort];
    exports.set(name, context.at(space, index, sort));
  }
  return exports;
}
