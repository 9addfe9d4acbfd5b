/** Mutations of any bytes, of the constants in a function's body, and of numbers in a data segment. */
import { UnsupportedError } from '../../../../src/adapters/component/errors.ts';
import { Cursor } from '../../../../src/adapters/component/host/metering/cursor.ts';
import { Op, skipImmediates } from '../../../../src/adapters/component/host/metering/instructions.ts';
import type { Random } from './random.ts';
import { concat, number, signedNumber } from './sections.ts';

/** Bytes with a meaning in many places: sorts, opcodes of types, and sizes at the edges. */
const interesting = [
  0, 1, 2, 3, 4, 5, 0x10, 0x11, 0x12, 0x40, 0x41, 0x42, 0x43, 0x50, 0x60, 0x63, 0x67, 0x68, 0x69, 0x6a,
];
const numbers = [0x7f, 0x80, 0xff, 0x3f, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

export function mutateBytes(bytes: Uint8Array, other: Uint8Array, pick: Random): Uint8Array {
  const at = pick(bytes.length + 1);
  const near = Math.max(0, Math.min(at, bytes.length - 1));
  /** Replaces `count` bytes by others. */
  const spliced = (start: number, count: number, insert: readonly number[] | Uint8Array) =>
    concat([bytes.subarray(0, start), insert, bytes.subarray(start + count)]);
  switch (pick(8)) {
    case 0:
      return spliced(near, 1, [pick(256)]);
    case 1:
      return spliced(near, 1, [interesting[pick(interesting.length)] ?? 0]);
    case 2:
      return spliced(near, 1, [((bytes[near] ?? 0) + (pick(2) === 0 ? 1 : 255)) & 0xff]);
    case 3:
      return spliced(at, 1 + pick(4), []);
    case 4:
      return spliced(at, 0, [interesting[pick(interesting.length)] ?? 0]);
    case 5: {
      const from = pick(other.length + 1);
      return spliced(at, pick(4), other.subarray(from, from + pick(24)));
    }
    case 6: {
      const from = pick(bytes.length + 1);
      return spliced(at, 0, bytes.subarray(from, from + pick(24)));
    }
    default:
      return spliced(at, 1, number(numbers[pick(numbers.length)] ?? 0));
  }
}

/** Changes one byte. Most results can still be decoded. */
export function mutateByte(bytes: Uint8Array, pick: Random): Uint8Array {
  const out = bytes.slice();
  const at = pick(out.length);
  if (out.length > 0) out[at] = pick(2) === 0 ? interesting[pick(interesting.length)]! : out[at]! + pick(5) - 2;
  return out;
}

/** Numbers at the limits of memories, tables, types and handles. */
function edge(pick: Random): number {
  const edges = [0, 1, 2, 3, 4, 7, 8, 12, 16, 0xff, 0xd800, 0xffff, 0x10000, 0x10fff, 0x110000, 0x7fff_ffff];
  const value = edges[pick(edges.length)]! + pick(3) - 1;
  return (pick(4) === 0 ? -value : value) | 0;
}

/** A cursor that throws at the end. A body that was changed before may be invalid, and reading it must end. */
class BoundedCursor extends Cursor {
  override byte(): number {
    if (this.at >= this.bytes.length) throw new UnsupportedError('a body without end');
    return super.byte();
  }
}

/** Returns a function's body with another constant, or the same bytes if it has no constant. */
export function mutateConstant(body: Uint8Array, pick: Random): Uint8Array {
  const constants: { readonly start: number; readonly end: number }[] = [];
  const cursor = new BoundedCursor(body);
  try {
    for (let groups = cursor.unsigned(); groups > 0; groups--) {
      cursor.skipNumber();
      cursor.skipValueType();
    }
    while (cursor.at < body.length) {
      const op = cursor.byte();
      const start = cursor.at;
      skipImmediates(cursor, op);
      if (op === Op.i32Const || op === Op.i64Const) constants.push({ start, end: cursor.at });
    }
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
  }
  const found = constants[pick(constants.length)];
  if (found === undefined) return body;
  return concat([body.subarray(0, found.start), signedNumber(edge(pick)), body.subarray(found.end)]);
}

/**
 * Returns bytes with another word of four bytes, like a pointer or a length. The word is at an edge, or near its old
 * value.
 */
export function mutateWord(data: Uint8Array, pick: Random): Uint8Array {
  const out = data.slice();
  if (out.length < 4) return out;
  const view = new DataView(out.buffer, out.byteOffset, out.length);
  const at = pick(out.length - 3);
  view.setInt32(at, pick(2) === 0 ? edge(pick) : (view.getInt32(at, true) + pick(17) - 8) | 0, true);
  return out;
}
