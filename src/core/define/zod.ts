/**
 * Types for the parts of zod's schemas that this package reads: their definitions, which zod 4 stores in `_zod.def`.
 * They are internals of another package, so every field is optional, and unknown schemas are treated like those of
 * other libraries.
 */

/** The definition of a zod schema or check. */
export interface ZodDefinition {
  readonly type?: string;
  readonly check?: string;
  readonly format?: string;
  readonly coerce?: boolean;
  readonly checks?: readonly unknown[];
  readonly when?: (payload: ZodPayload) => boolean;
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
  readonly left?: unknown;
  readonly right?: unknown;
  readonly innerType?: unknown;
  readonly getter?: () => unknown;
  readonly in?: unknown;
  readonly out?: unknown;
  readonly values?: readonly unknown[];
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly defaultValue?: unknown;
  readonly catchValue?: (context: object) => unknown;
  readonly value?: unknown;
  readonly inclusive?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly length?: number;
  readonly size?: number;
  readonly pattern?: RegExp;
}

/** The value that a zod check receives, with the issues so far. */
interface ZodPayload {
  readonly value: unknown;
  readonly issues: readonly unknown[];
}

/** The internals of a zod schema or check. */
export interface ZodInternals {
  readonly def: ZodDefinition;
  readonly traits?: ReadonlySet<string>;
  readonly values?: ReadonlySet<unknown>;
  readonly propValues?: Readonly<Record<string, ReadonlySet<unknown>>>;
  readonly check?: (payload: ZodPayload) => unknown;
}

/** Returns the internals of a schema or a check, or undefined if it is not zod's. */
export function zodInternals(schema: unknown): ZodInternals | undefined {
  if (typeof schema !== 'object' || schema === null || !('_zod' in schema)) return undefined;
  const internals = schema._zod as Partial<ZodInternals> | undefined;
  return internals?.def === undefined ? undefined : (internals as ZodInternals);
}

/** Returns the definition of a schema or a check, or undefined if it is not zod's. */
export function zodDefinition(schema: unknown): ZodDefinition | undefined {
  return zodInternals(schema)?.def;
}
