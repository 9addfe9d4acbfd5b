/**
 * Schemas of any library that implements Standard Schema (standardschema.dev), such as zod, valibot and arktype. This
 * file is independent of the library. The files `zod*.ts` read zod's definitions.
 *
 * A value passes its schema once, when it enters the system. The decision, the record and the fold use the schema's
 * output. Reading the output back must not change it again, so a schema that would change it is refused. If the
 * schema's definition shows the problem, `defineDecider` throws. Otherwise the first message fails.
 */
import type { Codec, Subject } from '../codec/codec.ts';
import { copyForeign, copyValue } from '../codec/copy.ts';
import { type Difference, differenceOf, showValue } from '../codec/difference.ts';
import { compareBytes, stepsText } from '../codec/values.ts';
import { DefinitionError, FaultError } from '../errors.ts';
import { MAX_REPORTED_ISSUES } from '../limits.ts';
import { allBigInts, IntegerFlips } from './integer-flips.ts';
import { keep } from './state-value.ts';
import { type CanonicalForm, canonicalFormOf, UNDECIDED } from './zod-canonical.ts';
import { type Bridge, bridgeOf } from './zod-integers.ts';
import { checkReadable, type FilledIn } from './zod-readable.ts';

/** A schema of any library: `StandardSchemaV1` of the specification, member by member. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The result of `validate`: the schema's output, or its issues. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** A problem of a value, with its path. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type of the values that a schema accepts. */
export type InputOf<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['input'];

/** The type of a schema's output, which is the type of a message's data or of a state. */
export type OutputOf<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output'];

/**
 * `Schema`, if it accepts its own output. A stored value is read through the same schema again, so the output of a
 * transform that changes the type could not be read back. Such a transform is a compile error. Defaults and refinements
 * are allowed.
 */
export type Rereadable<Schema extends StandardSchema> = [OutputOf<Schema>] extends [InputOf<Schema>]
  ? Schema
  : { readonly 'a schema must accept its own output: use no transform that changes a type': never };

/** The checked data of a message that enters the system. The decision, the record and the fold use it. */
interface Entered<Value> {
  /** A private copy, equal to the value that is decoded from the bytes. */
  readonly data: Value;
  /** The data in the module's codec. */
  readonly payload: Uint8Array;
}

/** Checks, encodes and decodes values of one schema, with errors that name the place. */
export interface Shape<Value> {
  /**
   * Accepts a value of the program: copies it, applies the schema once, and normalizes the result to the form that
   * decoding its bytes produces.
   *
   * @throws FaultError `invalid-shape` (or `invalid-event` for an event), `unencodable-value`, or `unstable-schema` if
   *   the schema changes its own output or returns different values for one input.
   */
  enter(value: unknown, subject: Subject, codec: Codec): Entered<Value>;

  /**
   * Reads a value that a codec has decoded. The schema decides whether an integer is a number or a bigint.
   *
   * @throws FaultError `invalid-shape` or `unstable-schema`.
   */
  read(value: unknown, subject: Subject): Value;

  /**
   * Makes a state from a value: a frozen copy of the schema's output, in the form of `state-value.ts`. Parts that are
   * unchanged since the previous state cost nothing, if `zod-canonical.ts` supports the schema.
   *
   * @throws FaultError `invalid-state`, `unencodable-value` or `unstable-schema`.
   */
  keep(value: unknown, subject: Subject): Value;

  /**
   * Encodes a state that {@link keep} made.
   *
   * @throws FaultError as {@link keep}.
   */
  write(state: unknown, subject: Subject, codec: Codec): Uint8Array;
}

/**
 * Makes the shape of a schema.
 *
 * Every message is checked, including the module's own messages, so that every stored message can be read again.
 *
 * @throws DefinitionError if `schema` is not a Standard Schema, is asynchronous, or cannot read its own output.
 */
export function shapeOf<Value>(schema: StandardSchema<unknown, Value>, place: string): Shape<Value> {
  const standard: unknown = schema?.['~standard'];
  if (typeof standard !== 'object' || standard === null || !('validate' in standard)) {
    throw new DefinitionError(place, 'is not a schema; use zod, or any library that implements Standard Schema');
  }
  // Decisions are synchronous. Most asynchronous schemas are found here, and the others when they are first used.
  if (isThenable(schema['~standard'].validate(undefined))) {
    throw new DefinitionError(
      place,
      'is an asynchronous schema, but decisions are synchronous; check such values before you make the message',
    );
  }
  return new SchemaShape(schema, checkReadable(schema, place));
}

/** A way in which a schema contradicts itself, and the advice about it. */
interface Contradiction {
  /** The end of the message "returned …, and … <when>". */
  readonly when: string;
  readonly advice: string;
}

const AGAIN: Contradiction = {
  when: 'for the same value a moment later',
  advice:
    'a schema must return the same output for the same input, so generate such a value before you make the message',
};

const READ_BACK: Contradiction = {
  when: 'when it read that back',
  advice: 'a schema must not change its own output, so convert the value before you make the message',
};

class SchemaShape<Value> implements Shape<Value> {
  readonly #schema: StandardSchema<unknown, Value>;
  readonly #filledIn: readonly FilledIn[];
  readonly #bridge: Bridge;
  readonly #canonical: CanonicalForm;

  constructor(schema: StandardSchema<unknown, Value>, filledIn: readonly FilledIn[]) {
    this.#schema = schema;
    this.#filledIn = filledIn;
    this.#bridge = bridgeOf(schema) ?? ((value) => value);
    this.#canonical = canonicalFormOf(schema) ?? (() => UNDECIDED);
  }

  enter(value: unknown, subject: Subject, codec: Codec): Entered<Value> {
    if (codec.isExact !== true) return this.#enterByBytes(value, subject, codec);
    const data = this.#canonical(value, 'caller');
    if (data === UNDECIDED) return this.#enterByBytes(value, subject, codec);
    return { data: data as Value, payload: codec.encode(data, subject) };
  }

  read(value: unknown, subject: Subject): Value {
    const result = this.#read(value, subject);
    if (result.issues !== undefined) throw invalidShape(result.issues, subject, 'invalid-shape');
    return result.value;
  }

  keep(value: unknown, subject: Subject): Value {
    const kept = keep(value, subject);
    const form = this.#canonical(kept, 'state');
    if (form === kept) return form as Value;
    this.#checkFilledIn(subject);
    const output = keep(this.#accepted(kept, subject), subject);
    const difference = differenceOf(kept, output);
    if (difference === undefined) return kept as Value;
    const contradictions: readonly [Contradiction, unknown][] = [
      [AGAIN, kept],
      [READ_BACK, output],
    ];
    for (const [contradiction, input] of contradictions) {
      const unstable = differenceOf(output, keep(this.#accepted(input, subject), subject));
      if (unstable !== undefined) throw unstableSchema(unstable, subject, contradiction);
    }
    return output as Value;
  }

  write(state: unknown, subject: Subject, codec: Codec): Uint8Array {
    const kept = this.keep(state, subject);
    const isKnown = codec.isExact === true && this.#canonical(kept, 'state') === kept;
    return isKnown ? codec.encode(kept, subject) : this.#enterByBytes(kept, subject, codec).payload;
  }

  /** Encodes and decodes a value, to normalize it to the form that decoding produces. */
  #enterByBytes(value: unknown, subject: Subject, codec: Codec): Entered<Value> {
    this.#checkFilledIn(subject);
    // The caller's object may have getters that return different values each time.
    const foreign = copyForeign(value);
    const output = this.#accepted(foreign, subject);
    const payload = codec.encode(output, subject);
    const again = codec.encode(this.#accepted(foreign, subject), subject);
    if (compareBytes(payload, again) !== 0) {
      const difference = differenceOf(codec.decode(payload, subject), codec.decode(again, subject));
      throw unstableSchema(difference, subject, AGAIN);
    }
    const read = this.#read(codec.decode(payload, subject), subject);
    if (read.issues !== undefined) throw unreadable(read.issues, output, subject);
    const back = codec.encode(read.value, subject);
    if (compareBytes(payload, back) === 0) return { data: read.value, payload };
    const difference = differenceOf(codec.decode(payload, subject), codec.decode(back, subject));
    throw unstableSchema(difference, subject, READ_BACK);
  }

  /**
   * Applies the schema to a decoded value. The result shares no object with the schema, which may return the object of
   * a default.
   */
  #read(value: unknown, subject: Subject): SchemaResult<Value> {
    const bridged = this.#bridge(value);
    const form = this.#canonical(bridged, 'none');
    if (form !== UNDECIDED) return { value: form as Value };
    const result = this.#validateDecoded(bridged, subject);
    if (result.issues !== undefined) return result;
    if (subject.kind === 'command') this.#checkRepeats(result.value, bridged, subject);
    return { value: copyValue(result.value) as Value };
  }

  /**
   * Parses a command a second time and compares the results, because a duplicate must be read like the first delivery.
   */
  #checkRepeats(value: Value, bridged: unknown, subject: Subject): void {
    const again = this.#validateDecoded(bridged, subject);
    const difference =
      again.issues === undefined ? differenceOf(value, again.value) : { path: [], first: value, second: undefined };
    if (difference !== undefined) throw unstableSchema(difference, subject, AGAIN);
  }

  #accepted(value: unknown, subject: Subject): Value {
    const result = this.#validate(value, subject);
    if (result.issues !== undefined) throw invalidShape(result.issues, subject, CODES[subject.kind]);
    return result.value;
  }

  /**
   * Validates a value. The schema gets a copy, because arktype changes its argument, and a schema that freezes must not
   * freeze a caller's object.
   */
  #validate(value: unknown, subject: Subject): SchemaResult<Value> {
    const result = this.#schema['~standard'].validate(copyForeign(value));
    if (isThenable(result)) throw asynchronous(subject, result);
    return result;
  }

  /**
   * Validates a decoded value. Schemas of other libraries cannot be inspected. Their issues show the places at which
   * they expected the other kind of integer. Some libraries report one place at a time (valibot's `abortEarly`), and
   * some do not name a place inside a union.
   */
  #validateDecoded(value: unknown, subject: Subject): SchemaResult<Value> {
    this.#checkFilledIn(subject);
    const first = this.#validate(value, subject);
    if (first.issues === undefined) return first;
    for (const start of new Set([value, allBigInts(value)])) {
      const flips = new IntegerFlips(start);
      let result = start === value ? first : this.#validate(start, subject);
      while (result.issues !== undefined && flips.at(result.issues.map(pathOf))) {
        result = this.#validate(flips.value, subject);
      }
      if (result.issues === undefined) return result;
    }
    // If no combination of the integers is valid, the problem is a different one.
    return first;
  }

  /**
   * Checks the defaults again, because a default that depends on the clock is the same in two successive calls and
   * differs later.
   */
  #checkFilledIn(subject: Subject): void {
    for (const { path, value, again } of this.#filledIn) {
      const difference = differenceOf(value, again());
      if (difference === undefined) continue;
      const { first, second } = difference;
      throw unstableSchema({ path: [...path, ...difference.path], first, second }, subject, AGAIN);
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

function asynchronous(subject: Subject, answer: PromiseLike<unknown>): FaultError {
  answer.then(undefined, () => undefined); // No code awaits it, and its rejection must not end the process.
  return new FaultError({
    code: 'asynchronous-schema',
    message: `${placeOf(subject)}: the schema is asynchronous, but decisions are synchronous; check such values before you make the message`,
    details: [['type', subject.type]],
  });
}

/** The fault codes. A command comes from a caller, and an event and a state come from the module. */
const CODES = { command: 'invalid-shape', event: 'invalid-event', state: 'invalid-state' } as const;

/** Converts the schema's issues to a fault that names type and path: `Withdraw.data.amount: expected bigint …`. */
function invalidShape(issues: readonly SchemaIssue[], subject: Subject, code: string): FaultError {
  const places: [string, string][] = issues.slice(0, MAX_REPORTED_ISSUES).map((issue) => {
    return [placeOf(subject) + stepsText(pathOf(issue)), problemOf(issue)];
  });
  const more = issues.length - places.length;
  const text = places.map(([place, problem]) => `${place}: ${problem}`).join('; ');
  return new FaultError({
    code,
    message: more === 0 ? text : `${text}; and ${more} more`,
    details: [...detailsOf(subject), ...places],
  });
}

function problemOf(issue: SchemaIssue): string {
  return issue.message.replace(/^Invalid input: /, '');
}

function detailsOf(subject: Subject): readonly (readonly [string, string])[] {
  return [
    ['type', subject.type],
    ['schema-version', String(subject.schemaVersion)],
  ];
}

/** Makes the fault for a schema that returned different outputs. */
function unstableSchema(
  difference: Difference | undefined,
  subject: Subject,
  { when, advice }: Contradiction,
): FaultError {
  const { path, first, second } = difference ?? { path: [], first: undefined, second: undefined };
  const place = placeOf(subject) + stepsText(path);
  const shown = [showValue(first), showValue(second)] as const;
  return new FaultError({
    code: 'unstable-schema',
    message: `${place}: the schema returned ${shown[0]}, and ${shown[1]} ${when}: ${advice}`,
    details: [...detailsOf(subject), ['path', place], ['first', shown[0]], ['second', shown[1]]],
  });
}

/** Makes the fault for a schema that does not accept its own output. */
function unreadable(issues: readonly SchemaIssue[], output: unknown, subject: Subject): FaultError {
  const [issue] = issues as readonly [SchemaIssue];
  const place = placeOf(subject) + stepsText(pathOf(issue));
  const shown = showValue(valueAt(output, pathOf(issue)));
  return new FaultError({
    code: 'unstable-schema',
    message:
      `${place}: the schema returned ${shown}, and does not accept that when it is read back (${problemOf(issue)}); convert the ` +
      'value before you make the message',
    details: [...detailsOf(subject), ['path', place], ['first', shown], ['second', problemOf(issue)]],
  });
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(
    (held, step) => (typeof held === 'object' && held !== null ? Reflect.get(held, step) : undefined),
    value,
  );
}

/** Returns the place for an error, such as `Withdraw.data`, or `bank.account.state` for a state. */
function placeOf(subject: Subject): string {
  return subject.kind === 'state' ? `${subject.type}.state` : `${subject.type}.data`;
}

function pathOf(issue: SchemaIssue): readonly PropertyKey[] {
  return (issue.path ?? []).map((step) => (typeof step === 'object' ? step.key : step));
}
