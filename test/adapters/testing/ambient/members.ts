/** Walks the global object and Node's own modules, and names every member. */
import { builtinModules } from 'node:module';
import { functionNames } from '../../../../src/adapters/testing/ambient/builtins.ts';

/** Members of every function and class. */
const OF_FUNCTIONS: ReadonlySet<PropertyKey> = new Set(['length', 'name', 'caller', 'arguments', 'prototype']);

/**
 * The names of all members of the global object: `Math.random`, `Date.prototype.getHours`, `Symbol[Symbol.species]`.
 * @param isOpaque members whose own members are not named.
 */
export function globalMembers(isOpaque: (name: string) => boolean): readonly string[] {
  const found = new Set<string>();
  const seen = new Set<object>([globalThis]);
  /** Classes come first, so that a prototype is named after its class and not after an object that has it. */
  const classes: [object: object, path: string][] = [];
  const others: [object: object, path: string][] = [[globalThis, '']];
  const visit = (value: unknown, path: string): void => {
    if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return;
    if (seen.has(value) || isOpaque(path)) return;
    seen.add(value);
    (typeof value === 'function' || path.endsWith('.prototype') ? classes : others).push([value, path]);
  };
  for (let next = others.shift(); next !== undefined; next = classes.shift() ?? others.shift()) {
    const [object, path] = next;
    for (const key of Reflect.ownKeys(object)) {
      if (key === 'constructor' || (typeof object === 'function' && OF_FUNCTIONS.has(key) && key !== 'prototype'))
        continue;
      const member = memberName(path, key);
      if (key !== 'prototype') found.add(member);
      const { value, get } = Object.getOwnPropertyDescriptor(object, key) ?? {};
      visit(path === '' && get !== undefined ? Reflect.get(globalThis, key) : value, member);
    }
    if (path !== '') visit(Object.getPrototypeOf(object), `${path}.__proto__`);
  }
  return [...found];
}

function memberName(path: string, key: string | symbol): string {
  if (typeof key === 'symbol') return `${path}[${key.description}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** Modules that load, with a warning, when they are accessed. The determinism check does not replace them. */
export const UNGUARDED: readonly string[] = [
  'wasi',
  'sqlite',
  'sea',
  'test',
  'test/reporters',
  'sys',
  'punycode',
  'constants',
  'ffi',
];

/** The functions of Node's modules: `crypto.randomUUID`. */
export function builtinMembers(): readonly string[] {
  return builtinModules
    .map((name) => name.replace(/^node:/, ''))
    .filter((name) => !name.startsWith('_') && name !== 'process' && !UNGUARDED.includes(name))
    .flatMap((name) => {
      const module: object | undefined = process.getBuiltinModule(`node:${name}` as 'node:fs');
      return module === undefined ? [] : functionNames(module).map((key) => `${name}.${key}`);
    });
}
