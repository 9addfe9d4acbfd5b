/**
 * Watches the variables outside of functions: those of their file, of functions around them, and of the functions that
 * they can call. The engine's inspector shows them. Without `node:inspector`, for example in a browser, nothing is
 * watched.
 *
 * Variables of installed packages and of this library are left out, because their caches do not affect results.
 */

import type { Session } from 'node:inspector';
import { isRecord } from '../../../core/codec/values.ts';

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
const MAX_NODES = 20_000;
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
    const before = valuesOf(inspector, this.#owners);
    const result = run();
    return { result, changed: this.#changed(before, valuesOf(inspector, this.#owners)) };
  }

  #changed(before: Values, after: Values): ChangedVariable | undefined {
    for (const [owner, values] of before) {
      for (const [name, value] of values) {
        if (after.get(owner)?.get(name) !== value) return { name, where: this.#placeOf(name, owner) };
      }
    }
    return undefined;
  }

  /** Finds the line that changes the variable in the texts of the functions. Types are stripped without moving code. */
  #placeOf(name: string, owner: Owner): string {
    const inFile = (this.#owners ?? []).filter(({ file }) => file === owner.file);
    const changing = changeOf(name);
    for (const { owner: text, file, line, column } of [owner, ...inFile]) {
      const source = String(text);
      const at = changing.exec(source)?.index;
      if (at === undefined) continue;
      const lines = source.slice(0, at).split('\n');
      const last = lines.at(-1)!.length;
      return `${file}:${line + lines.length - 1}:${(lines.length === 1 ? column : 1) + last}`;
    }
    return `${owner.file}:${owner.line}:${owner.column}`;
  }
}

/** Matches code that assigns to a variable, or changes the object in it. */
function changeOf(name: string): RegExp {
  const variable = `(?<![\\w$.])${name.replaceAll('$', '\\$')}(?![\\w$])`;
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

/** Returns the variables of a scope as an object that has their present values. */
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

function valuesOf(inspector: Inspector, owners: readonly Owner[]): Values {
  const all = new Map<Owner, Map<string, string>>();
  for (const owner of owners) {
    if (owner.scopes.size === 0) continue;
    const values = new Map<string, string>();
    for (const [index, { objectId }] of scopesOf(inspector, owner.owner)?.scopes.entries() ?? []) {
      if (!owner.scopes.has(index)) continue;
      const variables = Object.entries(variablesOf(inspector, objectId));
      for (const [name, value] of variables) if (!values.has(name)) values.set(name, textOf(value));
    }
    all.set(owner, values);
  }
  return all;
}

/** The number of each object that is compared by identity. */
const numbers = new WeakMap<object, number>();
let lastNumber = 0;

/**
 * Returns a text that changes with the value. Instances of classes and functions count as unchanged while they are the
 * same object, because schemas and other objects of libraries have caches.
 */
function textOf(root: unknown): string {
  const seen = new Map<object, number>();
  const parts: string[] = [];
  const add = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) {
      parts.push(typeof value === 'function' ? `f${numberOf(value)}` : `${typeof value} ${String(value)}`);
      return;
    }
    const known = seen.get(value);
    if (known !== undefined || parts.length > MAX_NODES) {
      parts.push(`^${known}`);
      return;
    }
    seen.set(value, seen.size);
    if (value instanceof Date) parts.push(`d${value.getTime()}`);
    else if (ArrayBuffer.isView(value))
      parts.push(`b${String(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))}`);
    else if (value instanceof Map || value instanceof Set) list(value instanceof Map ? '{' : '(', [...value].flat());
    else if (Array.isArray(value)) list('[', value);
    else if (isRecord(value)) list('{', dataOf(value).flat());
    else parts.push(`o${numberOf(value)}`);
  };
  const list = (open: string, elements: readonly unknown[]): void => {
    parts.push(open);
    for (const element of elements) add(element);
    parts.push('.');
  };
  add(root);
  return parts.join(' ');
}

function numberOf(value: object): number {
  let number = numbers.get(value);
  if (number === undefined) numbers.set(value, (number = ++lastNumber));
  return number;
}

/** Returns the fields with data. A getter is not called. */
function dataOf(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(Object.getOwnPropertyDescriptors(value)).flatMap(([name, field]) =>
    'value' in field ? [[name, field.value] as const] : [],
  );
}
