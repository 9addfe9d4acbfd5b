/**
 * Finds the end of each core instruction. Source: *WebAssembly 3.0*, "Binary Format / Instructions", and the proposals
 * that engines implement in addition to it: threads, relaxed vectors, wide arithmetic, and the older form of
 * exceptions.
 *
 * An unknown instruction is refused by its number.
 */
import { UnsupportedError } from '../../index.ts';
import type { Cursor } from './cursor.ts';

export const Op = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  try: 0x06,
  catch: 0x07,
  end: 0x0b,
  br: 0x0c,
  return: 0x0f,
  call: 0x10,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  returnCallRef: 0x15,
  delegate: 0x18,
  catchAll: 0x19,
  tryTable: 0x1f,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i64Const: 0x42,
  i32Equal: 0x46,
  i32LessThan: 0x48,
  i64Equal: 0x51,
  i64LessThan: 0x53,
  i64GreaterThanUnsigned: 0x56,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64ShiftLeft: 0x86,
  i64ShiftRightUnsigned: 0x88,
  i64ExtendUnsigned: 0xad,
  garbageCollection: 0xfb,
  miscellaneous: 0xfc,
  vector: 0xfd,
  atomic: 0xfe,
} as const;

/** Second opcodes. */
export const Gc = {
  arrayNew: 6,
  arrayNewDefault: 7,
  arrayNewData: 9,
  arrayNewElem: 10,
  arrayFill: 16,
  arrayCopy: 17,
  arrayInitData: 18,
  arrayInitElem: 19,
} as const;
export const Misc = {
  memoryInit: 8,
  memoryCopy: 10,
  memoryFill: 11,
  tableInit: 12,
  tableCopy: 14,
  tableGrow: 15,
  tableSize: 16,
  tableFill: 17,
} as const;

/** The type of a block without results. */
export const EMPTY_BLOCK = 0x40;

/** Returns whether an instruction opens a block. */
export function opensBlock(op: number): boolean {
  return op === Op.block || op === Op.loop || op === Op.if || op === Op.try || op === Op.tryTable;
}

/** The kinds of immediates after an opcode. */
const Immediates = { unknown: 0, none: 1, one: 2, two: 3, memory: 4, other: 5 } as const;

const IMMEDIATES: Uint8Array = table([
  [Immediates.none, '00 01 05 0a 0b 0f 19 1a 1b d1 d3 d4', [0x45, 0xc4]],
  [
    Immediates.one,
    '07 08 09 0c 0d 10 12 14 15 18 20 21 22 23 24 25 26 3f 40 41 42 d0 d2 d5 d6', // Labels, indices, types, constants.
  ],
  [Immediates.two, '11 13'],
  [Immediates.memory, '', [0x28, 0x3e]],
  [Immediates.other, '02 03 04 06 0e 1c 1f 43 44 fb fc fd fe'],
]);

/** The immediates after `0xfb`. The casts 24 and 25 begin with flags. */
const GC_IMMEDIATES: Uint8Array = table([
  [Immediates.none, '0f 1a 1b 1c 1d 1e'],
  [Immediates.one, '00 01 06 07 0b 0c 0d 0e 10 14 15 16 17'],
  [Immediates.two, '02 03 04 05 08 09 0a 11 12 13'],
  [Immediates.other, '18 19'],
]);

/** The immediates after `0xfc`: conversions, bulk memory, wide arithmetic. */
const MISC_IMMEDIATES: Uint8Array = table([
  [Immediates.none, '13 14 15 16', [0, 7]],
  [Immediates.one, '09 0b 0d 0f 10 11'],
  [Immediates.two, '08 0a 0c 0e'],
]);

function table(rows: readonly (readonly [kind: number, opcodes: string, range?: readonly [number, number]])[]) {
  const kinds = new Uint8Array(256);
  for (const [kind, opcodes, range] of rows) {
    for (const opcode of opcodes.split(' ')) if (opcode !== '') kinds[Number.parseInt(opcode, 16)] = kind;
    if (range !== undefined) kinds.fill(kind, range[0], range[1] + 1);
  }
  return kinds;
}

/**
 * Moves the cursor past the immediates of an opcode.
 * @throws UnsupportedError if the instruction is unknown.
 */
export function skipImmediates(cursor: Cursor, op: number): void {
  const kind = IMMEDIATES[op]!;
  if (kind === Immediates.other) skipOthers(cursor, op);
  else skipPlain(cursor, kind, op);
}

function skipPlain(cursor: Cursor, kind: number | undefined, ...opcode: number[]): void {
  switch (kind) {
    case Immediates.none:
      return;
    case Immediates.two:
      cursor.skipNumber();
      cursor.skipNumber();
      return;
    case Immediates.one:
      cursor.skipNumber();
      return;
    case Immediates.memory:
      skipMemoryArgument(cursor);
      return;
    default:
      throw unsupported(...opcode);
  }
}

function unsupported(...opcode: number[]): UnsupportedError {
  const [first, ...second] = opcode.map((byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  return new UnsupportedError(`the instruction ${[first, ...second].join(' ')}`);
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
    case 0x43: // f32.const
      cursor.skip(4);
      break;
    case 0x44: // f64.const
      cursor.skip(8);
      break;
    case Op.garbageCollection:
      skipGarbageCollection(cursor);
      break;
    case Op.miscellaneous: {
      const second = cursor.unsigned();
      skipPlain(cursor, MISC_IMMEDIATES[second], op, second);
      break;
    }
    case Op.vector:
      skipVector(cursor);
      break;
    default:
      skipAtomic(cursor);
  }
}

function skipBlockType(cursor: Cursor): void {
  const first = cursor.bytes[cursor.at]!;
  if (first === 0x63 || first === 0x64) cursor.skipValueType();
  else cursor.skipNumber();
}

function skipMemoryArgument(cursor: Cursor): void {
  // If bit 6 of the alignment is set, the index of a memory follows.
  if ((cursor.unsigned() & 0x40) !== 0) cursor.skipNumber();
  cursor.skipNumber();
}

function skipGarbageCollection(cursor: Cursor): void {
  const second = cursor.unsigned();
  const kind = GC_IMMEDIATES[second];
  if (kind === Immediates.other) {
    cursor.skip(1);
    for (let count = 3; count > 0; count--) cursor.skipNumber(); // A label and two heap types.
  } else skipPlain(cursor, kind, Op.garbageCollection, second);
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

function skipAtomic(cursor: Cursor): void {
  const op = cursor.unsigned();
  if (op === 0x03) cursor.skip(1);
  else if (op <= 0x02 || (op >= 0x10 && op <= 0x4e)) skipMemoryArgument(cursor);
  else throw unsupported(Op.atomic, op);
}
