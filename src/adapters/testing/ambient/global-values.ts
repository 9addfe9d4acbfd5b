/** The global variables, and the names of the fields of the objects of the language that all code shares. */
import { textOf } from './value-text.ts';

/** The objects of the language to which modules may add a field for all code. */
const SHARED = [
  ...[
    'Object',
    'Function',
    'Array',
    'Number',
    'String',
    'Boolean',
    'Symbol',
    'BigInt',
    'Promise',
    'Error',
    'Map',
    'Set',
  ],
  ...['WeakMap', 'WeakSet', 'Date', 'RegExp', 'Uint8Array', 'JSON', 'Math', 'Reflect', 'Intl'],
];

export interface GlobalValues {
  /** A text for each global variable that changes with its value. */
  readonly variables: ReadonlyMap<string, string>;
  /** The names of the fields of each shared object, in the order of {@link SHARED}. */
  readonly names: readonly (readonly string[])[];
  /** The settings of stacks, which the engine has defined already. */
  readonly stacks: Readonly<Record<'stackTraceLimit' | 'prepareStackTrace', unknown>>;
}

/** Returns the current values of the global variables. @param isNewMemo as in {@link textOf}. */
export function globalValues(isNewMemo?: (value: object) => boolean): GlobalValues {
  const variables = new Map<string, string>();
  // The variables of the language are not enumerable. A getter of the engine becomes a value when it is first called.
  for (const name of Object.keys(globalThis)) {
    const descriptor = Object.getOwnPropertyDescriptor(globalThis, name);
    variables.set(name, descriptor?.get === undefined ? textOf(descriptor?.value, isNewMemo) : LAZY);
  }
  const names = sharedObjects().map(([, object]) => Object.getOwnPropertyNames(object));
  const { stackTraceLimit, prepareStackTrace } = Error;
  return { variables, names, stacks: { stackTraceLimit, prepareStackTrace } };
}

const LAZY = 'a getter';

function sharedObjects(): readonly (readonly [path: string, object: object])[] {
  return SHARED.flatMap((name) => {
    const object: object = Reflect.get(globalThis, name);
    const prototype: object | undefined = Reflect.get(object, 'prototype');
    const own = [name, object] as const;
    return prototype === undefined ? [own] : [own, [`${name}.prototype`, prototype] as const];
  });
}

/** Returns the name of the first global variable or shared field that is different. */
export function changedGlobal(before: GlobalValues, after: GlobalValues): string | undefined {
  for (const name of new Set([...before.variables.keys(), ...after.variables.keys()])) {
    const [old, now] = [before.variables.get(name), after.variables.get(name)];
    if (old !== now && old !== LAZY) return `globalThis.${name}`;
  }
  for (const name of ['stackTraceLimit', 'prepareStackTrace'] as const) {
    if (before.stacks[name] !== after.stacks[name]) return `Error.${name}`;
  }
  for (const [index, names] of after.names.entries()) {
    const old = before.names[index]!;
    if (names.length === old.length) continue;
    const [more, fewer] = names.length > old.length ? [names, new Set(old)] : [old, new Set(names)];
    const name = more.find((each) => !fewer.has(each));
    return `${sharedObjects()[index]![0]}.${name}`;
  }
  return undefined;
}
