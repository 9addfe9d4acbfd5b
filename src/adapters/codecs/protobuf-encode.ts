/**
 * Encodes plain objects as Protocol Buffers, deterministically (docs/encoding.md §4). Fields are sorted by
 * number and maps by key. Zero values of fields without presence are omitted. The library's `toBinary` is not used,
 * because it keeps maps in the order of insertion.
 */
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { Subject } from '../../core/codec/codec.ts';
import { compareUtf8, unencodable } from '../../core/codec/values.ts';
import { isImplicit, issuesOf, mapKeyOf } from './protobuf-check.ts';
import { BinaryWriter, ScalarType, WireType } from './protobuf-runtime.ts';

/** Encodes a value. @throws FaultError `unencodable-value` with the path if the message cannot represent it exactly. */
export function encodeMessage(message: DescMessage, value: unknown, subject: Subject): Uint8Array {
  const [issue] = issuesOf(message, value);
  if (issue !== undefined) throw unencodable(issue.path, issue.message, subject);
  const writer = new BinaryWriter();
  // The check above ensures that the value is a record with the fields of the message.
  writeMessage(writer, message, value as PlainRecord);
  return writer.finish();
}

type PlainRecord = Readonly<Record<string, unknown>>;

const sortedFields = new WeakMap<DescMessage, readonly DescField[]>();

function fieldsByNumber(message: DescMessage): readonly DescField[] {
  const known = sortedFields.get(message);
  if (known !== undefined) return known;
  const sorted = message.fields.toSorted((left, right) => left.number - right.number);
  sortedFields.set(message, sorted);
  return sorted;
}

function writeMessage(writer: BinaryWriter, message: DescMessage, value: PlainRecord): void {
  for (const field of fieldsByNumber(message)) {
    const held = heldBy(field, value);
    if (held !== undefined && !(isImplicit(field) && isZero(held))) writeField(writer, field, held);
  }
}

function heldBy(field: DescField, value: PlainRecord): unknown {
  if (field.oneof === undefined) return value[field.localName];
  const chosen = value[field.oneof.localName] as { case?: string; value?: unknown } | undefined;
  return chosen?.case === field.localName ? chosen.value : undefined;
}

/** Returns whether the value is zero. The first value of an open enum is 0. */
function isZero(value: unknown): boolean {
  return value === 0 || value === 0n || value === '' || value === '0' || value === false || isEmptyBytes(value);
}

function isEmptyBytes(value: unknown): boolean {
  return value instanceof Uint8Array && value.length === 0;
}

function writeField(writer: BinaryWriter, field: DescField, value: unknown): void {
  switch (field.fieldKind) {
    case 'scalar':
      writeTagged(writer, field.number, field.scalar, value);
      break;
    case 'enum':
      writeTagged(writer, field.number, ScalarType.INT32, value);
      break;
    case 'message':
      writeChild(writer, field.number, field.message, value);
      break;
    case 'list':
      writeList(writer, field, value as readonly unknown[]);
      break;
    case 'map':
      writeMap(writer, field, value as PlainRecord);
      break;
  }
}

function writeTagged(writer: BinaryWriter, number: number, type: ScalarType, value: unknown): void {
  writer.tag(number, wireTypeOf(type));
  writeScalar(writer, type, value);
}

function writeChild(writer: BinaryWriter, number: number, message: DescMessage, value: unknown): void {
  writer.tag(number, WireType.LengthDelimited).fork();
  writeMessage(writer, message, value as PlainRecord);
  writer.join();
}

function writeList(writer: BinaryWriter, field: DescField & { fieldKind: 'list' }, values: readonly unknown[]): void {
  if (field.listKind === 'message') {
    for (const value of values) writeChild(writer, field.number, field.message, value);
    return;
  }
  const type = field.listKind === 'enum' ? ScalarType.INT32 : field.scalar;
  if (!field.packed) {
    for (const value of values) writeTagged(writer, field.number, type, value);
  } else if (values.length > 0) {
    writer.tag(field.number, WireType.LengthDelimited).fork();
    for (const value of values) writeScalar(writer, type, value);
    writer.join();
  }
}

/** Writes a map. The key and the value are always written, even if they are zero. */
function writeMap(writer: BinaryWriter, field: DescField & { fieldKind: 'map' }, record: PlainRecord): void {
  const compare = field.mapKey === ScalarType.STRING ? compareUtf8 : compareKeys;
  for (const key of Object.keys(record).sort(compare)) {
    writer.tag(field.number, WireType.LengthDelimited).fork();
    writeTagged(writer, 1, field.mapKey, mapKeyOf(field.mapKey, key));
    if (field.mapKind === 'message') writeChild(writer, 2, field.message, record[key]);
    else writeTagged(writer, 2, field.mapKind === 'enum' ? ScalarType.INT32 : field.scalar, record[key]);
    writer.join();
  }
}

/** Compares keys: integers by their value, booleans with false first, and strings by their UTF-8 bytes. */
function compareKeys(left: string, right: string): number {
  if (left === 'true' || left === 'false') return compareUtf8(left, right);
  const difference = BigInt(left) - BigInt(right);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** Returns the wire type of a scalar ("Message Structure" in the encoding guide of Protocol Buffers). */
export function wireTypeOf(type: ScalarType): WireType {
  switch (type) {
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    default:
      return WireType.Varint;
  }
}

/** Writes a scalar, whose type has been checked. */
function writeScalar(writer: BinaryWriter, type: ScalarType, value: unknown): void {
  switch (type) {
    case ScalarType.DOUBLE:
      // This converts -0 to 0.
      writer.double((value as number) + 0);
      break;
    case ScalarType.FLOAT:
      writer.float((value as number) + 0);
      break;
    case ScalarType.INT64:
      writer.int64(value as bigint | string);
      break;
    case ScalarType.UINT64:
      writer.uint64(value as bigint | string);
      break;
    case ScalarType.INT32:
      writer.int32(value as number);
      break;
    case ScalarType.FIXED64:
      writer.fixed64(value as bigint | string);
      break;
    case ScalarType.FIXED32:
      writer.fixed32(value as number);
      break;
    case ScalarType.BOOL:
      writer.bool(value as boolean);
      break;
    case ScalarType.STRING:
      writer.string(value as string);
      break;
    case ScalarType.BYTES:
      writer.bytes(value as Uint8Array);
      break;
    case ScalarType.UINT32:
      writer.uint32(value as number);
      break;
    case ScalarType.SFIXED32:
      writer.sfixed32(value as number);
      break;
    case ScalarType.SFIXED64:
      writer.sfixed64(value as bigint | string);
      break;
    case ScalarType.SINT32:
      writer.sint32(value as number);
      break;
    case ScalarType.SINT64:
      writer.sint64(value as bigint | string);
      break;
  }
}
