/**
 * `decidable/testing/arbitraries`: random commands, events and states for property tests, drawn from the schemas of a
 * module.
 *
 * The caller passes fast-check, as in `arbitraries(fc, account)`. It is an optional peer dependency, so only its types
 * are imported here.
 */
import type * as FastCheck from 'fast-check';
import { type ZodDefinition, zodDefinition } from '../../core/define/zod.ts';
import { DefinitionError } from '../../core/errors.ts';
import type { StandardSchema } from '../../core/index.ts';
import { checkOptionNames } from '../../core/option-names.ts';
import type { OptionNames } from '../../core/unknown-names.ts';

/** The module fast-check: `import fc from 'fast-check'`. */
export type FC = Omit<typeof FastCheck, 'default'>;

type Arbitrary<Value> = FastCheck.Arbitrary<Value>;

/** The schemas of a module. `defineDecider`, `defineEventHandler` and `defineProjector` return a value of this type. */
export interface Described<State, Command, Event> {
  readonly name: string;
  readonly commands?: Readonly<Record<string, { readonly schema: StandardSchema }>>;
  readonly events: Readonly<Record<string, { readonly schema: StandardSchema }>>;
  readonly stateSchema: StandardSchema<unknown, State>;
  readonly types: {
    readonly command: { toEnvelope(command: Command): unknown };
    readonly event: { toEnvelope(event: Event): unknown };
  };
}

/** The arbitraries of a module's messages and states, for property tests. */
export interface Arbitraries<State, Command, Event> {
  /** Generates commands of the module. */
  readonly command: Arbitrary<Command>;
  /** Generates events of the module. */
  readonly event: Arbitrary<Event>;
  /** Generates states that the schema accepts. Some of these states cannot be reached by events. */
  readonly state: Arbitrary<State>;
}

/** An arbitrary of the caller for one schema. {@link drawnBy} returns it. */
export interface OwnArbitrary {
  readonly schema: StandardSchema;
  readonly arbitrary: Arbitrary<unknown>;
}

/** The options of `arbitraries`. */
export interface ArbitraryOptions {
  /**
   * The caller's arbitraries for single schemas. Each is used at all places of its schema, as the data of a message or
   * inside it. Schemas of libraries other than zod need an arbitrary. So do refinements that random values rarely
   * satisfy.
   * @default none
   */
  readonly own?: readonly OwnArbitrary[] | undefined;
}

const OPTIONS: OptionNames<ArbitraryOptions> = { own: true };

/**
 * Generates the values of a schema by an arbitrary of the caller.
 * @example arbitraries(fc, account, { own: [drawnBy(Iban, fc.constantFrom('DE02…', 'FR76…'))] });
 */
export function drawnBy<Value>(schema: StandardSchema<unknown, Value>, arbitrary: Arbitrary<Value>): OwnArbitrary {
  return { schema, arbitrary };
}

/**
 * Makes arbitraries for a module's messages and states.
 * @throws DefinitionError if no values can be generated for a schema, or an option is unknown.
 * @example
 * const { command, event } = arbitraries(fc, account);
 * fc.assert(fc.property(fc.array(event), command, (history, next) => void given(...history).when(next)));
 */
export function arbitraries<State, Command, Event>(
  fc: FC,
  module: Described<State, Command, Event>,
  options: ArbitraryOptions = {},
): Arbitraries<State, Command, Event> {
  checkOptionNames(options, OPTIONS, 'arbitraries');
  const drawer = new Drawer(fc, options);
  return {
    // The arbitraries are made when they are read, because a read model has no commands, and a part that is never read
    // may have any schema.
    get command() {
      return drawer.messages(`${module.name}.commands`, module.commands ?? {}) as Arbitrary<Command>;
    },
    get event() {
      return drawer.messages(`${module.name}.events`, module.events) as Arbitrary<Event>;
    },
    get state() {
      return drawer.values(module.stateSchema, `${module.name}.state`);
    },
  };
}

/**
 * Makes an arbitrary for the outputs of a schema. Bounds, formats and patterns are generated directly. Values that a
 * refinement refuses are generated again, so a refinement that random values rarely satisfy needs its own arbitrary
 * (`own`).
 * @throws DefinitionError as {@link arbitraries}.
 * @example fc.assert(fc.property(arbitraryOf(fc, Amount), (amount) => amount > 0n));
 */
export function arbitraryOf<Value>(
  fc: FC,
  schema: StandardSchema<unknown, Value>,
  options: ArbitraryOptions = {},
): Arbitrary<Value> {
  checkOptionNames(options, OPTIONS, 'arbitraryOf');
  return new Drawer(fc, options).values(schema, 'the schema');
}

function accepts(schema: StandardSchema, value: unknown): boolean {
  const result = schema['~standard'].validate(value);
  return !(result instanceof Promise) && result.issues === undefined;
}

/** Makes arbitraries from schemas and the schemas inside them. */
class Drawer {
  readonly #fc: FC;
  readonly #own: ReadonlyMap<unknown, Arbitrary<unknown>>;
  /** The number of times that each schema is currently being read. It is more than 1 if the schema contains itself. */
  readonly #open = new Map<unknown, number>();
  /** The depth of a schema within itself at which options and lists end. */
  #depth = 0;

  constructor(fc: FC, { own = [] }: ArbitraryOptions) {
    this.#fc = fc;
    this.#own = new Map(own.map(({ schema, arbitrary }) => [schema, arbitrary]));
  }

  messages(
    place: string,
    definitions: Readonly<Record<string, { readonly schema: StandardSchema }>>,
  ): Arbitrary<unknown> {
    const entries = Object.entries(definitions);
    if (entries.length === 0) throw new DefinitionError(place, 'is empty, so it has no values; add a definition');
    return this.#fc.oneof(
      ...entries.map(([type, { schema }]) => this.values(schema, `${place}.${type}`).map((data) => ({ type, data }))),
    );
  }

  values<Value>(schema: StandardSchema<unknown, Value>, place: string): Arbitrary<Value> {
    return this.#draw(schema, place).filter((value) => accepts(schema, value)) as Arbitrary<Value>;
  }

  #draw(schema: unknown, place: string): Arbitrary<unknown> {
    const own = this.#own.get(schema);
    if (own !== undefined) return own;
    const open = this.#open.get(schema) ?? 0;
    if (this.#depth > MAX_RECURSION) {
      throw new DefinitionError(
        place,
        'a recursive schema must have an optional field, a null or a list at which it can end',
      );
    }
    this.#open.set(schema, open + 1);
    if (open > 0) this.#depth++;
    try {
      return this.#drawOnce(schema, place);
    } finally {
      this.#open.set(schema, open);
      if (open > 0) this.#depth--;
    }
  }

  #drawOnce(schema: unknown, place: string): Arbitrary<unknown> {
    const fc = this.#fc;
    const definition = zodDefinition(schema);
    if (definition === undefined) {
      throw new DefinitionError(place, `is not a zod schema, so its values cannot be generated; ${OWN}`);
    }
    const checks = (definition.checks ?? []).flatMap((check) => zodDefinition(check) ?? []);
    const inner = (of: unknown, step: string): Arbitrary<unknown> => this.#draw(of, `${place}${step}`);
    switch (definition.type) {
      case 'string':
        return this.#string(definition, checks);
      case 'number':
        return this.#number(definition, checks);
      case 'bigint':
        return this.#bigint(definition, checks);
      case 'boolean':
        return fc.boolean();
      case 'date':
        return this.#date(checks);
      case 'literal':
        return fc.constantFrom(...(definition.values ?? []));
      case 'enum':
        return fc.constantFrom(...enumValues(definition.entries ?? {}));
      case 'null':
        return fc.constant(null);
      case 'undefined':
      case 'void':
        return fc.constant(undefined);
      case 'any':
      case 'unknown':
        return fc.oneof(fc.string(WELL_FORMED), fc.integer(), fc.boolean(), fc.constant(null));
      case 'object':
        return this.#object(Object.entries(definition.shape ?? {}), place);
      case 'array':
        return this.#list(definition.element, place, checks);
      case 'set':
        return fc.uniqueArray(inner(definition.valueType, '{}'), this.#lengths(checks)).map((items) => new Set(items));
      case 'map':
        return this.#pairs(definition, place, checks).map((pairs) => new Map(pairs));
      case 'record':
        return this.#pairs(definition, place, checks).map((pairs) => Object.fromEntries(pairs));
      case 'tuple':
        return fc.tuple(...(definition.items ?? []).map((item, index) => inner(item, `[${index}]`)));
      case 'union':
        return fc.oneof(...(definition.options ?? []).map((option, index) => inner(option, `|${index}`)));
      case 'intersection':
        return fc
          .tuple(inner(definition.left, '&0'), inner(definition.right, '&1'))
          .map(([left, right]) => Object.assign({}, left, right));
      case 'optional':
        return this.#end(fc.constant(undefined), () => fc.option(inner(definition.innerType, ''), { nil: undefined }));
      case 'nullable':
        return this.#end(fc.constant(null), () => fc.option(inner(definition.innerType, ''), { nil: null }));
      case 'default':
      case 'prefault':
      case 'nonoptional':
      case 'readonly':
      case 'catch':
        return inner(definition.innerType, '');
      case 'pipe':
        return inner(definition.in, '');
      case 'lazy':
        return inner(definition.getter?.(), '');
      case 'template_literal':
        return fc.stringMatching((schema as { _zod: { pattern: RegExp } })._zod.pattern);
      default:
        throw new DefinitionError(
          place,
          `has the type z.${definition.type}(), whose values cannot be generated; ${OWN}`,
        );
    }
  }

  /**
   * Makes an arbitrary for strings. fast-check generates strings by a pattern, and a filter then checks the lengths.
   */
  #string(definition: ZodDefinition, checks: readonly ZodDefinition[]): Arbitrary<string> {
    const pattern = definition.pattern ?? checks.find((check) => check.pattern !== undefined)?.pattern;
    if (definition.format === 'uuid' || definition.format === 'guid') return this.#fc.uuid();
    if (definition.format === 'email') return this.#fc.emailAddress();
    if (definition.format === 'datetime') return this.#date([]).map((date) => date.toISOString());
    if (pattern !== undefined) return this.#fc.stringMatching(pattern);
    const { minLength, maxLength } = this.#lengths(checks);
    return this.#fc.string({ ...WELL_FORMED, minLength, ...(maxLength === undefined ? {} : { maxLength }) });
  }

  #number(definition: ZodDefinition, checks: readonly ZodDefinition[]): Arbitrary<number> {
    const formats = [definition.format, ...checks.map(({ format }) => format)];
    const whole = formats.some((format) => format !== undefined && /int/.test(format));
    const step = checks.find(({ check }) => check === 'multiple_of')?.value;
    const { min, max } = boundsOf(checks);
    if (!whole && step === undefined) {
      const drawn = this.#fc.double({
        noNaN: true,
        noDefaultInfinity: true,
        ...(min === undefined ? {} : { min: Number(min.value), minExcluded: !min.inclusive }),
        ...(max === undefined ? {} : { max: Number(max.value), maxExcluded: !max.inclusive }),
      });
      return drawn.map((value) => value + 0); // -0 is encoded as 0, so it is generated as 0.
    }
    // A multiple is generated as an integer times the step. An exclusive bound is replaced by the next integer.
    const unit = Number(step ?? 1);
    const small = formats.some((format) => format?.includes('32'));
    const lowest = formats.includes('uint32') ? 0 : small ? -(2 ** 31) : Number.MIN_SAFE_INTEGER;
    const highest = formats.includes('uint32') ? 2 ** 32 - 1 : small ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
    const from = min === undefined ? lowest : wholeFrom(Number(min.value) / unit, min.inclusive);
    const to = max === undefined ? highest : -wholeFrom(-Number(max.value) / unit, max.inclusive);
    return this.#fc
      .bigInt({ min: BigInt(Math.max(from, lowest)), max: BigInt(Math.min(to, highest)) })
      .map((count) => Number(count) * unit);
  }

  #bigint(definition: ZodDefinition, checks: readonly ZodDefinition[]): Arbitrary<bigint> {
    const { min, max } = boundsOf(checks);
    const unsigned = definition.format === 'uint64';
    const low = unsigned ? 0n : -(2n ** 63n);
    const high = unsigned ? 2n ** 64n - 1n : 2n ** 63n - 1n;
    return this.#fc.bigInt({
      min: min === undefined ? low : BigInt(min.value) + (min.inclusive ? 0n : 1n),
      max: max === undefined ? high : BigInt(max.value) - (max.inclusive ? 0n : 1n),
    });
  }

  /** Generates dates within the years that ISO 8601 writes with four digits. */
  #date(checks: readonly ZodDefinition[]): Arbitrary<Date> {
    const bound = (name: string): Date | undefined =>
      checks.flatMap(({ check, value }) => (check === name && value instanceof Date ? [value] : []))[0];
    return this.#fc.date({
      noInvalidDate: true,
      min: bound('greater_than') ?? new Date(-62_167_219_200_000),
      max: bound('less_than') ?? new Date(253_402_300_799_999),
    });
  }

  #object(fields: readonly (readonly [string, unknown])[], place: string): Arbitrary<unknown> {
    const model = Object.fromEntries(fields.map(([key, field]) => [key, this.#draw(field, `${place}.${key}`)]));
    // An undefined field is not encoded, so it is generated as an absent one.
    return this.#fc
      .record(model)
      .map((value) => Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)));
  }

  /** Makes an arbitrary for lists. A list that contains itself is empty at the deepest level, if it may be empty. */
  #list(element: unknown, place: string, checks: readonly ZodDefinition[]): Arbitrary<unknown> {
    const lengths = this.#lengths(checks);
    if (this.#depth >= MAX_RECURSION && lengths.minLength === 0) return this.#fc.constant([]);
    return this.#fc.array(this.#draw(element, `${place}[]`), lengths);
  }

  #pairs(definition: ZodDefinition, place: string, checks: readonly ZodDefinition[]): Arbitrary<[never, unknown][]> {
    const pair = this.#fc.tuple(
      this.#draw(definition.keyType, `${place}{key}`) as Arbitrary<never>,
      this.#draw(definition.valueType, `${place}{value}`),
    );
    return this.#fc
      .uniqueArray(pair, {
        ...this.#lengths(checks),
        selector: ([key]: [unknown, unknown]) => key,
      })
      .map((pairs) => pairs.filter(([key]) => key !== '__proto__'));
  }

  #lengths(checks: readonly ZodDefinition[]): { minLength: number; maxLength?: number } {
    let minLength = 0;
    let maxLength = this.#depth > 0 ? 1 : undefined;
    for (const { minimum, maximum, length, size } of checks) {
      const exact = length ?? size;
      minLength = Math.max(minLength, minimum ?? exact ?? 0);
      const upper = maximum ?? exact;
      if (upper !== undefined) maxLength = Math.min(maxLength ?? upper, upper);
    }
    return maxLength === undefined ? { minLength } : { minLength, maxLength: Math.max(minLength, maxLength) };
  }

  #end(short: Arbitrary<unknown>, long: () => Arbitrary<unknown>): Arbitrary<unknown> {
    return this.#depth >= MAX_RECURSION ? short : long();
  }
}

/** The advice for a schema whose values cannot be generated. */
const OWN = 'pass an arbitrary for it, as in { own: [drawnBy(schema, arbitrary)] }';

/** The maximum depth of a recursive schema within itself. */
const MAX_RECURSION = 2;

/** Generates strings without lone surrogates, which have no encoding. */
const WELL_FORMED = { unit: 'grapheme' } as const;

interface Bound {
  readonly value: number | bigint;
  readonly inclusive: boolean;
}

function boundsOf(checks: readonly ZodDefinition[]): { min?: Bound; max?: Bound } {
  const bounds: { min?: Bound; max?: Bound } = {};
  for (const { check, value, inclusive = true } of checks) {
    if (typeof value !== 'number' && typeof value !== 'bigint') continue;
    if (check === 'greater_than' && (bounds.min === undefined || value >= bounds.min.value))
      bounds.min = { value, inclusive };
    if (check === 'less_than' && (bounds.max === undefined || value <= bounds.max.value))
      bounds.max = { value, inclusive };
  }
  return bounds;
}

/** Returns the smallest integer that the bound allows. */
function wholeFrom(bound: number, inclusive: boolean): number {
  return Number.isInteger(bound) && !inclusive ? bound + 1 : Math.ceil(bound);
}

/** Returns the values of an enum. A numeric TypeScript enum also contains its names as values, which are left out. */
function enumValues(entries: Readonly<Record<string, unknown>>): unknown[] {
  const numbers = Object.values(entries).filter((value) => typeof value === 'number');
  return Object.entries(entries).flatMap(([key, value]) => (numbers.includes(Number(key)) ? [] : [value]));
}
