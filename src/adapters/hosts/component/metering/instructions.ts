/**
 * Where one core instruction ends and the next begins. Source: WebAssembly core specification, "Binary Format",
 * "Instructions"; the exception handling proposal in both its forms.
 */
import { UnsupportedError } from '../../../component/index.ts';
import type { Cursor } from './cursor.ts';

export const Op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  try: 0x06,
  end: 0x0b,
  br: 0x0c,
  return: 0x0f,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  returnCallRef: 0x15,
  delegate: 0x18,
  tryTable: 0x1f,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i64Const: 0x42,
  i32LessThan: 0x48,
  i64LessThan: 0x53,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i64Sub: 0x7d,
} as const;

/** The type of a block without results. */
export const EMPTY_BLOCK = 0x40;

/** Instructions that open a block. */
export function opensBlock(op: number): boolean {
  return op === Op.block || op === Op.loop || op === Op.if || op === Op.try || op === Op.tryTable;
}

/** Moves the cursor behind what follows the opcode. @throws UnsupportedError for garbage-collected types. */
export function skipImmediates(cursor: Cursor, op: number): void {
  if (op >= 0x28 && op <= 0x3e) skipMemoryArgument(cursor);
  else if (op >= 0x45 && op <= 0xc4) return;
  else if (ONE_NUMBER.has(op)) cursor.skipNumber();
  else skipOthers(cursor, op);
}

function skipOthers(cursor: Cursor, op: number): void {
  switch (op) {
    case Op.block:
    case Op.loop:
    case Op.if:
    case Op.try:
      skipBlockType(cursor);
      break;
    case Op.tryTable:
      skipBlockType(cursor);
      cursor.repeat(() => {
        if (cursor.byte() < 2) cursor.skipNumber();
        cursor.skipNumber();
      });
      break;
    case 0x0e: // br_table
      cursor.repeat(() => {
        cursor.skipNumber();
      });
      cursor.skipNumber();
      break;
    case 0x1c: // select with types
      cursor.repeat(() => {
        cursor.skipValueType();
      });
      break;
    case 0x11: // call_indirect
    case Op.returnCallIndirect:
      cursor.skipNumber();
      cursor.skipNumber();
      break;
    case 0x43: // f32.const
      cursor.skip(4);
      break;
    case 0x44: // f64.const
      cursor.skip(8);
      break;
    case 0xfb:
      throw new UnsupportedError('metering of garbage-collected types');
    case 0xfc:
      skipMiscellaneous(cursor);
      break;
    case 0xfd:
      skipVector(cursor);
      break;
    case 0xfe: // threads; a fence has one byte
      if (cursor.unsigned() === 0x03) cursor.skip(1);
      else skipMemoryArgument(cursor);
  }
}

/** With a label, an index, a type, or a constant behind them. */
const ONE_NUMBER: ReadonlySet<number> = new Set([
  0x07, 0x08, 0x09, 0x0c, 0x0d, 0x10, 0x12, 0x14, 0x15, 0x18, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x3f, 0x40,
  0x41, 0x42, 0xd0, 0xd2, 0xd5, 0xd6,
]);

function skipBlockType(cursor: Cursor): void {
  const first = cursor.bytes[cursor.at]!;
  if (first === 0x63 || first === 0x64) cursor.skipValueType();
  else cursor.skipNumber();
}

function skipMemoryArgument(cursor: Cursor): void {
  // Bit 6 of the alignment says that the index of a memory follows.
  if ((cursor.unsigned() & 0x40) !== 0) cursor.skipNumber();
  cursor.skipNumber();
}

function skipMiscellaneous(cursor: Cursor): void {
  const op = cursor.unsigned();
  if (op < 8 || op >= 19) return; // Conversions, and wide arithmetic.
  const hasTwo = op === 8 || op === 10 || op === 12 || op === 14;
  cursor.skipNumber();
  if (hasTwo) cursor.skipNumber();
}

function skipVector(cursor: Cursor): void {
  const op = cursor.unsigned();
  if (op <= 11 || op === 92 || op === 93) skipMemoryArgument(cursor);
  else if (op === 12 || op === 13) cursor.skip(16);
  else if (op >= 21 && op <= 34) cursor.skip(1);
  else if (op >= 84 && op <= 91) {
    skipMemoryArgument(cursor);
    cursor.skip(1);
  }
}
