/**
 * Converts integers of decoded values to the kind that a schema expects. 5 and 5n have the same bytes
 * (docs/encoding.md). A codec returns a number for a safe integer and a bigint otherwise, and the schema determines
 * which of the two the program gets.
 *
 * A zod schema is inspected once, when the module is defined, and becomes a {@link Bridge}: a function that converts
 * the integers of a decoded value. For schemas of other libraries, see `integer-flips.ts`.
 */
import { type ZodDefinition, zodDefinition, zodInternals } from './zod.ts';

/** Returns the value with its integers as the schema expects them. If nothing has to change, it is the same object. */
export type Bridge = (value: unknown) => unknown;

/** Returns the bridge of a schema, or undefined if it has no integers or is not a zod schema. */
export function bridgeOf(schema: unknown): Bridge | undefined {
  return bridge(schema, new Map());
}

/**
 * Returns the bridge of a schema.
 * @param seen the schemas that are being read, with their bridges. A schema inside itself calls the bridge of the outer
 *   schema.
 */
function bridge(schema: unknown, seen: Map<unknown, Bridge | undefined>): Bridge | undefined {
  const definition = zodDefinition(schema);
  if (definition === undefined) return undefined;
  if (seen.has(schema)) return (value) => seen.get(schema)?.(value) ?? value;
  seen.set(schema, undefined);
  const built = build(definition, seen);
  seen.set(schema, built);
  return built;
}

function build(definition: ZodDefinition, seen: Map<unknown, Bridge | undefined>): Bridge | undefined {
  switch (definition.type) {
    case 'bigint':
      return toBigInt;
    case 'number':
    case 'int':
      return toNumber;
    case 'literal':
      return literalBridge(definition.values ?? []);
    case 'object':
      return recordBridge(Object.entries(definition.shape ?? {}), definition.catchall, seen);
    case 'record':
      return valuesBridge(bridge(definition.valueType, seen));
    case 'array':
      return listBridge([], bridge(definition.element, seen));
    case 'tuple':
      return listBridge(
        (definition.items ?? []).map((item) => bridge(item, seen)),
        bridge(definition.rest, seen),
      );
    case 'set':
      return setBridge(bridge(definition.valueType, seen));
    case 'map':
      return mapBridge(bridge(definition.keyType, seen), bridge(definition.valueType, seen));
    case 'union':
      return definition.discriminator === undefined
        ? unionBridge(definition.options ?? [], seen)
        : discriminatedBridge(definition.options ?? [], definition.discriminator, seen);
    case 'intersection':
      return inOrder(bridge(definition.left, seen), bridge(definition.right, seen));
    case 'lazy':
      return bridge(definition.getter?.(), seen);
    case 'pipe':
      return bridge(definition.in, seen);
    default:
      // optional, nullable, default, prefault, nonoptional, readonly and catch have one inner schema. Others have none.
      return bridge(definition.innerType, seen);
  }
}

export function toBigInt(value: unknown): unknown {
  return typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
}

/** Converts a value only if no bits are lost. A number that was stored had at most 53 significant bits. */
function toNumber(value: unknown): unknown {
  return typeof value === 'bigint' && BigInt(Number(value)) === value ? Number(value) : value;
}

export function flip(value: unknown): unknown {
  return typeof value === 'bigint' ? toNumber(value) : toBigInt(value);
}

function literalBridge(literals: readonly unknown[]): Bridge | undefined {
  if (!literals.some((literal) => typeof literal === 'bigint' || typeof literal === 'number')) return undefined;
  return (value) => (literals.includes(value) || !literals.includes(flip(value)) ? value : flip(value));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Fields = readonly (readonly [string, unknown])[];

function recordBridge(fields: Fields, catchall: unknown, seen: Map<unknown, Bridge | undefined>): Bridge | undefined {
  const bridges = fields.flatMap(([key, schema]) => {
    const inner = bridge(schema, seen);
    return inner === undefined ? [] : [{ key, inner }];
  });
  const named = new Set(fields.map(([key]) => key));
  const others = bridge(catchall, seen);
  if (bridges.length === 0 && others === undefined) return undefined;
  return (value) => {
    if (!isObject(value)) return value;
    let copy: Record<string, unknown> | undefined;
    for (let index = 0; index < bridges.length; index++) {
      const { key, inner } = bridges[index]!;
      const before = value[key];
      if (before === undefined) continue;
      const after = inner(before);
      if (after !== before) (copy ??= { ...value })[key] = after;
    }
    if (others !== undefined) {
      for (const key of Object.keys(value)) {
        if (named.has(key)) continue;
        const after = others(value[key]);
        if (after !== value[key]) (copy ??= { ...value })[key] = after;
      }
    }
    return copy ?? value;
  };
}

function valuesBridge(inner: Bridge | undefined): Bridge | undefined {
  if (inner === undefined) return undefined;
  return (value) => {
    if (!isObject(value)) return value;
    let copy: Record<string, unknown> | undefined;
    for (const key of Object.keys(value)) {
      const after = inner(value[key]);
      if (after !== value[key]) (copy ??= { ...value })[key] = after;
    }
    return copy ?? value;
  };
}

function listBridge(items: readonly (Bridge | undefined)[], rest: Bridge | undefined): Bridge | undefined {
  if (rest === undefined && items.every((item) => item === undefined)) return undefined;
  return (value) => {
    if (!Array.isArray(value)) return value;
    let copy: unknown[] | undefined;
    for (let index = 0; index < value.length; index++) {
      const inner = index < items.length ? items[index] : rest;
      if (inner === undefined) continue;
      const after = inner(value[index]);
      if (after !== value[index]) (copy ??= value.slice())[index] = after;
    }
    return copy ?? value;
  };
}

function setBridge(inner: Bridge | undefined): Bridge | undefined {
  return inner && ((value) => (value instanceof Set ? new Set([...value].map(inner)) : value));
}

function mapBridge(keys: Bridge | undefined, values: Bridge | undefined): Bridge | undefined {
  if (keys === undefined && values === undefined) return undefined;
  return (value) =>
    value instanceof Map
      ? new Map([...value].map(([key, inner]) => [keys ? keys(key) : key, values ? values(inner) : inner]))
      : value;
}

function inOrder(first: Bridge | undefined, second: Bridge | undefined): Bridge | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (value) => second(first(value));
}

interface Option {
  readonly inner: Bridge | undefined;
  readonly accepts: (value: unknown) => boolean;
}

/**
 * Returns the bridge of a union. The bridge uses the first option that accepts the value with its own kinds of
 * integers, because zod chooses in the same way.
 */
function unionBridge(schemas: readonly unknown[], seen: Map<unknown, Bridge | undefined>): Bridge | undefined {
  const options: Option[] = schemas.map((schema) => ({ inner: bridge(schema, seen), accepts: acceptor(schema) }));
  if (options.every(({ inner }) => inner === undefined)) return undefined;
  return (value) => {
    for (const { inner, accepts } of options) {
      const candidate = inner === undefined ? value : inner(value);
      if (accepts(candidate)) return candidate;
    }
    return value;
  };
}

function acceptor(schema: unknown): (value: unknown) => boolean {
  const standard = isObject(schema) ? schema['~standard'] : undefined;
  if (!isObject(standard) || typeof standard['validate'] !== 'function') return () => false;
  const validate = standard['validate'] as (value: unknown) => { issues?: unknown };
  return (value) => validate(value).issues === undefined;
}

function discriminatedBridge(
  schemas: readonly unknown[],
  discriminator: string,
  seen: Map<unknown, Bridge | undefined>,
): Bridge | undefined {
  const byValue = new Map<unknown, Bridge | undefined>();
  for (const schema of schemas) {
    const inner = bridge(schema, seen);
    for (const value of discriminatorsOf(schema, discriminator)) byValue.set(value, inner);
  }
  if ([...byValue.values()].every((inner) => inner === undefined)) return undefined;
  return (value) => {
    if (!isObject(value)) return value;
    const key = value[discriminator];
    const inner = byValue.has(key) ? byValue.get(key) : byValue.get(flip(key));
    return inner === undefined ? value : inner(value);
  };
}

/** Returns the values that identify the options of a union. zod keeps them in `_zod.propValues`. */
function discriminatorsOf(schema: unknown, discriminator: string): Iterable<unknown> {
  return zodInternals(schema)?.propValues?.[discriminator] ?? [];
}
