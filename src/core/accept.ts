/**
 * A short cut for schemas of zod: a test that holds only for values that the schema accepts *and gives back as they are*.
 * Where it does not hold, or there is none, the schema itself decides; so it can never change what is accepted, and errors,
 * defaults and stripped fields are always zod's own (a property in test/core/accept.test.ts).
 *
 * Measured on the bank's messages (two texts with bounds, a bounded integer, an optional field): zod 0.36 µs, the short cut
 * 0.05 µs, and zod is passed three times for each command. Where a content security policy forbids zod to compile, the
 * difference is larger.
 */

/** Whether the schema gives this very value back. False says nothing. */
export type Accept = (value: unknown) => boolean;

/** What is read of a zod definition (zod 4, `_zod.def`) and its checks. All of it is another package's data. */
interface Definition {
  readonly type?: string;
  readonly check?: string;
  readonly format?: string;
  readonly coerce?: boolean;
  readonly checks?: readonly unknown[];
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly catchall?: unknown;
  readonly element?: unknown;
  readonly items?: readonly unknown[];
  readonly rest?: unknown;
  readonly keyType?: unknown;
  readonly valueType?: unknown;
  readonly mode?: string;
  readonly options?: readonly unknown[];
  readonly discriminator?: string;
  readonly innerType?: unknown;
  readonly values?: readonly unknown[];
  readonly value?: unknown;
  readonly inclusive?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly length?: number;
  readonly pattern?: RegExp;
}

interface Internals {
  readonly def: Definition;
  readonly traits: ReadonlySet<string>;
  readonly values?: ReadonlySet<unknown>;
  readonly propValues?: Readonly<Record<string, ReadonlySet<unknown>>>;
}

/** The short cut of a schema; undefined where it is not of zod, or does something that is not known here. */
export function acceptOf(schema: unknown): Accept | undefined {
  return accept(schema, new Set());
}

function internalsOf(schema: unknown): Internals | undefined {
  if (typeof schema !== 'object' || schema === null || !('_zod' in schema)) return undefined;
  const internals = schema._zod as Partial<Internals> | undefined;
  return internals?.def !== undefined && internals.traits instanceof Set ? (internals as Internals) : undefined;
}

/** Schemas that hold themselves have none: `open` are those that are being read. */
function accept(schema: unknown, open: ReadonlySet<unknown>): Accept | undefined {
  const internals = internalsOf(schema);
  if (internals === undefined || open.has(schema)) return undefined;
  const { def } = internals;
  if (def.coerce === true) return undefined;
  const inner = (of: unknown): Accept | undefined => accept(of, new Set([...open, schema]));
  const checks = (def.checks ?? []).map((check) => internalsOf(check)?.def);
  switch (def.type) {
    case 'string':
      return checked((value) => typeof value === 'string', [def, ...checks], stringCheck);
    case 'number':
      return checked(Number.isFinite, [def, ...checks], numberCheck);
    case 'bigint':
      return checked((value) => typeof value === 'bigint', [def, ...checks], numberCheck);
    case 'array':
      return checked(listOf(inner(def.element)), checks, lengthCheck);
  }
  if (checks.length > 0) return undefined; // Refinements of one's own, on whatever type.
  switch (def.type) {
    case 'boolean':
      return (value) => typeof value === 'boolean';
    case 'null':
      return (value) => value === null;
    case 'date':
      return (value) => value instanceof Date && !Number.isNaN(value.getTime());
    case 'any':
    case 'unknown':
      return () => true;
    case 'literal':
    case 'enum':
      return oneOf(internals.values);
    case 'object':
      return recordOf(def, inner);
    case 'record':
      return dictionaryOf(def, inner);
    case 'tuple':
      return def.rest === null || def.rest === undefined ? tupleOf((def.items ?? []).map(inner)) : undefined;
    case 'union':
      return def.discriminator === undefined
        ? anyOf(def.options ?? [], inner)
        : tagged(def.options ?? [], def.discriminator, inner);
    case 'optional':
      return internals.traits.has('$ZodExactOptional') ? undefined : or(undefined, inner(def.innerType));
    case 'nullable':
      return or(null, inner(def.innerType));
    case 'default':
      return defined(inner(def.innerType));
    default:
      return undefined;
  }
}

type Check = (check: Definition) => Accept | undefined;

/** A type with its checks; undefined where one of them is unknown. The first is the type's own: z.int(), z.email(). */
function checked(
  base: Accept | undefined,
  checks: readonly (Definition | undefined)[],
  known: Check,
): Accept | undefined {
  if (base === undefined) return undefined;
  const accepts: Accept[] = [base];
  for (const check of checks) {
    if (check?.type !== undefined && check.check === undefined) continue; // A type without a check of its own.
    const accept = check === undefined ? undefined : known(check);
    if (accept === undefined) return undefined;
    accepts.push(accept);
  }
  const [first, second, third] = accepts as [Accept, Accept?, Accept?];
  if (second === undefined) return first;
  if (third === undefined) return (value) => first(value) && second(value);
  if (accepts.length === 3) return (value) => first(value) && second(value) && third(value);
  return (value) => accepts.every((accept) => accept(value));
}

function stringCheck(check: Definition): Accept | undefined {
  if (check.check !== 'string_format') return textLengthCheck(check);
  const { pattern } = check;
  // A pattern with a position would remember the text before; other formats are more than their pattern.
  if (check.format !== 'regex' || pattern === undefined || pattern.global || pattern.sticky) return undefined;
  return (value) => pattern.test(value as string);
}

const SURROGATE = /[\ud800-\udfff]/;

/** zod counts code points (4.6; UTF-16 units before): only what is right either way is taken. */
function textLengthCheck(check: Definition): Accept | undefined {
  const ofUnits = lengthCheck(check);
  const least = check.minimum ?? check.length;
  if (ofUnits === undefined || least === undefined || least <= 1) return ofUnits;
  return (value) => ofUnits(value) && !SURROGATE.test(value as string);
}

function lengthCheck({ check, minimum, maximum, length }: Definition): Accept | undefined {
  if (check === 'min_length' && minimum !== undefined) return (value) => (value as string).length >= minimum;
  if (check === 'max_length' && maximum !== undefined) return (value) => (value as string).length <= maximum;
  if (check === 'length_equals' && length !== undefined) return (value) => (value as string).length === length;
  return undefined;
}

function numberCheck({ check, format, value: bound, inclusive }: Definition): Accept | undefined {
  if (check === 'number_format') return format === 'safeint' ? Number.isSafeInteger : undefined;
  if (typeof bound !== 'number' && typeof bound !== 'bigint') return undefined;
  if (check === 'greater_than') {
    return inclusive === true ? (value) => (value as number) >= bound : (value) => (value as number) > bound;
  }
  if (check === 'less_than') {
    return inclusive === true ? (value) => (value as number) <= bound : (value) => (value as number) < bound;
  }
  return undefined;
}

function listOf(item: Accept | undefined): Accept | undefined {
  return item && ((value) => Array.isArray(value) && value.every(item));
}

function tupleOf(items: readonly (Accept | undefined)[]): Accept | undefined {
  if (!items.every((item) => item !== undefined)) return undefined;
  return (value) => Array.isArray(value) && value.length === items.length && items.every((item, at) => item(value[at]));
}

function or(constant: unknown, inner: Accept | undefined): Accept | undefined {
  return inner && ((value) => value === constant || inner(value));
}

function defined(inner: Accept | undefined): Accept | undefined {
  return inner && ((value) => value !== undefined && inner(value));
}

function oneOf(values: ReadonlySet<unknown> | undefined): Accept | undefined {
  return values && ((value) => values.has(value));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}

type Inner = (schema: unknown) => Accept | undefined;

/** Fields that the schema does not name would be stripped, or refused, or kept: all that is left to zod. */
function recordOf({ shape = {}, catchall }: Definition, inner: Inner): Accept | undefined {
  if (catchall !== undefined && internalsOf(catchall)?.def.type !== 'never') return undefined;
  const fields = Object.entries(shape).map(([key, schema]) => ({ key, accept: inner(schema) }));
  if (Object.hasOwn(shape, '__proto__')) return undefined;
  const accepts = fields.flatMap(({ key, accept }) => (accept === undefined ? [] : [{ key, accept }]));
  if (accepts.length < fields.length) return undefined;
  const named = new Set(fields.map(({ key }) => key));
  return (value) => {
    if (!isRecord(value)) return false;
    for (const { key, accept } of accepts) if (!accept(value[key])) return false;
    for (const key in value) if (!named.has(key)) return false;
    return true;
  };
}

function dictionaryOf({ keyType, valueType, mode }: Definition, inner: Inner): Accept | undefined {
  const key = internalsOf(keyType)?.def;
  const accept = inner(valueType);
  if (mode !== undefined || key?.type !== 'string' || key.check !== undefined || key.checks?.length) return undefined;
  if (accept === undefined) return undefined;
  return (value) => {
    if (!isRecord(value)) return false;
    for (const field in value) if (field === '__proto__' || !accept(value[field])) return false;
    return true;
  };
}

/** Which of several objects would be chosen is zod's to say; of plain values, each gives back what it got. */
function anyOf(options: readonly unknown[], inner: Inner): Accept | undefined {
  const plain = options.every((option) => PLAIN.has(internalsOf(option)?.def.type ?? ''));
  const accepts = options.map(inner);
  if (!plain || !accepts.every((accept) => accept !== undefined)) return undefined;
  return (value) => accepts.some((accept) => accept(value));
}

const PLAIN: ReadonlySet<string> = new Set(['string', 'number', 'bigint', 'boolean', 'null', 'literal', 'enum']);

function tagged(options: readonly unknown[], discriminator: string, inner: Inner): Accept | undefined {
  const byTag = new Map<unknown, Accept>();
  for (const option of options) {
    const accept = inner(option);
    const tags = internalsOf(option)?.propValues?.[discriminator];
    if (accept === undefined || tags === undefined) return undefined;
    for (const tag of tags) byTag.set(tag, accept);
  }
  return (value) => isRecord(value) && byTag.get(value[discriminator])?.(value) === true;
}
