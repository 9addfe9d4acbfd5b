/**
 * Decodes Protocol Buffers to plain objects strictly. Unknown fields, values outside a closed enum and wrong wire types
 * are refused with their offset. All forms that the format allows are accepted: fields in any order, packed and
 * unpacked lists, messages in several parts, and repeated singular fields, of which the last value counts.
 */
import type { DescField, DescMessage, DescOneof } from '@bufbuild/protobuf';
import type { Subject } from '../../core/codec/codec.ts';
import { NOT_FINITE_PROBLEM, NoValue, PROTO_PROBLEM, undecodable } from '../../core/codec/values.ts';
import { MAX_VALUE_DEPTH } from '../../core/limits.ts';
import { isImplicit, isRequired } from './protobuf-check.ts';
import { wireTypeOf } from './protobuf-encode.ts';
import { BinaryReader, ScalarType, WireType } from './protobuf-runtime.ts';

/** The offset of the field that is being read, because errors of the library's reader have no offset. */
let fieldAt = 0;

/** Decodes a message. @throws FaultError `undecodable-payload` with the byte offset. */
export function decodeMessage(message: DescMessage, bytes: Uint8Array, subject: Subject): unknown {
  const reader = new BinaryReader(bytes);
  fieldAt = 0;
  try {
    return readMessage(reader, message, bytes.length, undefined, 0);
  } catch (error) {
    if (error instanceof NoValue) throw undecodable(error.offset, error.problem, subject);
    // The reader throws if the bytes end early, a varint is too long or a string is not UTF-8.
    if (error instanceof Error) throw undecodable(fieldAt, error.message, subject, error);
    throw error;
  }
}

type PlainRecord = Record<string, unknown>;

const fieldsOf = new WeakMap<DescMessage, ReadonlyMap<number, DescField>>();

function fieldsByNumber(message: DescMessage): ReadonlyMap<number, DescField> {
  let fields = fieldsOf.get(message);
  if (fields === undefined) {
    fields = new Map(message.fields.map((field) => [field.number, field]));
    fieldsOf.set(message, fields);
  }
  return fields;
}

/**
 * Reads a message.
 * @param into the earlier part of a message that comes in several parts, which the format requires to be merged.
 */
function readMessage(
  reader: BinaryReader,
  message: DescMessage,
  end: number,
  into: PlainRecord | undefined,
  depth: number,
): PlainRecord {
  if (depth >= MAX_VALUE_DEPTH)
    throw new NoValue(reader.pos, `messages are nested deeper than ${MAX_VALUE_DEPTH} levels`);
  const record = into ?? emptyRecord(message);
  const fields = fieldsByNumber(message);
  while (reader.pos < end) {
    const at = reader.pos;
    fieldAt = at;
    const [number, wireType] = reader.tag();
    const field = fields.get(number);
    if (field === undefined) throw new NoValue(at, `${message.typeName} has no field ${number}`);
    readField(reader, field, wireType, record, { at, end, depth });
    if (reader.pos > end) throw new NoValue(at, `${field} is longer than the message that contains it`);
  }
  const missing = message.fields.find((field) => isRequired(field) && record[field.localName] === undefined);
  if (missing !== undefined) throw new NoValue(end, `the required field ${missing} is missing`);
  return record;
}

function emptyRecord(message: DescMessage): PlainRecord {
  const record: PlainRecord = {};
  for (const member of message.members) {
    const empty = emptyMember(member);
    if (empty !== undefined) record[member.localName] = empty;
  }
  return record;
}

function emptyMember(member: DescField | DescOneof): unknown {
  if (member.kind === 'oneof') return { case: undefined };
  if (member.fieldKind === 'list') return [];
  if (member.fieldKind === 'map') return {};
  return isImplicit(member) ? zeroOf(member) : undefined;
}

function zeroOf(field: DescField): unknown {
  if (field.fieldKind === 'enum') return 0;
  return field.fieldKind === 'scalar' ? scalarZero(field.scalar, field.longAsString) : undefined;
}

function scalarZero(type: ScalarType, longAsString: boolean): unknown {
  switch (type) {
    case ScalarType.STRING:
      return '';
    case ScalarType.BOOL:
      return false;
    case ScalarType.BYTES:
      return new Uint8Array(0);
    case ScalarType.INT64:
    case ScalarType.UINT64:
    case ScalarType.SINT64:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return longAsString ? '0' : 0n;
    default:
      return 0;
  }
}

/** The place of a field: its first byte, and the end and the depth of the message that contains it. */
interface Place {
  readonly at: number;
  readonly end: number;
  readonly depth: number;
}

function readField(
  reader: BinaryReader,
  field: DescField,
  wireType: WireType,
  record: PlainRecord,
  place: Place,
): void {
  const name = field.localName;
  switch (field.fieldKind) {
    case 'list':
      readList(reader, field, wireType, record[name] as unknown[], place);
      break;
    case 'map':
      readEntry(reader, field, wireType, record[name] as PlainRecord, place);
      break;
    default: {
      const oneof = field.oneof && (record[field.oneof.localName] as { case?: string; value?: unknown });
      const before = oneof === undefined ? record[name] : oneof.case === name ? oneof.value : undefined;
      const value = readSingle(reader, field, wireType, before, place);
      if (field.oneof === undefined) record[name] = value;
      else record[field.oneof.localName] = { case: name, value };
    }
  }
}

function readSingle(
  reader: BinaryReader,
  field: DescField & { fieldKind: 'scalar' | 'enum' | 'message' },
  wireType: WireType,
  before: unknown,
  place: Place,
): unknown {
  if (field.fieldKind === 'message') {
    requireWireType(field, wireType, WireType.LengthDelimited, place);
    const depth = place.depth + (field.oneof === undefined ? 1 : 2);
    return readMessage(reader, field.message, endOf(reader, field, place), before as PlainRecord, depth);
  }
  const type = field.fieldKind === 'enum' ? ScalarType.INT32 : field.scalar;
  requireWireType(field, wireType, wireTypeOf(type), place);
  return readKnown(reader, field, place);
}

function requireWireType(field: DescField, found: WireType, expected: WireType, { at }: Place): void {
  if (found !== expected) throw new NoValue(at, `expected the wire type ${expected} for ${field}, got ${found}`);
}

/** Reads a length, and returns the offset of its end, which must be within the containing message. */
function endOf(reader: BinaryReader, field: DescField, { at, end }: Place): number {
  const length = reader.uint32();
  if (length > end - reader.pos) throw new NoValue(at, `${field} is longer than the message that contains it`);
  return reader.pos + length;
}

function readList(
  reader: BinaryReader,
  field: DescField & { fieldKind: 'list' },
  wireType: WireType,
  list: unknown[],
  place: Place,
): void {
  if (field.listKind === 'message') {
    requireWireType(field, wireType, WireType.LengthDelimited, place);
    list.push(readMessage(reader, field.message, endOf(reader, field, place), undefined, place.depth + 2));
    return;
  }
  const expected = wireTypeOf(field.listKind === 'enum' ? ScalarType.INT32 : field.scalar);
  if (wireType !== WireType.LengthDelimited || expected === WireType.LengthDelimited) {
    requireWireType(field, wireType, expected, place);
    list.push(readKnown(reader, field, place));
    return;
  }
  const end = endOf(reader, field, place);
  while (reader.pos < end) list.push(readKnown(reader, field, place));
  if (reader.pos > end) throw new NoValue(place.at, `${field} is longer than the message that contains it`);
}

/** Reads a map's entry, which is a message of a key and a value. A missing key or value is zero. */
function readEntry(
  reader: BinaryReader,
  field: DescField & { fieldKind: 'map' },
  wireType: WireType,
  map: PlainRecord,
  place: Place,
): void {
  requireWireType(field, wireType, WireType.LengthDelimited, place);
  const end = endOf(reader, field, place);
  let key: unknown = scalarZero(field.mapKey, true);
  let value: unknown;
  while (reader.pos < end) {
    const at = reader.pos;
    fieldAt = at;
    const inner: Place = { at, end, depth: place.depth };
    const [number, found] = reader.tag();
    if (number === 1) {
      requireWireType(field, found, wireTypeOf(field.mapKey), inner);
      key = readScalar(reader, field.mapKey, at);
    } else if (number === 2) value = readEntryValue(reader, field, found, value, inner);
    else throw new NoValue(at, `an entry of ${field} has no field ${number}`);
    if (reader.pos > end) throw new NoValue(at, `${field} is longer than the message that contains it`);
  }
  const name = String(key);
  if (name === '__proto__') throw new NoValue(place.at, `a key of ${field} ${PROTO_PROBLEM}`);
  map[name] = value ?? emptyEntryValue(field);
}

function readEntryValue(
  reader: BinaryReader,
  field: DescField & { fieldKind: 'map' },
  wireType: WireType,
  before: unknown,
  place: Place,
): unknown {
  if (field.mapKind === 'message') {
    requireWireType(field, wireType, WireType.LengthDelimited, place);
    return readMessage(reader, field.message, endOf(reader, field, place), before as PlainRecord, place.depth + 2);
  }
  requireWireType(field, wireType, wireTypeOf(field.mapKind === 'enum' ? ScalarType.INT32 : field.scalar), place);
  return readKnown(reader, field, place);
}

function emptyEntryValue(field: DescField & { fieldKind: 'map' }): unknown {
  if (field.mapKind === 'message') return emptyRecord(field.message);
  return field.mapKind === 'enum' ? field.enum.values[0]?.number : scalarZero(field.scalar, false);
}

/** Reads an enum or a scalar of the field, or of one of its elements. */
function readKnown(reader: BinaryReader, field: DescField, { at }: Place): unknown {
  if (field.enum !== undefined) {
    const number = reader.int32();
    if (!field.enum.open && !field.enum.values.some((known) => known.number === number)) {
      throw new NoValue(at, `${field} has the value ${number}, expected a value of the enum ${field.enum.typeName}`);
    }
    return number;
  }
  const value = field.scalar === undefined ? undefined : readScalar(reader, field.scalar, at);
  return 'longAsString' in field && field.longAsString ? String(value) : value;
}

function readScalar(reader: BinaryReader, type: ScalarType, at: number): unknown {
  switch (type) {
    case ScalarType.DOUBLE:
      return finite(reader.double(), at);
    case ScalarType.FLOAT:
      return finite(reader.float(), at);
    case ScalarType.INT64:
      return reader.int64();
    case ScalarType.UINT64:
      return reader.uint64();
    case ScalarType.INT32:
      return reader.int32();
    case ScalarType.FIXED64:
      return reader.fixed64();
    case ScalarType.FIXED32:
      return reader.fixed32();
    case ScalarType.BOOL:
      return reader.bool();
    case ScalarType.STRING:
      return reader.string(true);
    case ScalarType.BYTES:
      // The reader returns a view of the payload.
      return Uint8Array.from(reader.bytes());
    case ScalarType.UINT32:
      return reader.uint32();
    case ScalarType.SFIXED32:
      return reader.sfixed32();
    case ScalarType.SFIXED64:
      return reader.sfixed64();
    case ScalarType.SINT32:
      return reader.sint32();
    case ScalarType.SINT64:
      return reader.sint64();
  }
}

function finite(value: number, at: number): number {
  if (!Number.isFinite(value)) throw new NoValue(at, `a float ${NOT_FINITE_PROBLEM}`);
  // This converts -0 to 0.
  return value + 0;
}
