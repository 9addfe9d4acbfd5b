/**
 * Watches the variables outside of functions: those of their file, of functions around them, and of the functions that
 * they can call; the static fields of classes among these functions; and the global objects. The engine's inspector
 * shows them. Without `node:inspector`, for example in a browser, nothing is watched.
 *
 * Variables of installed packages and of this library are left out, because their caches do not affect results.
 */

import type { Session } from 'node:inspector';
import { isRecord } from '../../../core/codec/values.ts';
import { changedGlobal, globalValues } from './global-values.ts';
import { dataOf, isPlain, textOf } from './value-text.ts';

/** A variable that has changed, and the place of the code that changes it: file, line and column. */
export interface ChangedVariable {
  readonly name: string;
  readonly where: string;
}

type AnyFunction = (...args: never) => unknown;

/** A function whose scopes have variables that no other watched function shows. */
interface Owner {
  readonly owner: AnyFunction;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The scopes that belong to this owner, by their index. */
  readonly scopes: ReadonlySet<number>;
}

/** The value of each variable as a text that changes with it. */
type Values = ReadonlyMap<Owner, ReadonlyMap<string, string>>;

const MAX_FUNCTIONS = 500;
const PROBE = Symbol.for('decidable/outer-variables');
const PROBED = `globalThis[Symbol.for('decidable/outer-variables')]`;

/** The variables outside of some functions. */
export class OuterVariables {
  readonly #functions: readonly AnyFunction[];
  #owners: readonly Owner[] | undefined;

  constructor(functions: readonly AnyFunction[]) {
    this.#functions = functions;
  }

  /** Runs a function, and returns its result and the first variable that it changed. */
  watch<Result>(run: () => Result): { readonly result: Result; readonly changed: ChangedVariable | undefined } {
    const inspector = inspectorOfEngine();
    if (inspector === undefined || this.#functions.length === 0) return { result: run(), changed: undefined };
    this.#owners ??= ownersOf(inspector, this.#functions);
    if (this.#owners.length === 0) return { result: run(), changed: undefined };
    const before = valuesOf(inspector, this.#owners);
    const globals = globalValues();
    const result = run();
    const isNewMemo = (value: object): boolean => isOfPackage(inspector, value);
    const global = changedGlobal(globals, globalValues(isNewMemo));
    if (global !== undefined) {
      const [owner] = this.#owners as readonly [Owner];
      const field = global.slice(global.lastIndexOf('.'));
      return { result, changed: { name: global, where: changeIn(field, this.#owners) ?? placeOf(owner) } };
    }
    return { result, changed: this.#changed(before, valuesOf(inspector, this.#owners, isNewMemo)) };
  }

  #changed(before: Values, after: Values): ChangedVariable | undefined {
    let first: ChangedVariable | undefined;
    for (const [owner, values] of after) {
      const old = before.get(owner);
      for (const name of new Set([...values.keys(), ...(old?.keys() ?? [])])) {
        if (values.get(name) === old?.get(name)) continue;
        // An imported variable is also a variable of the file that changes it.
        const inFile = this.#owners!.filter(({ file }) => file === owner.file);
        const change = changeIn(name, [owner, ...inFile]);
        if (change !== undefined) return { name, where: change };
        first ??= { name, where: placeOf(owner) };
      }
    }
    return first;
  }
}

/** Finds the line that changes the variable in the texts of functions. Types are stripped without moving code. */
function changeIn(name: string, owners: readonly Owner[]): string | undefined {
  const changing = changeOf(name);
  for (const { owner: text, file, line, column } of owners) {
    const source = String(text);
    const at = changing.exec(source)?.index;
    if (at === undefined) continue;
    const lines = source.slice(0, at).split('\n');
    const last = lines.at(-1)!.length;
    return `${file}:${line + lines.length - 1}:${(lines.length === 1 ? column : 1) + last}`;
  }
  return undefined;
}

/** Returns the place of the function that has a variable. */
function placeOf({ file, line, column }: Owner): string {
  return `${file}:${line}:${column}`;
}

/** Matches code that assigns to a variable, or changes the object in it. A name with a leading dot is a field. */
function changeOf(name: string): RegExp {
  const escaped = name.replace(/[$.]/g, '\\$&');
  const variable = `${name.startsWith('.') ? '' : '(?<![\\w$.])'}${escaped}(?![\\w$])`;
  const assigned = String.raw`\s*(?:\+\+|--|(?:[-+*/%&|^?]{1,2}|\*\*|<<|>>>?)?=(?![=>]))`;
  const changers = 'set|add|delete|clear|push|pop|shift|unshift|splice|sort|reverse|fill|copyWithin';
  return new RegExp(
    `${variable}${assigned}|(?:\\+\\+|--)\\s*${variable}|${variable}(?:\\.\\w+|\\[[^\\]]*\\])+${assigned}|` +
      `${variable}(?:\\.\\w+|\\[[^\\]]*\\])*\\.(?:${changers})\\(`,
  );
}

interface Inspector {
  post(method: string, parameters?: object): unknown;
  readonly files: ReadonlyMap<string, string>;
}

let opened: Inspector | false | undefined;

function inspectorOfEngine(): Inspector | undefined {
  opened ??= openInspector() ?? false;
  return opened === false ? undefined : opened;
}

function openInspector(): Inspector | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const module = process?.getBuiltinModule?.('node:inspector') as { Session?: new () => Session } | undefined;
  if (module?.Session === undefined) return undefined;
  const session = new module.Session();
  session.connect();
  const files = new Map<string, string>();
  session.on('Debugger.scriptParsed', ({ params }) => void files.set(params.scriptId, params.url));
  const post = (method: string, parameters: object = {}): unknown => {
    let [error, result]: [unknown, unknown] = [undefined, undefined];
    // A session that is connected to its own thread answers before `post` returns.
    (
      session as { post(method: string, parameters: object, done: (error: unknown, result: unknown) => void): void }
    ).post(method, parameters, (failure, value) => {
      [error, result] = [failure, value];
    });
    if (error !== undefined && error !== null) throw new Error(`the inspector refused ${method}`, { cause: error });
    return result;
  };
  return { post, files };
}

interface RemoteProperty {
  readonly name: string;
  readonly value?: { readonly objectId?: string; readonly value?: unknown; readonly description?: string };
}

interface Properties {
  readonly result: readonly RemoteProperty[];
  readonly internalProperties?: readonly RemoteProperty[];
}

function propertiesOf(inspector: Inspector, objectId: string): Properties {
  return inspector.post('Runtime.getProperties', { objectId, ownProperties: true }) as Properties;
}

interface Scopes {
  readonly scriptId: string;
  readonly line: number;
  readonly column: number;
  readonly scopes: readonly { readonly kind: string; readonly objectId: string }[];
}

function scopesOf(inspector: Inspector, owner: AnyFunction): Scopes | undefined {
  const { result } = probed(owner, () => inspector.post('Runtime.evaluate', { expression: PROBED })) as {
    result: { objectId: string };
  };
  const internal = propertiesOf(inspector, result.objectId).internalProperties ?? [];
  const location = internal.find(({ name }) => name === '[[FunctionLocation]]')?.value?.value as
    | { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber: number }
    | undefined;
  const list = internal.find(({ name }) => name === '[[Scopes]]')?.value?.objectId;
  if (location === undefined || list === undefined) return undefined;
  const scopes = propertiesOf(inspector, list).result.flatMap(({ value }) =>
    value?.objectId === undefined ? [] : [{ kind: value.description ?? '', objectId: value.objectId }],
  );
  return { scriptId: location.scriptId, line: location.lineNumber + 1, column: location.columnNumber + 1, scopes };
}

/** Returns the variables of a scope as an object that has their current values. */
function variablesOf(inspector: Inspector, objectId: string): object {
  const kept: object[] = [];
  probed(kept, () =>
    inspector.post('Runtime.callFunctionOn', {
      objectId,
      functionDeclaration: `function () { ${PROBED}.push(this.object); }`,
    }),
  );
  return kept[0] ?? {};
}

/** Makes a value visible to the inspector while `use` runs. */
function probed<Result>(value: unknown, use: () => Result): Result {
  Reflect.set(globalThis, PROBE, value);
  try {
    return use();
  } finally {
    Reflect.deleteProperty(globalThis, PROBE);
  }
}

const OWN_FILES = new URL('../../../', import.meta.url).href;

/** Finds the functions whose scopes have to be watched, from the given ones and those that they can call. */
function ownersOf(inspector: Inspector, functions: readonly AnyFunction[]): readonly Owner[] {
  inspector.post('Debugger.enable');
  inspector.post('Debugger.disable');
  const owners: Owner[] = [];
  const seen = new Set<AnyFunction>(functions);
  const files = new Set<string>();
  for (const owner of seen) {
    const found = scopesOf(inspector, owner);
    const url = found === undefined ? '' : (inspector.files.get(found.scriptId) ?? '');
    if (found === undefined || url === '' || isForeign(url)) continue;
    const scopes = new Set<number>();
    for (const [index, { kind, objectId }] of found.scopes.entries()) {
      const isFile = kind === 'Module' || kind === 'Script';
      if (kind === 'Global' || (isFile && files.has(found.scriptId))) continue;
      if (isFile) files.add(found.scriptId);
      scopes.add(index);
      for (const value of Object.values(variablesOf(inspector, objectId))) {
        for (const callable of functionsIn(value)) if (seen.size < MAX_FUNCTIONS) seen.add(callable);
      }
    }
    owners.push({ owner, file: fileOf(url), line: found.line, column: found.column, scopes });
  }
  return owners;
}

function isForeign(url: string): boolean {
  return url.startsWith('node:') || url.includes('/node_modules/') || url.startsWith(OWN_FILES);
}

function fileOf(url: string): string {
  return url.replace(/^file:\/\//, '').replace(/\?.*$/, '');
}

function functionsIn(value: unknown): readonly AnyFunction[] {
  if (typeof value === 'function') return [value as AnyFunction];
  if (typeof value !== 'object' || value === null || !isRecord(value)) return [];
  return Object.values(value).filter((each): each is AnyFunction => typeof each === 'function');
}

/** Fields of every function. */
const OF_FUNCTIONS: ReadonlySet<string> = new Set(['length', 'name', 'prototype', 'arguments', 'caller']);

function valuesOf(
  inspector: Inspector,
  owners: readonly Owner[],
  isNewMemo?: (value: object) => boolean,
): Map<Owner, ReadonlyMap<string, string>> {
  const all = new Map<Owner, ReadonlyMap<string, string>>();
  for (const owner of owners) {
    const values = new Map<string, string>();
    const add = (name: string, value: unknown): void => {
      if (!values.has(name)) values.set(name, textOf(value, isNewMemo));
    };
    for (const [name, value] of dataOf(owner.owner)) {
      if (!OF_FUNCTIONS.has(name)) add(`${owner.owner.name}.${name}`, value);
    }
    const scopes = owner.scopes.size === 0 ? [] : (scopesOf(inspector, owner.owner)?.scopes ?? []);
    for (const [index, { objectId }] of scopes.entries()) {
      if (!owner.scopes.has(index)) continue;
      for (const [name, value] of Object.entries(variablesOf(inspector, objectId))) {
        if (isNamespace(value)) for (const [member, field] of dataOf(value)) add(`${name}.${member}`, field);
        else add(name, value);
      }
    }
    if (values.size > 0) all.set(owner, values);
  }
  return all;
}

/** Returns whether the value is the object of `import * as name`. */
function isNamespace(value: unknown): value is object {
  return isPlain(value) && Reflect.get(value, Symbol.toStringTag) === 'Module';
}

/**
 * Returns whether an object is an instance of a class of an installed package. A variable may keep such an object when
 * it is first needed, such as a schema: `schema ??= z.object({})`.
 */
function isOfPackage(inspector: Inspector, value: object): boolean {
  const type: unknown = Reflect.get(value, 'constructor');
  if (typeof value === 'function' || typeof type !== 'function') return false;
  const found = scopesOf(inspector, type as AnyFunction);
  return found !== undefined && (inspector.files.get(found.scriptId) ?? '').includes('/node_modules/');
}
