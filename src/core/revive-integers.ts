/**
 * Gives decoded integers the type that a schema asks for (docs/encoding.md §1.2).
 *
 * On the wire 5 and 5n are one integer, and a codec, which knows no schema, decodes it to a number where it is safe and
 * else to a bigint. Between decoding and validating, whoever holds the schema turns it into what the schema says:
 *
 *     const revive = reviveIntegers(schema);               // once: the schema is walked here
 *     const value = revive(codec.decode(bytes, subject));  // then each time: only the places that matter are touched
 *     schema['~standard'].validate(value);
 *
 * A zod schema can be walked. Another Standard Schema cannot: validate, and where that fails call `reviveAtIssues`, and
 * validate again if it changed anything.
 */
import type { $ZodType, $ZodTypes } from 'zod/v4/core';

/** Changes what was just decoded in place, and gives it back; only a root, a set or a map is made anew. */
export type Reviver = (value: unknown) => unknown;

/** A schema of any library: only zod's own are walked. */
export function reviveIntegers(schema: object): Reviver {
  if (!isZod(schema)) return identity;
  return new SchemaWalk().reviverOf(schema) ?? identity;
}

/**
 * For schemas that cannot be walked. Where an issue's path leads to an integer, that becomes a bigint if it was a number
 * and a number if it was a bigint. Gives the value, or undefined where nothing was to be changed.
 */
export function reviveAtIssues(
  value: unknown,
  issues: readonly { readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined }[],
): { readonly value: unknown } | undefined {
  let changed = false;
  const root = { value };
  for (const issue of issues) {
    let holder: unknown = root;
    let key: PropertyKey = 'value';
    for (const step of issue.path ?? []) {
      holder = get(holder, key);
      key = typeof step === 'object' ? step.key : step;
    }
    if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, key)) continue;
    const other = otherInteger(get(holder, key));
    if (other === undefined) continue;
    Reflect.set(holder, key, other);
    changed = true;
  }
  return changed ? root : undefined;
}

function get(holder: unknown, key: PropertyKey): unknown {
  return typeof holder === 'object' && holder !== null ? Reflect.get(holder, key) : undefined;
}

function otherInteger(value: unknown): number | bigint | undefined {
  if (typeof value === 'bigint') return Number(value);
  return Number.isSafeInteger(value) ? BigInt(Number(value)) : undefined;
}

function identity(value: unknown): unknown {
  return value;
}

function isZod(schema: object): schema is $ZodTypes {
  return '_zod' in schema;
}

function toBigint(value: unknown): unknown {
  return Number.isSafeInteger(value) ? BigInt(Number(value)) : value;
}

function toNumber(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

/** One walk over a schema. A schema that holds itself is walked once: what it needs is looked up when it is first used. */
class SchemaWalk {
  readonly #known = new Map<$ZodType, Reviver | undefined>();

  /** Undefined: nothing in this schema is an integer. */
  reviverOf(schema: $ZodType): Reviver | undefined {
    if (this.#known.has(schema)) return this.#known.get(schema);
    this.#known.set(schema, (value) => (this.#known.get(schema) ?? identity)(value));
    const reviver = this.#build(schema);
    this.#known.set(schema, reviver);
    return reviver;
  }

  /** One line per kind of schema. What is checked is what goes in: the `in` of a pipe. */
  #build(schema: $ZodType): Reviver | undefined {
    const def = (schema as $ZodTypes)._zod.def;
    switch (def.type) {
      case 'bigint':
        return toBigint;
      case 'number':
        return toNumber;
      case 'literal':
        return literalReviver(def.values);
      case 'object':
        return this.#objectReviver(def.shape, def.catchall);
      case 'record':
        return recordReviver([], this.reviverOf(def.valueType));
      case 'array':
        return arrayReviver([], this.reviverOf(def.element));
      case 'tuple':
        return arrayReviver(
          def.items.map((item) => this.reviverOf(item)),
          def.rest ? this.reviverOf(def.rest) : undefined,
        );
      case 'set':
        return setReviver(this.reviverOf(def.valueType));
      case 'map':
        return mapReviver(this.reviverOf(def.keyType), this.reviverOf(def.valueType));
      case 'union':
        return this.#unionReviver(def.options);
      case 'intersection':
        return chain(this.reviverOf(def.left), this.reviverOf(def.right));
      case 'optional':
      case 'nullable':
      case 'nonoptional':
      case 'default':
      case 'prefault':
      case 'catch':
      case 'readonly':
      case 'success':
      case 'promise':
        return this.reviverOf(def.innerType);
      case 'pipe':
        return this.reviverOf(def.in);
      case 'lazy':
        return this.reviverOf(def.getter());
      default:
        return undefined;
    }
  }

  #objectReviver(shape: Readonly<Record<string, $ZodType>>, catchall: $ZodType | undefined): Reviver | undefined {
    const rest = catchall && this.reviverOf(catchall);
    const fields = Object.entries(shape).map(([key, field]) => [key, this.reviverOf(field)] as const);
    // Where there is a catchall, a field that needs nothing must still be told from the rest.
    return recordReviver(
      fields.flatMap(([key, reviver]) => (reviver || rest ? [[key, reviver ?? identity] as const] : [])),
      rest,
    );
  }

  /** The first option that accepts the revived value, as zod picks one; a value that fits as it is stays. */
  #unionReviver(options: readonly $ZodType[]): Reviver | undefined {
    const revivers = options.map((option) => this.reviverOf(option));
    if (revivers.every((reviver) => reviver === undefined)) return undefined;
    const choices = options.map((option, index) => ({
      revive: revivers[index] ?? identity,
      fits: (value: unknown) => accepts(option, value),
      isFor: discriminatorOf(option),
    }));
    return (value) => {
      const candidates = choices.filter((choice) => choice.isFor(value));
      if (candidates.length === 1) return candidates[0]!.revive(value);
      if (candidates.some((choice) => choice.fits(value))) return value;
      for (const choice of candidates) {
        const revived = choice.revive(copy(value));
        if (choice.fits(revived)) return revived;
      }
      return value;
    };
  }
}

function accepts(schema: $ZodType, value: unknown): boolean {
  const result = schema['~standard'].validate(value);
  return !(result instanceof Promise) && result.issues === undefined;
}

/** Whether a value can be meant for this option, by the kind of value and by the literals among a record's fields. */
function discriminatorOf(option: $ZodType): (value: unknown) => boolean {
  const { def } = (option as $ZodTypes)._zod;
  if (def.type === 'null') return (value) => value === null;
  if (def.type === 'string') return (value) => typeof value === 'string';
  if (def.type === 'array') return Array.isArray;
  if (def.type !== 'object') return () => true;
  const literals = Object.entries(def.shape).flatMap(([key, field]) => {
    const fieldDef = (field as $ZodTypes)._zod.def;
    return fieldDef.type === 'literal' ? [{ key, values: fieldDef.values }] : [];
  });
  return (value) =>
    typeof value === 'object' &&
    value !== null &&
    literals.every(({ key, values }) => values.some((literal) => sameInteger(literal, get(value, key))));
}

function sameInteger(literal: unknown, value: unknown): boolean {
  return literal === value || (typeof literal === 'bigint' && toBigint(value) === literal);
}

function literalReviver(values: readonly unknown[]): Reviver | undefined {
  if (!values.some((value) => typeof value === 'bigint' || typeof value === 'number')) return undefined;
  return (value) => {
    if (values.includes(value)) return value;
    const other = otherInteger(value);
    return values.includes(other) ? other : value;
  };
}

function recordReviver(
  fields: readonly (readonly [string, Reviver])[],
  rest: Reviver | undefined,
): Reviver | undefined {
  if (fields.length === 0 && rest === undefined) return undefined;
  const named = new Map(fields);
  return (value) => {
    if (typeof value !== 'object' || value === null) return value;
    const record = value as Record<string, unknown>;
    if (rest !== undefined) {
      for (const key of Object.keys(record)) record[key] = (named.get(key) ?? rest)(record[key]);
      return record;
    }
    for (const [key, revive] of fields) {
      const before = record[key];
      if (before === undefined) continue;
      const after = revive(before);
      if (after !== before) record[key] = after;
    }
    return record;
  };
}

function arrayReviver(items: readonly (Reviver | undefined)[], rest: Reviver | undefined): Reviver | undefined {
  if (rest === undefined && items.every((item) => item === undefined)) return undefined;
  return (value) => {
    if (!Array.isArray(value)) return value;
    for (let index = 0; index < value.length; index++) {
      const revive = index < items.length ? items[index] : rest;
      if (revive !== undefined) value[index] = revive(value[index]);
    }
    return value;
  };
}

function setReviver(element: Reviver | undefined): Reviver | undefined {
  return element && ((value) => (value instanceof Set ? new Set(Array.from(value, element)) : value));
}

function mapReviver(key: Reviver = identity, held: Reviver = identity): Reviver | undefined {
  if (key === identity && held === identity) return undefined;
  return (value) => (value instanceof Map ? new Map(Array.from(value, ([k, v]) => [key(k), held(v)])) : value);
}

function chain(first: Reviver | undefined, second: Reviver | undefined): Reviver | undefined {
  return first && second ? (value) => second(first(value)) : (first ?? second);
}

/** A revival that may turn out not to fit is tried on a copy. */
function copy(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? structuredClone(value) : value;
}
