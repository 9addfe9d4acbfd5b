/**
 * Domain types from a `.proto` file. Its messages become commands, events and states that are plain objects, encoded as
 * Protocol Buffers (docs/encoding.md §4).
 *
 * A `oneof` is a union of messages. Put the commands into one `oneof`, and the events into another. The type of a
 * message is the name of the case's message (`Deposit`), and its payload is only that message:
 *
 *     message Deposit   { string account_id = 1; int64 amount = 2; optional string note = 3; }
 *     message Deposited { int64 amount = 1; }
 *     message Command   { oneof command { Deposit deposit = 1; Withdraw withdraw = 2; } }
 *     message Event     { oneof event { Deposited deposited = 1; Withdrawn withdrawn = 2; } }
 *     message Account   { int64 balance = 1; }
 *
 * `protoc-gen-es` (the package `@bufbuild/protoc-gen-es`) generates descriptors from the file. `protobuf` accepts them:
 *
 *     import { protobuf } from 'decidable/codecs/protobuf';
 *     import { AccountSchema, CommandSchema, EventSchema } from './generated/account_pb.ts';
 *
 *     const types = protobuf({ commands: CommandSchema, events: EventSchema, state: AccountSchema });
 *
 *     export const account = defineDecider({
 *       name: 'bank.account', version: '1.0.0', category: 'account',
 *       ...types,                                      // state, commands, events and codec
 *       streamId: (command) => command.data.accountId,
 *       initialState: { balance: 0n },
 *       evolve: { Deposited: (draft, { amount }) => { draft.balance += amount } },
 *       decide: { Deposit: (state, { amount }) => [{ type: 'Deposited', data: { amount } }] },
 *     });
 *
 * `types.commands.Deposit` is a Standard Schema, so `defineCommand('Deposit', types.commands.Deposit, { precondition: …
 * })` adds a policy to a command. You can replace them by your own schemas (such as zod, with ranges and refinements)
 * if those describe the same plain objects. Then use only `types.codec`.
 *
 * The plain objects have the camel-case fields of the generated code, without `$typeName`. A 64-bit integer is a bigint
 * (a string under `jstype = JS_STRING`), an enum is a number, `bytes` is a Uint8Array, a map is a record, and a nested
 * `oneof` is `{ case, value }`. A field with presence (`optional`, messages) that is not set is absent. Every other
 * field exists, and is zero if it was not sent.
 */
import type { DescMessage, MessageShape } from '@bufbuild/protobuf';
import type { Codec, Subject } from '../../core/codec/codec.ts';
import { undecodable, unencodable } from '../../core/codec/values.ts';
import type { StandardSchema } from '../../core/define/schema.ts';
import { DefinitionError } from '../../core/errors.ts';
import { checkDescriptor, issuesOf } from './protobuf-check.ts';
import { decodeMessage } from './protobuf-decode.ts';
import { encodeMessage } from './protobuf-encode.ts';

/** A message of generated code as plain data, without the fields that only the library needs. */
export type Plain<Value> = Value extends Uint8Array | bigint | string | number | boolean | undefined
  ? Value
  : Value extends readonly (infer Element)[]
    ? Plain<Element>[]
    : { [Key in keyof Value as Key extends '$typeName' | '$unknown' ? never : Key]: Plain<Value[Key]> };

type Named<Value> = Value extends { readonly $typeName: infer Name } ? LastOf<Name> : never;
type LastOf<Name> = Name extends `${string}.${infer Rest}` ? LastOf<Rest> : Name;

/** The messages of the `oneof`s of a union message: the values of its cases. */
type CaseOf<Union> = Union extends { readonly case: string; readonly value: infer Value } ? Value : never;
type Cases<Shape> = { [Key in keyof Shape]: CaseOf<Shape[Key]> }[keyof Shape];

/** The schemas of the cases of a union message: `{ Deposit: schema, Withdraw: schema }`. */
export type SchemasOf<Union extends DescMessage> = {
  readonly [Case in Cases<MessageShape<Union>> as Named<Case> & string]: StandardSchema<Plain<Case>>;
};

/** The argument of {@link protobuf}: descriptors that `protoc-gen-es` generates. */
export interface ProtobufTypes<Commands extends DescMessage, Events extends DescMessage, State extends DescMessage> {
  /** The union of the commands: a message whose fields are one `oneof` of messages. */
  readonly commands: Commands;
  /** The union of the events, in the same form. */
  readonly events: Events;
  readonly state: State;
}

/** The parts of a decider's definition that come from a `.proto` file. Spread it into the definition. */
export interface ProtobufModule<Commands extends DescMessage, Events extends DescMessage, State extends DescMessage> {
  readonly commands: SchemasOf<Commands>;
  readonly events: SchemasOf<Events>;
  readonly state: StandardSchema<Plain<MessageShape<State>>>;
  readonly codec: Codec;
}

/**
 * Returns schemas and a codec for the messages of a `.proto` file. Spread the result into the definition of a decider.
 *
 * ```ts
 * const account = defineDecider({
 *   ...protobuf({ commands: CommandSchema, events: EventSchema, state: StateSchema }),
 *   name: 'bank.account',
 *   …
 * });
 * ```
 *
 * @throws DefinitionError if a union is not a `oneof` of messages, two cases share a name, or a field has no plain
 *   form.
 */
export function protobuf<Commands extends DescMessage, Events extends DescMessage, State extends DescMessage>(
  types: ProtobufTypes<Commands, Events, State>,
): ProtobufModule<Commands, Events, State> {
  const commands = casesOf(types.commands);
  const events = casesOf(types.events);
  checkDescriptor(types.state);
  return {
    // The types come from the same descriptors.
    commands: schemasOf(commands) as SchemasOf<Commands>,
    events: schemasOf(events) as SchemasOf<Events>,
    state: protobufSchema(types.state),
    codec: codecOf({ command: commands, event: events }, types.state),
  };
}

/**
 * Returns a Standard Schema for one message. The schema accepts exactly the plain objects that the message can
 * represent.
 *
 * @example protobufSchema(DepositedSchema)
 */
export function protobufSchema<Desc extends DescMessage>(message: Desc): StandardSchema<Plain<MessageShape<Desc>>> {
  checkDescriptor(message);
  return {
    '~standard': {
      version: 1,
      vendor: 'decidable/codecs/protobuf',
      validate: (value) => {
        const issues = issuesOf(message, value);
        return issues.length === 0 ? { value: value as Plain<MessageShape<Desc>> } : { issues };
      },
    },
  };
}

type Messages = ReadonlyMap<string, DescMessage>;

function casesOf(union: DescMessage): Messages {
  const [oneof] = union.oneofs;
  if (oneof === undefined || union.oneofs.length > 1 || oneof.fields.length < union.fields.length) {
    throw new DefinitionError(union.typeName, 'must be a union of messages, whose fields are the cases of one oneof');
  }
  const cases = new Map<string, DescMessage>();
  for (const field of oneof.fields) {
    if (field.message === undefined)
      throw new DefinitionError(String(field), 'must be a message, because it is a case of the union');
    if (cases.has(field.message.name)) {
      throw new DefinitionError(
        String(field),
        `is the second case with the message type ${field.message.name}; each case needs a different one`,
      );
    }
    checkDescriptor(field.message);
    cases.set(field.message.name, field.message);
  }
  return cases;
}

function schemasOf(messages: Messages): Record<string, StandardSchema<unknown>> {
  return Object.fromEntries([...messages].map(([name, message]) => [name, protobufSchema(message)]));
}

function codecOf(unions: { readonly command: Messages; readonly event: Messages }, state: DescMessage): Codec {
  const messageOf = (subject: Subject): DescMessage | undefined =>
    subject.kind === 'state' ? state : unions[subject.kind].get(subject.type);
  return {
    contentType: 'application/protobuf',
    encode(value, subject) {
      const message = messageOf(subject);
      if (message === undefined) throw unencodable([], 'has a type that is not a case of the union', subject);
      return encodeMessage(message, value, subject);
    },
    decode(bytes, subject) {
      const message = messageOf(subject);
      if (message === undefined) throw undecodable(0, 'its type is not a case of the union', subject);
      return decodeMessage(message, bytes, subject);
    },
  };
}
