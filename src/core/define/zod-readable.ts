/**
 * A zod schema must accept the value that it returns, and must not change it, because a stored value is read through
 * the same schema again. When a module is defined, this file refuses schemas whose definition shows that they break
 * this rule.
 *
 * - The result of a pipe must be of a type that the pipe accepts. `z.string().transform(Number).pipe(z.number())` is
 *   refused, and so is a codec between two types.
 * - A default and the value of `catch` must be the same each time, and must be accepted by their schema.
 *
 * - An object must not have the field `__proto__`, which has no encoding.
 *
 * Other schemas are allowed here, because their definitions do not show their results: coercion, overwriting checks
 * such as `trim`, and functions. `schema.ts` checks them with each message.
 */
import { differenceOf, showValue } from '../codec/difference.ts';
import { type Path, stepsText } from '../codec/values.ts';
import { DefinitionError } from '../errors.ts';
import { type ZodDefinition, zodDefinition } from './zod.ts';

/** A value that a schema filled in when the module was defined. */
export interface FilledIn {
  readonly path: Path;
  readonly value: unknown;
  /** Computes the value again. */
  readonly again: () => unknown;
}

/**
 * Checks a schema, and returns the values that it fills in.
 *
 * @throws DefinitionError with the path of a part whose output cannot be read back.
 */
export function checkReadable(schema: unknown, place: string): readonly FilledIn[] {
  const found: FilledIn[] = [];
  visit(schema, [], place, new Set(), found);
  return found;
}

function visit(schema: unknown, path: Path, place: string, seen: Set<unknown>, found: FilledIn[]): void {
  const def = zodDefinition(schema);
  if (def === undefined || seen.has(schema)) return;
  seen.add(schema);
  const at = place + stepsText(path);
  if (def.shape !== undefined && Object.hasOwn(def.shape, '__proto__')) {
    throw new DefinitionError(at, 'has the field __proto__, which a message or state cannot contain; rename the field');
  }
  if (def.type === 'pipe') checkPipe(def, at);
  if (def.type === 'default' || def.type === 'prefault') {
    found.push(constant(() => def.defaultValue, path, at, 'default'));
    checkAccepted(def.innerType, def.defaultValue, at);
  }
  if (def.type === 'catch') {
    const filledIn = constant(() => caught(def), path, at, 'value of catch');
    if (filledIn.value !== NOT_SHOWN) found.push(filledIn);
  }
  for (const [step, inner] of partsOf(def)) visit(inner, [...path, ...step], place, seen, found);
}

type Part = readonly [step: Path, schema: unknown];

function partsOf(def: ZodDefinition): Part[] {
  const parts: Part[] = Object.entries(def.shape ?? {}).map(([key, field]): Part => [[key], field]);
  for (const [index, item] of (def.items ?? []).entries()) parts.push([[index], item]);
  for (const option of def.options ?? []) parts.push([[], option]);
  const { catchall, element, rest, keyType, valueType, left, right, innerType } = def;
  for (const inner of [catchall, element, rest, keyType, valueType, left, right, innerType, def.in, def.out]) {
    parts.push([[], inner]);
  }
  return parts;
}

function checkPipe(def: ZodDefinition, place: string): void {
  const accepted = kindsOf(def, 'in');
  const returned = kindsOf(def, 'out');
  if (accepted === undefined || returned === undefined || accepted.some((kind) => returned.includes(kind))) return;
  throw new DefinitionError(
    place,
    `the schema accepts ${accepted.join(' or ')} and returns ${returned.join(' or ')}, so its output cannot be read back; ` +
      'convert the value before you make the message',
  );
}

/** Returns the kinds of values that a schema accepts or returns, or undefined if its definition does not show them. */
function kindsOf(schema: ZodDefinition | undefined, side: 'in' | 'out'): readonly string[] | undefined {
  const of = (inner: unknown): readonly string[] | undefined => kindsOf(zodDefinition(inner), side);
  switch (schema?.type) {
    case 'string':
    case 'number':
    case 'bigint':
    case 'boolean':
    case 'date':
      return schema.coerce === true && side === 'in' ? undefined : [schema.type];
    case 'object':
    case 'array':
    case 'set':
    case 'map':
      return [schema.type];
    case 'literal':
      return (schema.values ?? []).map((value) => (value === null ? 'null' : typeof value));
    case 'enum':
      return Object.values(schema.entries ?? {}).map((value) => typeof value);
    case 'optional':
    case 'nullable': {
      const kinds = of(schema.innerType);
      return kinds && [...kinds, schema.type === 'optional' ? 'undefined' : 'null'];
    }
    case 'readonly':
      return of(schema.innerType);
    case 'union': {
      const kinds = (schema.options ?? []).map(of);
      return kinds.every((kind) => kind !== undefined) ? kinds.flat() : undefined;
    }
    case 'pipe':
      return of(side === 'in' ? schema.in : schema.out);
    default:
      return undefined;
  }
}

function constant(again: () => unknown, path: Path, place: string, name: string): FilledIn {
  const value = again();
  const difference = differenceOf(value, again());
  if (difference === undefined) return { path, value, again };
  throw new DefinitionError(
    place,
    `its ${name} differs each time (${showValue(difference.first)}, then ${showValue(difference.second)}); generate ` +
      'such a value before you make the message, and put it into the message',
  );
}

/** The placeholder for a value of `catch` that depends on the caught value. */
const NOT_SHOWN: unique symbol = Symbol('not shown');

function caught({ catchValue }: ZodDefinition): unknown {
  try {
    return catchValue?.({ value: undefined, input: undefined, issues: [], error: { issues: [] } });
  } catch {
    return NOT_SHOWN;
  }
}

function checkAccepted(schema: unknown, value: unknown, place: string): void {
  const standard: unknown = Object(schema)['~standard'];
  if (typeof standard !== 'object' || standard === null || !('validate' in standard)) return;
  const result = (standard.validate as (value: unknown) => { issues?: readonly { message: string }[] })(value);
  const [issue] = result.issues ?? [];
  if (issue === undefined) return;
  throw new DefinitionError(
    place,
    `its default ${showValue(value)} is not accepted by its own schema: ${issue.message}; change one of the two`,
  );
}
