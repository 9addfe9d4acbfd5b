/**
 * Messages and their definitions. A definition has the schema of a command or an event, its version, and the upcasters
 * of older versions.
 */
import { DefinitionError } from '../errors.ts';
import type { WritePrecondition } from '../messages.ts';
import { checkOptionNames } from '../option-names.ts';
import { isPositiveU32, isText, mustBe } from '../predicates.ts';
import type { OptionNames } from '../unknown-names.ts';
import type { InputOf, OutputOf, Rereadable, StandardSchema } from './schema.ts';
import { shapeOf } from './schema.ts';

/** A command or an event in the program: plain data, with its `type`. */
export interface Message<Type extends string = string, Data = unknown> {
  readonly type: Type;
  readonly data: Data;
}

/**
 * Converts the data of one schema version to the next. The compiler cannot check `Old`, because the data comes from the
 * codec. Its integers may be numbers or bigints (see {@link upcastFrom}).
 */
export type Upcaster<Old = never, New = unknown> = (old: Old) => New;

/** Upcasters by the version that they read: `{ 1: fromFirst, 2: fromSecond }` for a message of version 3. */
export type Upcasters = Readonly<Record<number, Upcaster>>;

/**
 * Checks that each upcaster returns the input of the next one, and that the last one returns an input of the schema.
 * Versions that are not literal numbers up to 31 are not checked.
 */
export type CheckedUpcasters<Upcast, Newest> = {
  [Version in keyof Upcast]: Version extends keyof Successors
    ? Upcaster<never, Next<Upcast, Successors[Version], Newest>>
    : Upcaster;
};

type Next<Upcast, Version, Newest> = Version extends keyof Upcast
  ? Upcast[Version] extends Upcaster<infer Old>
    ? Old
    : never
  : Newest;

// biome-ignore format: a table
type Successors = {
  1: 2; 2: 3; 3: 4; 4: 5; 5: 6; 6: 7; 7: 8; 8: 9; 9: 10; 10: 11; 11: 12;
  12: 13; 13: 14; 14: 15; 15: 16; 16: 17; 17: 18; 18: 19; 19: 20; 20: 21; 21: 22; 22: 23;
  23: 24; 24: 25; 25: 26; 26: 27; 27: 28; 28: 29; 29: 30; 30: 31; 31: 32;
};

/** The common fields of commands and events. It has no call signature, so that definitions fit into one map. */
export interface Definition<Schema extends StandardSchema = StandardSchema> {
  /** The kind of the message. */
  readonly kind: 'command' | 'event';
  /** The type of the message, under which it is stored. */
  readonly type: string;
  /** The version of the schema, which is stored with each message. */
  readonly schemaVersion: number;
  /** The schema of the message's data. */
  readonly schema: Schema;
  /** The functions that convert the data of an older version to the next version, by the older version. */
  readonly upcast: Upcasters;
  /** Former names of the message. */
  readonly aliases: readonly string[];
}

/**
 * Makes a message of one type: `Withdrawn({ amount: 5n })`. The compiler checks the types. Values are checked when the
 * message is used.
 */
export type MessageMaker<Type extends string, Data> = (data: Data) => Message<Type, Data>;

/** The fields of an event's definition. */
export interface EventFields<Type extends string, Schema extends StandardSchema> extends Definition<Schema> {
  readonly kind: 'event';
  readonly type: Type;
  /**
   * The category of the streams that contain the event. An event of a decider has one:
   * `account.events.Deposited.category`.
   */
  readonly category?: string | undefined;
}

/**
 * An event's definition. Call it to make a message: `Withdrawn({ amount: 5n })`.
 *
 * This type and {@link CommandDefinition} are intersections, not interfaces with a call signature, so that a definition
 * can be written inline in `defineDecider`. TypeScript postpones a call of a generic function that returns a function
 * type until the outer call is inferred, and the outer call needs the definition for that. An intersection is not
 * postponed.
 */
export type EventDefinition<Type extends string = string, Schema extends StandardSchema = StandardSchema> = EventFields<
  Type,
  Schema
> &
  MessageMaker<Type, OutputOf<Schema>>;

/**
 * The definition of an event with a category. The events of a decider have this type. {@link withCategory} makes one
 * for an event that no decider of the program owns.
 */
export type OwnedEventDefinition<
  Type extends string = string,
  Schema extends StandardSchema = StandardSchema,
> = EventDefinition<Type, Schema> & { readonly category: string };

/**
 * The snapshot policy of a command. `{ every: 100 }` stores a snapshot if 100 or more events were appended since the
 * last one.
 */
export type Snapshots = 'never' | { readonly every: number };

/** The fields of a command's definition. */
export interface CommandFields<Type extends string, Schema extends StandardSchema> extends Definition<Schema> {
  readonly kind: 'command';
  readonly type: Type;
  readonly precondition: WritePrecondition;
  readonly snapshot: Snapshots;
}

/** A command's definition. Call it to make a message: `Withdraw({ accountId, amount: 5n })`. */
export type CommandDefinition<
  Type extends string = string,
  Schema extends StandardSchema = StandardSchema,
> = CommandFields<Type, Schema> & MessageMaker<Type, OutputOf<Schema>>;

/** Options of every message. */
export interface MessageOptions<Upcast = Upcasters> {
  /**
   * The version of the schema, from 1.
   * @default 1
   */
  readonly schemaVersion?: number | undefined;
  /**
   * An upcaster for each older version.
   * @default none
   */
  readonly upcast?: Upcast | undefined;
  /**
   * Former names of the message, under which stored and sent messages can still be read. Stored names are not changed,
   * and the schema versions continue after a change of the name.
   * @default none
   */
  readonly aliases?: readonly string[] | undefined;
}

/** Options of a command. */
export interface CommandPolicies<Upcast = Upcasters> extends MessageOptions<Upcast> {
  /**
   * The condition on the stream under which the command's events are appended.
   * @default 'stream-unchanged'
   */
  readonly precondition?: WritePrecondition | undefined;
  /**
   * Determines when a snapshot is stored after the command.
   * @default 'never'
   */
  readonly snapshot?: Snapshots | undefined;
}

const EVENT_OPTIONS: OptionNames<MessageOptions> = { schemaVersion: true, upcast: true, aliases: true };
const COMMAND_OPTIONS: OptionNames<CommandPolicies> = { ...EVENT_OPTIONS, precondition: true, snapshot: true };

/**
 * Defines an event.
 *
 * @throws DefinitionError if an upcaster is missing, or the schema or an option is invalid.
 * @example const Deposited = defineEvent('Deposited', z.object({ amount: z.bigint() }));
 */
export function defineEvent<
  const Type extends string,
  Schema extends StandardSchema,
  Upcast extends Upcasters = Upcasters,
>(
  type: Type,
  schema: Schema & Rereadable<Schema>,
  options: MessageOptions<Upcast & CheckedUpcasters<Upcast, InputOf<Schema>>> = {},
): EventDefinition<Type, Schema> {
  checkOptionNames(options, EVENT_OPTIONS, `event ${type}`);
  const fields = { kind: 'event', ...commonFields('event', type, schema, options) } as const;
  return definition<Type, Schema, typeof fields>(type, fields);
}

/**
 * Defines a command, and how its events are stored.
 *
 * @throws DefinitionError as {@link defineEvent}.
 * @example const Deposit = defineCommand('Deposit', z.object({ amount: z.bigint() }), { precondition: 'any' });
 */
export function defineCommand<
  const Type extends string,
  Schema extends StandardSchema,
  Upcast extends Upcasters = Upcasters,
>(
  type: Type,
  schema: Schema & Rereadable<Schema>,
  options: CommandPolicies<Upcast & CheckedUpcasters<Upcast, InputOf<Schema>>> = {},
): CommandDefinition<Type, Schema> {
  const place = `command ${type}`;
  checkOptionNames(options, COMMAND_OPTIONS, place);
  const { precondition = 'stream-unchanged', snapshot = 'never' } = options;
  if (!['stream-unchanged', 'no-stream', 'stream-exists', 'any'].includes(precondition)) {
    throw new DefinitionError(
      `${place}.precondition`,
      mustBe("'stream-unchanged', 'no-stream', 'stream-exists' or 'any'", precondition),
    );
  }
  if (snapshot !== 'never') {
    checkOptionNames(snapshot, { every: true }, `${place}.snapshot`);
    if (!isPositiveU32(snapshot.every)) {
      throw new DefinitionError(`${place}.snapshot.every`, mustBe('a positive integer', snapshot.every));
    }
  }
  const common = commonFields('command', type, schema, options);
  const fields = { kind: 'command', ...common, precondition, snapshot } as const;
  return definition<Type, Schema, typeof fields>(type, fields);
}

/**
 * Makes an upcaster that checks its input with the old schema first. Integers have the type of that schema, number or
 * bigint.
 *
 * @example { upcast: { 1: upcastFrom(z.object({ cents: z.bigint() }), (old) => ({ amount: old.cents })) } }
 */
export function upcastFrom<Old, const New>(
  schema: StandardSchema<unknown, Old>,
  upcast: (old: Old) => New,
): CheckingUpcaster<Old, Mutable<New>> {
  const shape = shapeOf(schema, 'upcastFrom');
  const checking = (old: unknown): New => upcast(shape.read(old, { kind: 'event', type: 'old', schemaVersion: 1 }));
  // The fingerprint of the module's states reads these fields.
  Object.assign(checking, { schema, upcast });
  return checking as Upcaster<Old> as CheckingUpcaster<Old, Mutable<New>>; // The same function, with a mutable result type.
}

/** An intersection, for the same reason as {@link EventDefinition}. */
type CheckingUpcaster<Old, New> = Upcaster<Old, New> & Checking;

interface Checking {
  readonly name: string;
}

/** Removes `readonly` from fields and lists. Literals, such as `{ by: 'card' }`, are kept. */
type Mutable<Value> = Value extends
  | ((...args: never) => unknown)
  | Date
  | ArrayBufferView
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  ? Value
  : { -readonly [Key in keyof Value]: Mutable<Value[Key]> };

function commonFields<Type extends string, Schema extends StandardSchema>(
  kind: 'command' | 'event',
  type: Type,
  schema: Schema,
  options: MessageOptions,
): { type: Type; schema: Schema; schemaVersion: number; upcast: Upcasters; aliases: readonly string[] } {
  const { schemaVersion = 1, upcast = {}, aliases = [] } = options;
  const place = `${kind} ${type}`;
  if (!isText(type) || type === '') {
    throw new DefinitionError(`${kind}.type`, mustBe('a non-empty string without lone surrogates', type));
  }
  if (!isPositiveU32(schemaVersion)) {
    throw new DefinitionError(`${place}.schemaVersion`, mustBe('a positive integer', schemaVersion));
  }
  shapeOf(schema, place);
  checkUpcasters(upcast, schemaVersion, place);
  checkAliases(aliases, type, place);
  return { type, schema, schemaVersion, upcast, aliases: Object.freeze([...aliases]) };
}

function checkUpcasters(upcast: Upcasters, schemaVersion: number, place: string): void {
  for (const version of Object.keys(upcast)) {
    if (!(isPositiveU32(Number(version)) && Number(version) < schemaVersion)) {
      throw new DefinitionError(
        `${place}.upcast[${version}]`,
        `must be a version from 1 to ${schemaVersion - 1}, because the message has version ${schemaVersion}`,
      );
    }
  }
  for (let version = 1; version < schemaVersion; version++) {
    if (typeof upcast[version] !== 'function') {
      throw new DefinitionError(
        `${place}.upcast[${version}]`,
        `is missing; add it, because messages that were stored in version ${version} cannot be read without it`,
      );
    }
  }
}

function checkAliases(aliases: readonly string[], type: string, place: string): void {
  if (!Array.isArray(aliases)) throw new DefinitionError(`${place}.aliases`, mustBe('an array of names', aliases));
  for (const [index, alias] of aliases.entries()) {
    const at = `${place}.aliases[${index}]`;
    if (!isText(alias) || alias === '') {
      throw new DefinitionError(at, mustBe('a non-empty string without lone surrogates', alias));
    }
    if (alias === type || aliases.indexOf(alias) < index) {
      throw new DefinitionError(at, `${JSON.stringify(alias)} is already a name of the ${place}; remove it`);
    }
  }
}

/** Returns the names under which messages are stored: their types and their former names. */
export function storedNames(definitions: Iterable<Definition>): string[] {
  return [...definitions].flatMap(({ type, aliases }) => [type, ...aliases]);
}

/** Makes a function with the fields of a definition. `type` is also its name, for debuggers. */
export function definition<Type extends string, Schema extends StandardSchema, Fields extends object>(
  type: Type,
  fields: Fields,
): Fields & ((data: OutputOf<Schema>) => Message<Type, OutputOf<Schema>>) {
  const make = (data: OutputOf<Schema>): Message<Type, OutputOf<Schema>> => ({ type, data });
  Object.defineProperty(make, 'name', { value: type });
  return Object.freeze(Object.assign(make, fields));
}

/** A value of `commands` or `events`: a definition, or a plain schema, which has version 1. */
export type Source = Definition | StandardSchema;

/** The data of a message that a source defines. */
export type DataOf<S> =
  S extends Definition<infer Schema> ? OutputOf<Schema> : S extends StandardSchema ? OutputOf<S> : never;

/** The schema of a source. */
export type SchemaOf<S> = S extends Definition<infer Schema> ? Schema : S extends StandardSchema ? S : never;

/** The union of the messages that a map of sources defines. */
export type MessageOf<Sources> = {
  [Type in keyof Sources & string]: Message<Type, DataOf<Sources[Type]>>;
}[keyof Sources & string];

/** Checks that the key of each definition is its type, and that it is in the right map, `commands` or `events`. */
export type CheckedSources<Sources, Kind extends 'command' | 'event'> = {
  [Type in keyof Sources]: Sources[Type] extends Definition
    ? Sources[Type] extends { readonly type: Type; readonly kind: Kind }
      ? unknown
      : {
          readonly 'the key must be the type of the definition, with commands in `commands` and events in `events`': never;
        }
    : Sources[Type] extends StandardSchema
      ? Rereadable<Sources[Type]>
      : unknown;
};

/** The definitions of a map of events, by type. */
export type EventDefinitions<Sources> = {
  readonly [Type in keyof Sources & string]: OwnedEventDefinition<Type, SchemaOf<Sources[Type]>>;
};

/** The definitions of a map of commands, by type. */
export type CommandDefinitions<Sources> = {
  readonly [Type in keyof Sources & string]: CommandDefinition<Type, SchemaOf<Sources[Type]>>;
};
