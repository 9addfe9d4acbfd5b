/**
 * The canonical form of a value: the form that decoding its bytes produces. A record's fields are in the order of their
 * names and never undefined, and -0 is 0. A message is converted to this form when it is accepted. So the first fold
 * and a later replay get the same values, including the order in which a handler iterates over the fields.
 *
 * This file is also a fast path for zod's schemas. A form is built from the schema. It returns a value only if the
 * schema would accept it and return it unchanged. For any other value it returns {@link UNDECIDED}, and the schema and
 * the codec decide. So the form never changes the set of accepted values, and errors, defaults and stripped fields are
 * zod's own (properties in test/core/define/zod-canonical.test.ts).
 *
 * Measured on the bank's messages (two strings with bounds, a bounded integer, an optional field), zod takes 0.3 µs and
 * the fast path 0.05 µs. If a content security policy forbids zod to compile, the difference is larger.
 *
 * The form of a state marks the parts that it has accepted, so that one changed field of a large state costs little.
 *
 * The code that runs for each message uses loops with an index. In an engine that only interprets, such as that of
 * guests in JavaScript, a step of `for … of` costs as much as the check of a field.
 */
import { compareUtf8, isRecord } from '../codec/values.ts';
import { isAccepted, markAccepted } from './state-value.ts';
import { type ZodDefinition, type ZodInternals, zodInternals } from './zod.ts';

/** The result if the schema and the codec have to decide. */
export const UNDECIDED: unique symbol = Symbol('undecided');

/**
 * The code that has a reference to a value.
 *
 * - `caller`: the caller has a reference, so the canonical form is a copy. Each of its fields is read once, because a
 *   getter could return a different value the second time.
 * - `none`: no other code has a reference, so the canonical form may be the value itself.
 * - `state`: the value has the form of `state-value.ts`. In this form, sets and maps are in order, and parts that were
 *   accepted before are not checked again.
 */
type Holder = 'caller' | 'none' | 'state';

/** Returns the value in canonical form, or {@link UNDECIDED}. */
export type CanonicalForm = (value: unknown, holder: Holder) => unknown;

/**
 * Returns the form of a schema, or undefined if it is not a zod schema or uses a feature that this file does not
 * support.
 */
export function canonicalFormOf(schema: unknown): CanonicalForm | undefined {
  return formOf(schema, new Set());
}

/** A test of a value that is its own canonical form. */
type Accept = (value: unknown) => boolean;

/**
 * Returns the form of a schema.
 * @param open the schemas that are being read. A schema that contains itself has no form.
 */
function formOf(schema: unknown, open: ReadonlySet<unknown>): CanonicalForm | undefined {
  const internals = zodInternals(schema);
  if (internals === undefined || open.has(schema)) return undefined;
  const { def } = internals;
  if (def.coerce === true) return undefined;
  const inner = (of: unknown): CanonicalForm | undefined => formOf(of, new Set([...open, schema]));
  const checks = (def.checks ?? []).map(zodInternals);
  switch (def.type) {
    case 'string':
      return leaf(checked((value) => typeof value === 'string', [internals, ...checks], stringCheck));
    case 'number':
      return leaf(checked(isCanonicalNumber, [internals, ...checks], numberCheck));
    case 'bigint':
      return leaf(checked((value) => typeof value === 'bigint', [internals, ...checks], numberCheck));
    case 'date':
      return dateOf(checked(isValidDate, checks, unknownCheck));
    case 'array':
      return listOf(checkedList(checks), inner(def.element));
  }
  if (checks.length > 0) return undefined; // Custom refinements, which may change a record.
  switch (def.type) {
    case 'boolean':
      return leaf((value) => typeof value === 'boolean');
    case 'null':
      return leaf((value) => value === null);
    case 'any':
    case 'unknown':
      // The schema does not show whether an integer is a number or a bigint, or the types of the parts.
      return leaf((value) => typeof value === 'string' || typeof value === 'boolean' || value === null);
    case 'literal':
    case 'enum':
      return oneOf(internals.values);
    case 'object':
      return remembered(recordOf(def, inner));
    case 'record':
      return remembered(dictionaryOf(def, inner));
    case 'set':
      return remembered(setOf(inner(def.valueType)));
    case 'map':
      return remembered(mapOf(inner(def.keyType), inner(def.valueType)));
    case 'tuple':
      return def.rest === null || def.rest === undefined ? tupleOf((def.items ?? []).map(inner)) : undefined;
    case 'union':
      return def.discriminator === undefined
        ? anyOf(def.options ?? [], inner)
        : tagged(def.options ?? [], def.discriminator, inner);
    case 'optional':
      if (internals.traits?.has('$ZodExactOptional')) return undefined;
      return fillsIn(def.innerType) ? defined(inner(def.innerType)) : or(undefined, inner(def.innerType));
    case 'nullable':
      return or(null, inner(def.innerType));
    case 'default':
    case 'prefault':
      return defined(inner(def.innerType));
    case 'readonly':
    case 'catch':
      // These schemas do not change a value that the inner schema accepts, except that they may freeze it.
      return inner(def.innerType);
    default:
      return undefined;
  }
}

/**
 * Returns whether a schema replaces undefined by a value, as a default does, even inside an optional schema.
 */
function fillsIn(schema: unknown): boolean {
  const def = zodInternals(schema)?.def;
  if (def?.type === 'default' || def?.type === 'prefault' || def?.type === 'catch') return true;
  return def?.innerType !== undefined && fillsIn(def.innerType);
}

/**
 * Returns a form that checks each part of a state once. Parts are frozen, and they are marked when they are accepted.
 */
function remembered(form: CanonicalForm | undefined): CanonicalForm | undefined {
  if (form === undefined) return undefined;
  const self: CanonicalForm = (value, holder) => {
    if (holder !== 'state' || typeof value !== 'object' || value === null) return form(value, holder);
    if (isAccepted(value, self)) return value;
    const accepted = form(value, holder);
    if (accepted === value) markAccepted(value, self);
    return accepted;
  };
  return self;
}

function leaf(accept: Accept | undefined): CanonicalForm | undefined {
  return accept && ((value) => (accept(value) ? value : UNDECIDED));
}

function dateOf(accept: Accept | undefined): CanonicalForm | undefined {
  return (
    accept &&
    ((value, holder) => {
      if (!(value instanceof Date)) return UNDECIDED;
      const date = holder === 'caller' ? new Date(value.getTime()) : value;
      return accept(date) ? date : UNDECIDED;
    })
  );
}

function isValidDate(value: unknown): boolean {
  return value instanceof Date && !Number.isNaN(value.getTime());
}

/** Returns whether the number is canonical. Infinite numbers have no encoding, and -0 is not canonical. */
function isCanonicalNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value) && (value !== 0 || Object.is(value, 0));
}

type Check = (check: ZodDefinition) => Accept | undefined;

/** Combines a type with its checks. The first check may be the type itself, as in z.int() and z.email(). */
function checked(base: Accept, checks: readonly (ZodInternals | undefined)[], known: Check): Accept | undefined {
  const accepts: Accept[] = [base];
  for (const check of checks) {
    if (check?.def.type !== undefined && check.def.check === undefined) continue; // A type without its own check.
    const accept = check && (known(check.def) ?? checkOf(check));
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

/**
 * Runs an unknown check by zod, and accepts a value that the check does not change. Do not use this function for lists
 * and records, because a function of the author could change their content.
 */
function checkOf({ def: { when }, check }: ZodInternals): Accept | undefined {
  if (check === undefined) return undefined;
  return (value) => {
    const payload = { value, issues: [] };
    try {
      if (when !== undefined && !when(payload)) return true;
      // An asynchronous check returns a promise, and zod has to report that.
      return check(payload) === undefined && payload.issues.length === 0 && payload.value === value;
    } catch {
      return false;
    }
  };
}

function unknownCheck(): undefined {
  return undefined;
}

/** Combines the checks of a list. Only checks of its length are supported. */
function checkedList(checks: readonly (ZodInternals | undefined)[]): Accept | undefined {
  const accepts = checks.map((check) => check && lengthCheck(check.def));
  if (!accepts.every((accept) => accept !== undefined)) return undefined;
  return (value) => accepts.every((accept) => accept(value));
}

function stringCheck(check: ZodDefinition): Accept | undefined {
  if (check.check !== 'string_format') return textLengthCheck(check);
  const { pattern } = check;
  // A global or sticky pattern depends on earlier strings. Other formats check more than their pattern.
  if (check.format !== 'regex' || pattern === undefined || pattern.global || pattern.sticky) return undefined;
  return (value) => pattern.test(value as string);
}

const SURROGATE = /[\ud800-\udfff]/;

/**
 * Makes the check of a string's length. zod counts code points since version 4.6, and counted UTF-16 units before. This
 * check accepts only values that are valid by both counts.
 */
function textLengthCheck(check: ZodDefinition): Accept | undefined {
  const ofUnits = lengthCheck(check);
  const least = check.minimum ?? check.length;
  if (ofUnits === undefined || least === undefined || least <= 1) return ofUnits;
  return (value) => ofUnits(value) && !SURROGATE.test(value as string);
}

function lengthCheck({ check, minimum, maximum, length }: ZodDefinition): Accept | undefined {
  if (check === 'min_length' && minimum !== undefined) return (value) => (value as string).length >= minimum;
  if (check === 'max_length' && maximum !== undefined) return (value) => (value as string).length <= maximum;
  if (check === 'length_equals' && length !== undefined) return (value) => (value as string).length === length;
  return undefined;
}

function numberCheck({ check, format, value: bound, inclusive }: ZodDefinition): Accept | undefined {
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
  return remembered((value, holder) => {
    if (!Array.isArray(value)) return UNDECIDED;
    const list = holder === 'caller' ? [...value] : value;
    return accept(list) ? itemsOf(list, () => item, holder) : UNDECIDED;
  });
}

function tupleOf(items: readonly (CanonicalForm | undefined)[]): CanonicalForm | undefined {
  if (!items.every((item) => item !== undefined)) return undefined;
  const formAt = (index: number): CanonicalForm => items[index]!;
  return remembered((value, holder) => {
    if (!Array.isArray(value)) return UNDECIDED;
    const list = holder === 'caller' ? [...value] : value;
    return list.length === items.length ? itemsOf(list, formAt, holder) : UNDECIDED;
  });
}

/**
 * Returns the list if all its items are canonical, and a copy if an item has to be replaced.
 * @param list already a copy if `holder` is `'caller'`.
 */
function itemsOf(list: unknown[], formAt: (index: number) => CanonicalForm, holder: Holder): unknown {
  let copy = holder === 'caller' ? list : undefined;
  for (let index = 0; index < list.length; index++) {
    const before = list[index];
    const after = formAt(index)(before, holder);
    if (after === UNDECIDED || after === undefined) return UNDECIDED; // In a list, undefined has no encoding.
    if (after !== before) (copy ??= list.slice())[index] = after;
  }
  return copy ?? list;
}

/** Returns the form of a set. Sets and maps are in order only in a state. In a message, the codec orders them. */
function setOf(element: CanonicalForm | undefined): CanonicalForm | undefined {
  if (element === undefined) return undefined;
  return (value, holder) => {
    if (holder !== 'state' || !(value instanceof Set)) return UNDECIDED;
    for (const item of value) if (element(item, holder) !== item) return UNDECIDED;
    return value;
  };
}

function mapOf(key: CanonicalForm | undefined, held: CanonicalForm | undefined): CanonicalForm | undefined {
  if (key === undefined || held === undefined) return undefined;
  return (value, holder) => {
    if (holder !== 'state' || !(value instanceof Map)) return UNDECIDED;
    for (const [name, item] of value) {
      if (key(name, holder) !== name || held(item, holder) !== item) return UNDECIDED;
    }
    return value;
  };
}

function or(constant: unknown, inner: CanonicalForm | undefined): CanonicalForm | undefined {
  return inner && ((value, holder) => (value === constant ? value : inner(value, holder)));
}

function defined(inner: CanonicalForm | undefined): CanonicalForm | undefined {
  return inner && ((value, holder) => (value === undefined ? UNDECIDED : inner(value, holder)));
}

function oneOf(values: ReadonlySet<unknown> | undefined): CanonicalForm | undefined {
  return values && ((value) => (values.has(value) && !Object.is(value, -0) ? value : UNDECIDED));
}

/** Returns whether the value is a record of this realm, or a caller's record, whose copy is a record of this realm. */
function isRecordOf(value: unknown, holder: Holder): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return Object.getPrototypeOf(value) === Object.prototype || (holder === 'caller' && isRecord(value));
}

type Inner = (schema: unknown) => CanonicalForm | undefined;

interface Field {
  readonly key: string;
  readonly form: CanonicalForm;
}

/** Returns the form of an object. If a value has fields that the schema does not name, zod decides about them. */
function recordOf({ shape = {}, catchall }: ZodDefinition, inner: Inner): CanonicalForm | undefined {
  if (catchall !== undefined && zodInternals(catchall)?.def.type !== 'never') return undefined;
  if (Object.hasOwn(shape, '__proto__')) return undefined;
  const keys = Object.keys(shape).sort(compareUtf8);
  const fields = keys.flatMap((key): Field[] => {
    const form = inner(shape[key]);
    return form === undefined ? [] : [{ key, form }];
  });
  if (fields.length < keys.length) return undefined;
  const places = new Map(keys.map((key, place) => [key, place]));
  return (value, holder) => {
    if (!isRecordOf(value, holder)) return UNDECIDED;
    const record = holder === 'caller' ? { ...value } : value;
    if (hasCanonicalFields(record, fields, holder)) return record;
    return holder === 'state' ? stateRecord(record, fields) : messageRecord(record, fields, places, holder);
  };
}

/**
 * Returns whether the record has all of the fields, in order and in canonical form. Nearly every record does.
 * @param record already a copy if `holder` is `'caller'`. Fields that have to be copied are replaced in it.
 */
function hasCanonicalFields(record: Record<string, unknown>, fields: readonly Field[], holder: Holder): boolean {
  let index = 0;
  for (const key in record) {
    if (index === fields.length) return false;
    const field = fields[index++]!;
    const before = record[key];
    if (field.key !== key || before === undefined) return false;
    const after = field.form(before, holder);
    if (after === before) continue;
    if (after === UNDECIDED || holder !== 'caller') return false;
    record[key] = after;
  }
  return index === fields.length;
}

/** Checks a record of a message. @param record already a copy, as for {@link hasCanonicalFields}. */
function messageRecord(
  record: Record<string, unknown>,
  fields: readonly Field[],
  places: ReadonlyMap<string, number>,
  holder: Holder,
): unknown {
  let canonical = true;
  let last = -1;
  for (const key in record) {
    const place = places.get(key);
    if (place === undefined) return UNDECIDED;
    if (place < last || record[key] === undefined) canonical = false;
    last = place;
  }
  for (let index = 0; index < fields.length; index++) {
    const { key, form } = fields[index]!;
    const before = record[key];
    const after = form(before, holder);
    if (after === UNDECIDED) return UNDECIDED;
    if (after === before) continue;
    if (holder === 'caller') record[key] = after;
    else canonical = false;
  }
  return canonical ? record : rebuilt(record, fields);
}

/** Checks a record of a state, whose fields are in order and never undefined. */
function stateRecord(value: Readonly<Record<string, unknown>>, fields: readonly Field[]): unknown {
  let unknown = 0;
  for (const _ in value) unknown++;
  for (let index = 0; index < fields.length; index++) {
    const { key, form } = fields[index]!;
    const field = value[key];
    if (form(field, 'state') !== field) return UNDECIDED;
    if (field !== undefined) unknown--;
  }
  return unknown === 0 ? value : UNDECIDED;
}

function rebuilt(record: Readonly<Record<string, unknown>>, fields: readonly Field[]): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (let index = 0; index < fields.length; index++) {
    const { key, form } = fields[index]!;
    const field = form(record[key], 'none');
    if (field !== undefined) copy[key] = field;
  }
  return copy;
}

/** Returns the form of a record with arbitrary keys. If they are not in order, the codec decides. */
function dictionaryOf({ keyType, valueType, mode }: ZodDefinition, inner: Inner): CanonicalForm | undefined {
  const key = zodInternals(keyType)?.def;
  const form = inner(valueType);
  if (mode !== undefined || key?.type !== 'string' || key.check !== undefined || key.checks?.length) return undefined;
  if (form === undefined) return undefined;
  return (value, holder) => {
    if (!isRecordOf(value, holder)) return UNDECIDED;
    const record = holder === 'caller' ? { ...value } : value;
    let last: string | undefined;
    for (const field in record) {
      const before = record[field];
      if (field === '__proto__' || before === undefined) return UNDECIDED;
      if (last !== undefined && compareUtf8(last, field) > 0) return UNDECIDED;
      last = field;
      const after = form(before, holder);
      if (after === before) continue;
      if (after === UNDECIDED || holder !== 'caller') return UNDECIDED;
      record[field] = after;
    }
    return record;
  };
}

/** Returns the form of a union of plain types. For a union of records, zod has to choose the option. */
function anyOf(options: readonly unknown[], inner: Inner): CanonicalForm | undefined {
  const types = new Set(options.map((option) => zodInternals(option)?.def.type ?? ''));
  // An earlier option might accept the value and change it.
  if (options.some(mayChange)) return undefined;
  // If both kinds of integers are accepted, the bytes do not show the kind of the integer.
  if (types.has('bigint') && (types.has('number') || types.has('literal'))) return undefined;
  const forms = options.map(inner);
  if (![...types].every((type) => PLAIN.has(type)) || !forms.every((form) => form !== undefined)) return undefined;
  return leaf((value) => forms.some((form) => form(value, 'none') !== UNDECIDED));
}

/** Returns whether a schema of plain values has a check that may change the value, such as `trim`. */
function mayChange(option: unknown): boolean {
  const internals = zodInternals(option);
  if (internals === undefined) return true;
  const checks = [internals, ...(internals.def.checks ?? []).map(zodInternals)];
  return checks.some((check) => check === undefined || !(isPlainType(check) || isKnownCheck(check.def)));
}

function isPlainType({ def }: ZodInternals): boolean {
  return def.type !== undefined && def.check === undefined;
}

function isKnownCheck(check: ZodDefinition): boolean {
  return (stringCheck(check) ?? numberCheck(check)) !== undefined;
}

const PLAIN: ReadonlySet<string> = new Set(['string', 'number', 'bigint', 'boolean', 'null', 'literal', 'enum']);

function tagged(options: readonly unknown[], discriminator: string, inner: Inner): CanonicalForm | undefined {
  const byTag = new Map<unknown, CanonicalForm>();
  for (const option of options) {
    const form = inner(option);
    const tags = zodInternals(option)?.propValues?.[discriminator];
    if (form === undefined || tags === undefined) return undefined;
    for (const tag of tags) byTag.set(tag, form);
  }
  return (value, holder) =>
    isRecordOf(value, holder) ? (byTag.get(value[discriminator])?.(value, holder) ?? UNDECIDED) : UNDECIDED;
}
