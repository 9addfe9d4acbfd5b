/**
 * Writes value types in TypeScript, in the form of jco's `types`. The same type is used for arguments and results.
 *
 * Source: jco, `crates/js-component-bindgen/src/ts_bindgen.rs`.
 */
import { toCamelCase, toPascalCase } from '../camel-case.ts';
import type { Case, PrimitiveKind, ValueType } from '../types.ts';
import { propertyKey, quoted } from './identifiers.ts';
import type { Scope } from './scope.ts';

const PRIMITIVES: Readonly<Record<PrimitiveKind, string>> = {
  bool: 'boolean',
  s8: 'number',
  u8: 'number',
  s16: 'number',
  u16: 'number',
  s32: 'number',
  u32: 'number',
  s64: 'bigint',
  u64: 'bigint',
  f32: 'number',
  f64: 'number',
  char: 'string',
  string: 'string',
  'error-context': 'number',
};

/** The typed array for a list, by the kind of its elements. */
const TYPED_ARRAYS: { readonly [Kind in ValueType['kind']]?: string } = {
  u8: 'Uint8Array',
  s8: 'Int8Array',
  u16: 'Uint16Array',
  s16: 'Int16Array',
  u32: 'Uint32Array',
  s32: 'Int32Array',
  u64: 'BigUint64Array',
  s64: 'BigInt64Array',
  f32: 'Float32Array',
  f64: 'Float64Array',
};

/** Returns the type of a value: its name in the file if it has one, and otherwise its structure. */
export function typeOf(type: ValueType, scope: Scope): string {
  return scope.nameOf(type) ?? structureOf(type, scope);
}

/** Returns the structure of a type. */
function structureOf(type: ValueType, scope: Scope): string {
  const { declared } = scope;
  const of = (inner: ValueType): string => typeOf(inner, scope);
  switch (type.kind) {
    case 'record':
      return `{ ${fieldsOf(type, scope).join(' ')} }`;
    case 'flags':
      return `{ ${flagsOf(type.labels).join(' ')} }`;
    case 'variant':
      return type.cases.map((each) => `{ ${caseFields(each, scope).join(' ')} }`).join(' | ');
    case 'enum':
      return type.labels.map(quoted).join(' | ');
    case 'list': {
      const typed = TYPED_ARRAYS[type.element.kind];
      return typed === undefined ? `${declared.global('Array')}<${of(type.element)}>` : declared.global(typed);
    }
    case 'tuple':
      return `[${type.elements.map(of).join(', ')}]`;
    case 'option':
      return isNullable(type.value)
        ? `${declared.helper('Option')}<${of(type.value)}>`
        : `${of(type.value)} | undefined`;
    case 'result':
      return `${declared.helper('Result')}<${orVoid(type.ok, scope)}, ${orVoid(type.error, scope)}>`;
    case 'map':
      return `${declared.global('Map')}<${of(type.key)}, ${of(type.value)}>`;
    case 'own':
    case 'borrow':
      return scope.nameOf(type.resource) ?? 'object';
    case 'stream':
      return `${declared.global('AsyncIterable')}<${orVoid(type.element, scope)}>`;
    case 'future':
      return `${declared.global('PromiseLike')}<${orVoid(type.element, scope)}>`;
    default:
      return PRIMITIVES[type.kind];
  }
}

function orVoid(type: ValueType | undefined, scope: Scope): string {
  return type === undefined ? 'void' : typeOf(type, scope);
}

/**
 * Returns whether `undefined` is one of the type's values. It is the `none` case of an option, unless it could also be
 * the payload. Such an option is an object with a `tag`.
 */
function isNullable(type: ValueType): boolean {
  return type.kind === 'option' && !isNullable(type.value);
}

function fieldsOf(type: ValueType & { kind: 'record' }, scope: Scope): string[] {
  return type.fields.map(({ name, type }) => {
    const key = propertyKey(toCamelCase(name));
    if (!isNullable(type)) return `${key}: ${typeOf(type, scope)},`;
    const value = scope.nameOf(type) ?? typeOf((type as ValueType & { kind: 'option' }).value, scope);
    return `${key}?: ${value} | undefined,`;
  });
}

function flagsOf(labels: readonly string[]): string[] {
  return labels.map((label) => `${propertyKey(toCamelCase(label))}?: boolean | undefined,`);
}

function caseFields({ name, type }: Case, scope: Scope): string[] {
  return [`tag: ${quoted(name)},`, ...(type === undefined ? [] : [`val: ${typeOf(type, scope)},`])];
}

/** Returns the declaration of a named type. */
export function typeDeclaration(name: string, type: ValueType, scope: Scope): string[] {
  const known = scope.nameOf(type);
  // A primitive type has no identity, so an alias of `u64` must not become the name of every `u64`.
  if (type.kind in PRIMITIVES)
    return [`export type ${scope.names.unique(toPascalCase(name))} = ${structureOf(type, scope)};`];
  const declared = scope.declare(type, toPascalCase(name));
  const twin = known ?? scope.declared.twinOf(name, type, scope.path + declared);
  if (twin !== undefined) return [`export type ${declared} = ${twin};`];
  switch (type.kind) {
    case 'record':
      return interfaceOf(declared, fieldsOf(type, scope));
    case 'flags':
      return interfaceOf(declared, flagsOf(type.labels));
    case 'variant': {
      const cases = type.cases.map((each) => ({ each, name: scope.names.unique(declared + toPascalCase(each.name)) }));
      return [
        `export type ${declared} = ${cases.map((one) => one.name).join(' | ')};`,
        ...cases.flatMap((one) => interfaceOf(one.name, caseFields(one.each, scope))),
      ];
    }
    default:
      return [`export type ${declared} = ${structureOf(type, scope)};`];
  }
}

function interfaceOf(name: string, members: readonly string[]): string[] {
  return [`export interface ${name} {`, ...members.map((member) => `  ${member}`), '}'];
}
