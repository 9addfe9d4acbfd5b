/** Finds and refuses instructions whose effect differs between machines or runs. */
import { show } from '../../abi/javascript-values.ts';
import { ArgumentError } from '../../index.ts';
import type { Cursor } from './cursor.ts';
import { computedFloat, secondOpcode, showsFloatBits } from './floats.ts';
import { Op, skipImmediates } from './instructions.ts';
import { Section, type Sections } from './sections.ts';
import { spacesOf } from './spaces.ts';

/**
 * The sources of indeterminism in core code:
 *
 * - `relaxed-simd`: the results of relaxed vector instructions depend on the processor.
 * - `threads`: `memory.atomic.wait` waits for another thread.
 * - `nan-bits`: the sign and payload of a computed NaN depend on the processor, and the guest can read them.
 */
export type Indeterminism = 'relaxed-simd' | 'threads' | 'nan-bits';

const INDETERMINISMS: readonly Indeterminism[] = ['relaxed-simd', 'threads', 'nan-bits'];

/**
 * The component has code whose effect differs between machines or runs, and the option `grant` of `loadModule` does not
 * name it. Nothing was compiled.
 */
export class IndeterminismError extends Error {
  override readonly name: string = 'IndeterminismError';
  readonly family = 'decidable/component';
  readonly code = 'indeterministic';
  /** The kind of code, which is the name to pass in `grant`. */
  readonly kind: Indeterminism;
  /** The index of the function in its core module. */
  readonly function: number;
  /** The byte offset of the instruction in the binary. */
  readonly offset: number;

  constructor(kind: Indeterminism, place: CodePlace) {
    const at = `function ${place.function}, at offset 0x${place.offset.toString(16)}`;
    super(`${EFFECTS[kind]} (${at}); build the guest without it, or pass grant: ['${kind}']`);
    this.kind = kind;
    this.function = place.function;
    this.offset = place.offset;
  }
}

const EFFECTS: { readonly [Kind in Indeterminism]: string } = {
  'relaxed-simd': 'the result of a relaxed vector instruction depends on the processor',
  threads: 'memory.atomic.wait waits for another thread, which a guest does not have',
  'nan-bits': 'the guest can read the bits of a computed NaN, which depend on the processor',
};

/** The place of an instruction. */
interface CodePlace {
  /** The index of the function in its core module. */
  readonly function: number;
  /** The byte offset of the instruction in the binary that was read. */
  readonly offset: number;
}

/** The first instruction of each kind in a module, and the number of each kind. */
export interface CodeSummary {
  readonly relaxedSimd: Found;
  readonly waits: Found;
  /** The instructions that may compute a NaN. */
  readonly computesNan: Found;
  /** The instructions that make the bits of a float visible. */
  readonly showsBits: Found;
}

export interface Found {
  count: number;
  first: CodePlace | undefined;
}

/** Checks the options that grant indeterminism. @throws ArgumentError */
export function checkGrant(grant: readonly Indeterminism[]): void {
  if (!Array.isArray(grant)) throw new ArgumentError('grant', `expected a list, got ${show(grant)}`);
  for (const [index, each] of grant.entries()) {
    if (INDETERMINISMS.includes(each)) continue;
    throw new ArgumentError(`grant[${index}]`, `expected one of ${INDETERMINISMS.join(', ')}, got ${show(each)}`);
  }
}

/**
 * Refuses indeterministic code that is not granted.
 * @throws IndeterminismError if the code has relaxed vector instructions or waits, and `grant` does not name them.
 */
export function refuseIndeterminism({ relaxedSimd, waits }: CodeSummary, grant: readonly Indeterminism[]): void {
  if (relaxedSimd.first && !grant.includes('relaxed-simd')) {
    throw new IndeterminismError('relaxed-simd', relaxedSimd.first);
  }
  if (waits.first && !grant.includes('threads')) throw new IndeterminismError('threads', waits.first);
}

/**
 * Reads the code of a valid module.
 *
 * @throws UnsupportedError if an instruction is unknown.
 */
export function summarize(sections: Sections): CodeSummary {
  const summary = { relaxedSimd: found(), waits: found(), computesNan: found(), showsBits: found() };
  let index = spacesOf(sections).importedFunctions;
  for (const cursor of sections.elements(Section.code)) {
    const end = cursor.unsigned() + cursor.at;
    skipLocals(cursor);
    while (cursor.at < end) {
      const start = cursor.at;
      const op = cursor.byte();
      // A quick test, which most instructions fail.
      if (op >= 0x8d || op === 0x38 || op === 0x39) summarizeInstruction(summary, cursor, op, index, start);
      skipImmediates(cursor, op);
    }
    cursor.at = end;
    index++;
  }
  return summary;
}

function found(): Found {
  return { count: 0, first: undefined };
}

function summarizeInstruction(summary: CodeSummary, cursor: Cursor, op: number, index: number, start: number): void {
  const note = (to: Found): void => {
    to.count++;
    to.first ??= { function: index, offset: cursor.bytes.byteOffset + start };
  };
  if (isRelaxed(cursor, op)) note(summary.relaxedSimd);
  if (isWait(cursor, op)) note(summary.waits);
  if (computedFloat(cursor, op) !== undefined) note(summary.computesNan);
  if (showsFloatBits(op)) note(summary.showsBits);
}

/**
 * Returns whether the instruction is a relaxed vector instruction. The cursor is after the opcode, and is not moved.
 */
function isRelaxed(cursor: Cursor, op: number): boolean {
  return op === Op.vector && secondOpcode(cursor) >= 0x100;
}

/** Returns whether the instruction waits for another thread. The cursor is after the opcode, and is not moved. */
function isWait(cursor: Cursor, op: number): boolean {
  if (op !== Op.atomic) return false;
  const second = secondOpcode(cursor);
  return second === 0x01 || second === 0x02;
}

function skipLocals(cursor: Cursor): void {
  cursor.repeat(() => {
    cursor.skipNumber();
    cursor.skipValueType();
  });
}
