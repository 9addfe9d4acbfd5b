/**
 * The canonical form of a value: the form in which it comes back from its bytes. A record's fields are in the order of
 * their names and none is undefined; -0 is 0. An event is brought to it when it is decided, so that what is folded now and
 * what a replay folds later are the same, down to the order in which a handler meets the fields.
 *
 * It is also a short cut for schemas of zod. A form is built from the schema, and answers only for values that the schema
 * accepts and gives back as they are; everything else is {@link UNDECIDED}, and left to the schema and the codec. So it
 * can never change what is accepted, and errors, defaults and stripped fields are zod's own (properties in
 * test/core/define/zod-canonical.test.ts).
 *
 * Measured on the bank's messages (two texts with bounds, a bounded integer, an optional field): zod 0.3 µs, the short cut
 * 0.05 µs, and zod is passed three times for each command. Where a content security policy forbids zod to compile, the
 * difference is larger.
 *
 * What runs for each message counts by an index: in an engine that only interprets, as in guests in JavaScript, a step of
 * `for … of` costs as much as the check of a field.
 */
import { compareUtf8 } from '../codec/values.ts';

/** The answer where the schema and the codec have to decide. */
export const UNDECIDED: unique symbol = Symbol('undecided');

/** The value in canonical form, which may be the value itself, or {@link UNDECIDED}. */
export type CanonicalForm = (value: unknown) => unknown;

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

/** The form of a schema; undefined where it is not of zod, or does something that is not known here. */
export function canonicalFormOf(schema: unknown): CanonicalForm | undefined {
  return formOf(schema, new Set());
}

/** A test of a value that is its own canonical form. */
type Accept = (value: unknown) => boolean;

function internalsOf(schema: unknown): Internals | undefined {
  if (typeof schema !== 'object' || schema === null || !('_zod' in schema)) return undefined;
  const internals = schema._zod as Partial<Internals> | undefined;
  return internals?.def !== undefined && internals.traits instanceof Set ? (internals as Internals) : undefined;
}

/** Schemas that hold themselves have none: `open` are those that are being read. */
function formOf(schema: unknown, open: ReadonlySet<unknown>): CanonicalForm | undefined {
  const internals = internalsOf(schema);
  if (internals === undefined || open.has(schema)) return undefined;
  const { def } = internals;
  if (def.coerce === true) return undefined;
  const inner = (of: unknown): CanonicalForm | undefined => formOf(of, new Set([...open, schema]));
  const checks = (def.checks ?? []).map((check) => internalsOf(check)?.def);
  switch (def.type) {
    case 'string':
      return leaf(checked((value) => typeof value === 'string', [def, ...checks], stringCheck));
    case 'number':
      return leaf(checked(isCanonicalNumber, [def, ...checks], numberCheck));
    case 'bigint':
      return leaf(checked((value) => typeof value === 'bigint', [def, ...checks], numberCheck));
    case 'array':
      return listOf(checked(Array.isArray, checks, lengthCheck), inner(def.element));
  }
  if (checks.length > 0) return undefined; // Refinements of one's own, on whatever type.
  switch (def.type) {
    case 'boolean':
      return leaf((value) => typeof value === 'boolean');
    case 'null':
      return leaf((value) => value === null);
    case 'date':
      return leaf((value) => value instanceof Date && !Number.isNaN(value.getTime()));
    case 'any':
    case 'unknown':
      // Nothing says whether an integer is a number or a bigint, or what is inside.
      return leaf((value) => typeof value === 'string' || typeof value === 'boolean' || value === null);
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

function leaf(accept: Accept | undefined): CanonicalForm | undefined {
  return accept && ((value) => (accept(value) ? value : UNDECIDED));
}

/** The infinities have no encoding, and -0 another form. */
function isCanonicalNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && (value !== 0 || Object.is(value, 0));
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
  return (value) => {
    for (let index = 0; index < accepts.length; index++) if (!accepts[index]!(value)) return false;
    return true;
  };
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

function listOf(accept: Accept | undefined, item: CanonicalForm | undefined): CanonicalForm | undefined {
  if (accept === undefined || item === undefined) return undefined;
  return (value) => (Array.isArray(value) && accept(value) ? itemsOf(value, () => item) : UNDECIDED);
}

function tupleOf(items: readonly (CanonicalForm | undefined)[]): CanonicalForm | undefined {
  if (!items.every((item) => item !== undefined)) return undefined;
  const formAt = (index: number): CanonicalForm => items[index]!;
  return (value) => (Array.isArray(value) && value.length === items.length ? itemsOf(value, formAt) : UNDECIDED);
}

/** A list whose items are all decided; a copy where one of them has another form. */
function itemsOf(list: readonly unknown[], formAt: (index: number) => CanonicalForm): unknown {
  let copy: unknown[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const before = list[index];
    const after = formAt(index)(before);
    if (after === UNDECIDED || after === undefined) return UNDECIDED; // In a list, undefined has no encoding.
    if (after !== before) (copy ??= list.slice())[index] = after;
  }
  return copy ?? list;
}

function or(constant: unknown, inner: CanonicalForm | undefined): CanonicalForm | undefined {
  return inner && ((value) => (value === constant ? value : inner(value)));
}

function defined(inner: CanonicalForm | undefined): CanonicalForm | undefined {
  return inner && ((value) => (value === undefined ? UNDECIDED : inner(value)));
}

function oneOf(values: ReadonlySet<unknown> | undefined): CanonicalForm | undefined {
  return values && ((value) => (values.has(value) && !Object.is(value, -0) ? value : UNDECIDED));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype;
}

type Inner = (schema: unknown) => CanonicalForm | undefined;

interface Field {
  readonly key: string;
  readonly form: CanonicalForm;
}

/** Fields that the schema does not name would be stripped, or refused, or kept: all that is left to zod. */
function recordOf({ shape = {}, catchall }: Definition, inner: Inner): CanonicalForm | undefined {
  if (catchall !== undefined && internalsOf(catchall)?.def.type !== 'never') return undefined;
  if (Object.hasOwn(shape, '__proto__')) return undefined;
  const keys = Object.keys(shape).sort(compareUtf8);
  const fields = keys.flatMap((key): Field[] => {
    const form = inner(shape[key]);
    return form === undefined ? [] : [{ key, form }];
  });
  if (fields.length < keys.length) return undefined;
  const places = new Map(keys.map((key, place) => [key, place]));
  return (value) => {
    if (!isRecord(value)) return UNDECIDED;
    let canonical = true;
    let last = -1;
    for (const key in value) {
      const place = places.get(key);
      if (place === undefined) return UNDECIDED;
      if (place < last || value[key] === undefined) canonical = false;
      last = place;
    }
    for (let index = 0; index < fields.length; index++) {
      const { key, form } = fields[index]!;
      const before = value[key];
      const after = form(before);
      if (after === UNDECIDED) return UNDECIDED;
      if (after !== before) canonical = false;
    }
    return canonical ? value : rebuilt(value, fields);
  };
}

function rebuilt(record: Readonly<Record<string, unknown>>, fields: readonly Field[]): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (let index = 0; index < fields.length; index++) {
    const { key, form } = fields[index]!;
    const field = form(record[key]);
    if (field !== undefined) copy[key] = field;
  }
  return copy;
}

/** A record with free keys: left to the codec where they are not in order. */
function dictionaryOf({ keyType, valueType, mode }: Definition, inner: Inner): CanonicalForm | undefined {
  const key = internalsOf(keyType)?.def;
  const form = inner(valueType);
  if (mode !== undefined || key?.type !== 'string' || key.check !== undefined || key.checks?.length) return undefined;
  if (form === undefined) return undefined;
  return (value) => {
    if (!isRecord(value)) return UNDECIDED;
    let last: string | undefined;
    for (const field in value) {
      const item = value[field];
      if (field === '__proto__' || item === undefined || form(item) !== item) return UNDECIDED;
      if (last !== undefined && compareUtf8(last, field) > 0) return UNDECIDED;
      last = field;
    }
    return value;
  };
}

/** Which of several records would be chosen is zod's to say; of plain values, each gives back what it got. */
function anyOf(options: readonly unknown[], inner: Inner): CanonicalForm | undefined {
  const types = new Set(options.map((option) => internalsOf(option)?.def.type ?? ''));
  // Where both integers are meant, the bytes do not say which one it was.
  if (types.has('bigint') && (types.has('number') || types.has('literal'))) return undefined;
  const forms = options.map(inner);
  if (![...types].every((type) => PLAIN.has(type)) || !forms.every((form) => form !== undefined)) return undefined;
  return leaf((value) => forms.some((form) => form(value) !== UNDECIDED));
}

const PLAIN: ReadonlySet<string> = new Set(['string', 'number', 'bigint', 'boolean', 'null', 'literal', 'enum']);

function tagged(options: readonly unknown[], discriminator: string, inner: Inner): CanonicalForm | undefined {
  const byTag = new Map<unknown, CanonicalForm>();
  for (const option of options) {
    const form = inner(option);
    const tags = internalsOf(option)?.propValues?.[discriminator];
    if (form === undefined || tags === undefined) return undefined;
    for (const tag of tags) byTag.set(tag, form);
  }
  return (value) => (isRecord(value) ? (byTag.get(value[discriminator])?.(value) ?? UNDECIDED) : UNDECIDED);
}
