/**
 * Schemas, by the interface that zod, valibot, arktype and others share (Standard Schema, standardschema.dev). Nothing
 * here knows a library; `integers.ts` and `canonical-form.ts` read zod's definitions where they find them.
 */

import type { Codec, Subject } from '../codec/codec.ts';
import { stepsText } from '../codec/values.ts';
import { DefinitionError, FaultError } from '../errors.ts';
import { MAX_REPORTED_ISSUES } from '../limits.ts';
import { canonicalFormOf, UNDECIDED } from './zod-canonical.ts';
import { bridgeOf, flipIntegersAt } from './zod-integers.ts';

/** What a schema library shows of a schema: `StandardSchemaV1` of the specification, member by member. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What `validate` gives: the value as the schema makes it, or what is wrong. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One thing that is wrong, and where. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a schema accepts. */
export type InputOf<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['input'];

/** What a schema gives: the type of a message's data, or of a state. */
export type OutputOf<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output'];

/**
 * `Schema`, if it accepts what it gives. What was stored is read through the same schema again, so a transform that
 * changes a value's type could not be read back: that is a compile error. Defaults and refinements are fine.
 */
export type Rereadable<Schema extends StandardSchema> = [OutputOf<Schema>] extends [InputOf<Schema>]
  ? Schema
  : { readonly 'a schema must accept what it gives: use no transform that changes a type': never };

/** A schema made ready to check values of one kind, with errors that name the place. */
export interface Shape<Value> {
  /** Checks a value of the program: what is stripped or filled in by the schema, is so in the result. */
  check(value: unknown, subject: Subject): Value;
  /** The same for a value that a codec has decoded: whether an integer is a number or a bigint is the schema's to say. */
  checkDecoded(value: unknown, subject: Subject): Value;
  /** Checks a value of the program and gives it as it will come back from its bytes. */
  settle(value: unknown, subject: Subject, codec: Codec): Value;
}

/**
 * Makes a schema ready.
 *
 * Every message is checked, those that the module itself made too: what is stored can be read again because it went
 * through the same check before. A second, cheaper route for own events is not needed: see `canonical-form.ts` for what a
 * check costs.
 *
 * @throws DefinitionError where it is no Standard Schema, or answers asynchronously.
 */
export function shapeOf<Value>(schema: StandardSchema<unknown, Value>, place: string): Shape<Value> {
  const standard: unknown = schema?.['~standard'];
  if (typeof standard !== 'object' || standard === null || !('validate' in standard)) {
    throw new DefinitionError(place, 'is no schema: use zod, or any library that implements Standard Schema');
  }
  // A decision cannot wait. Most asynchronous schemas show it at once; the others, when they are first reached.
  if (isThenable(schema['~standard'].validate(undefined))) {
    throw new DefinitionError(place, 'the schema is asynchronous: decisions are synchronous, check such things before');
  }
  const bridge = bridgeOf(schema);
  const canonical = canonicalFormOf(schema) ?? (() => UNDECIDED);
  const validate = (value: unknown, subject: Subject): SchemaResult<Value> => {
    const result = schema['~standard'].validate(value);
    if (isThenable(result)) throw asynchronous(subject, result);
    return result;
  };
  const check = (value: unknown, subject: Subject): Value => {
    const form = canonical(value);
    if (form !== UNDECIDED) return form as Value;
    const result = validate(value, subject);
    if (result.issues !== undefined) throw invalidShape(result.issues, subject);
    return result.value;
  };
  const checkDecoded = (value: unknown, subject: Subject): Value => {
    const bridged = bridge === undefined ? value : bridge(value);
    const form = canonical(bridged);
    if (form !== UNDECIDED) return form as Value;
    const result = validate(bridged, subject);
    if (result.issues === undefined) return result.value;
    // Schemas that cannot be read beforehand (of other libraries) say where they wanted the other integer.
    const flipped = flipIntegersAt(bridged, result.issues.map(pathOf));
    const second = flipped === bridged ? result : validate(flipped, subject);
    if (second.issues === undefined) return second.value;
    throw invalidShape(result.issues, subject);
  };
  return {
    check,
    checkDecoded,
    settle(value, subject, codec) {
      const form = canonical(value);
      if (form !== UNDECIDED) return form as Value;
      return checkDecoded(codec.decode(codec.encode(check(value, subject), subject), subject), subject);
    },
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function asynchronous(subject: Subject, answer: PromiseLike<unknown>): FaultError {
  answer.then(undefined, () => undefined); // Nobody waits for it: a failure must not end the process.
  return new FaultError({
    code: 'asynchronous-schema',
    message: `${placeOf(subject)}: the schema is asynchronous; decisions are synchronous, check such things before`,
    details: [['type', subject.type]],
  });
}

/** What the schema found, as a fault that names type and path: `Withdraw.data.amount: expected bigint …`. */
function invalidShape(issues: readonly SchemaIssue[], subject: Subject): FaultError {
  const places: [string, string][] = issues.slice(0, MAX_REPORTED_ISSUES).map((issue) => {
    const problem = issue.message.replace(/^Invalid input: /, '');
    return [placeOf(subject) + stepsText(pathOf(issue)), problem];
  });
  const more = issues.length - places.length;
  const text = places.map(([place, problem]) => `${place}: ${problem}`).join('; ');
  return new FaultError({
    code: 'invalid-shape',
    message: more === 0 ? text : `${text}; and ${more} more`,
    details: [['type', subject.type], ['schema-version', String(subject.schemaVersion)], ...places],
  });
}

/** `Withdraw.data`; a state is named by its module: `bank.account.state`. */
function placeOf(subject: Subject): string {
  return subject.kind === 'state' ? `${subject.type}.state` : `${subject.type}.data`;
}

function pathOf(issue: SchemaIssue): readonly PropertyKey[] {
  return (issue.path ?? []).map((step) => (typeof step === 'object' ? step.key : step));
}
