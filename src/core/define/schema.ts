/**
 * Schemas, by the interface that zod, valibot, arktype and others share (Standard Schema, standardschema.dev). Nothing
 * here knows a library; the files `zod*.ts` read zod's definitions.
 *
 * A value passes its schema once, when it enters the system. The schema's output is decided, recorded, stored and
 * folded. Reading it back must not change it again, so a schema that would change it is refused: when a module is
 * defined if the schema shows it, and else with the first message.
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

/** The type of a schema's output, as a message's data or a state has it. */
export type OutputOf<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output'];

/**
 * `Schema`, if it accepts its own output. A stored value is read through the same schema again, so a transform that
 * changes a value's type could not be read back. Such a transform is a compile error. Defaults and refinements are
 * fine.
 */
export type Rereadable<Schema extends StandardSchema> = [OutputOf<Schema>] extends [InputOf<Schema>]
  ? Schema
  : { readonly 'a schema must accept its own output: use no transform that changes a type': never };

/** The data of a message that enters the system. It is decided, recorded, stored and folded. */
interface Entered<Value> {
  /** A value that no one else holds, equal to the value that is read from the bytes. */
  readonly data: Value;
  /** The data in the module's codec. */
  readonly payload: Uint8Array;
}

/** A schema made ready for values of one kind, with errors that name the place. */
export interface Shape<Value> {
  /**
   * Takes in a value of the program, once. It copies the value, applies the schema, and brings the result to the form
   * of its bytes.
   *
   * @throws FaultError `invalid-shape` (for an event, which the module made: `invalid-event`), `unencodable-value`, or
   * `unstable-schema` if the schema changes its own output or returns another value each time.
   */
  enter(value: unknown, subject: Subject, codec: Codec): Entered<Value>;

  /**
   * Reads a value that a codec has decoded. The schema decides whether an integer is a number or a bigint.
   *
   * @throws FaultError `invalid-shape` or `unstable-schema`.
   */
  read(value: unknown, subject: Subject): Value;

  /**
   * Makes a state from a value: a frozen copy of the schema's output, in the form of `state-value.ts`. Unchanged parts
   * of the state before cost nothing, if the schema is one of zod whose parts are known (`zod-canonical.ts`).
   *
   * @throws FaultError `invalid-state`, `unencodable-value` or `unstable-schema`.
   */
  keep(value: unknown, subject: Subject): Value;

  /**
   * Writes a state, as {@link keep} makes it.
   *
   * @throws FaultError as {@link keep}.
   */
  write(state: unknown, subject: Subject, codec: Codec): Uint8Array;
}

/**
 * Makes a schema ready.
 *
 * Every message is checked, also those that the module itself made. So every stored message can be read again, because
 * it has passed the same check before.
 *
 * @throws DefinitionError if it is not a Standard Schema, is asynchronous, or cannot read its own output.
 */
export function shapeOf<Value>(schema: StandardSchema<unknown, Value>, place: string): Shape<Value> {
  const standard: unknown = schema?.['~standard'];
  if (typeof standard !== 'object' || standard === null || !('validate' in standard)) {
    throw new DefinitionError(place, 'is not a schema; use zod, or any library that implements Standard Schema');
  }
  // A decision cannot wait. Most asynchronous schemas are noticed here, the others when they are first used.
  if (isThenable(schema['~standard'].validate(undefined))) {
    throw new DefinitionError(
      place,
      'is an asynchronous schema, but decisions are synchronous; check such values before',
    );
  }
  return new SchemaShape(schema, checkReadable(schema, place));
}

/** A contradiction of a schema, and the advice about it. */
interface Contradiction {
  /** Completes "returned …, and …". */
  readonly when: string;
  readonly advice: string;
}

const AGAIN: Contradiction = {
  when: 'for the same value a moment later',
  advice: 'the same value must always be read as the same, so draw such a value before you make the message',
};

const READ_BACK: Contradiction = {
  when: 'when it read that back',
  advice: 'a schema must leave its own output as it is, so convert a value before you make the message',
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
    const form = this.#canonical(value, false);
    if (form === UNDECIDED || codec.isExact !== true) return this.#enterByBytes(value, subject, codec);
    // Looked at again, because the fields of the caller's object may be computed each time.
    const data = this.#canonical(copyValue(form), false);
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
    const form = this.#canonical(kept, true);
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
    const isKnown = codec.isExact === true && this.#canonical(kept, true) === kept;
    return isKnown ? codec.encode(kept, subject) : this.#enterByBytes(kept, subject, codec).payload;
  }

  /** Encodes and decodes a value, to bring it to the form of its bytes. */
  #enterByBytes(value: unknown, subject: Subject, codec: Codec): Entered<Value> {
    this.#checkFilledIn(subject);
    // The caller's fields may be computed each time they are read.
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

  /** The result shares nothing with the schema, which may hold the values that it fills in. */
  #read(value: unknown, subject: Subject): SchemaResult<Value> {
    const bridged = this.#bridge(value);
    const form = this.#canonical(bridged, false);
    if (form !== UNDECIDED) return { value: form as Value };
    const result = this.#validateDecoded(bridged, subject);
    if (result.issues !== undefined) return result;
    if (subject.kind === 'command') this.#checkRepeats(result.value, bridged, subject);
    return { value: copyValue(result.value) as Value };
  }

  /** A duplicate of a command must be read as the first one was. */
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
   * The schema gets a copy: arktype changes its argument, and a schema that freezes must not freeze a caller's object.
   */
  #validate(value: unknown, subject: Subject): SchemaResult<Value> {
    const result = this.#schema['~standard'].validate(copyForeign(value));
    if (isThenable(result)) throw asynchronous(subject, result);
    return result;
  }

  /**
   * Schemas of other libraries cannot be read beforehand. They say where they wanted the other kind of integer; some
   * say it of one place at a time (valibot's `abortEarly`), and some do not name a place inside a union.
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
    // If no choice of the integers fits, the problem is another one.
    return first;
  }

  /** A default that depends on the clock is the same twice in a row, and differs later. */
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
  answer.then(undefined, () => undefined); // Nobody waits for it: a failure must not end the process.
  return new FaultError({
    code: 'asynchronous-schema',
    message: `${placeOf(subject)}: the schema is asynchronous, but decisions are synchronous; check such values before`,
    details: [['type', subject.type]],
  });
}

/** A command comes from a caller. An event and a state come from the module. */
const CODES = { command: 'invalid-shape', event: 'invalid-event', state: 'invalid-state' } as const;

/** The schema's issues as a fault that names type and path: `Withdraw.data.amount: expected bigint …`. */
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

/** The schema returned different values for the same value. */
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

/** The schema does not accept its own output. */
function unreadable(issues: readonly SchemaIssue[], output: unknown, subject: Subject): FaultError {
  const [issue] = issues as readonly [SchemaIssue];
  const place = placeOf(subject) + stepsText(pathOf(issue));
  const shown = showValue(valueAt(output, pathOf(issue)));
  return new FaultError({
    code: 'unstable-schema',
    message:
      `${place}: the schema returned ${shown}, and does not accept that when it is read back (${problemOf(issue)}): convert a ` +
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

/** `Withdraw.data`; a state is named by its module: `bank.account.state`. */
function placeOf(subject: Subject): string {
  return subject.kind === 'state' ? `${subject.type}.state` : `${subject.type}.data`;
}

function pathOf(issue: SchemaIssue): readonly PropertyKey[] {
  return (issue.path ?? []).map((step) => (typeof step === 'object' ? step.key : step));
}
