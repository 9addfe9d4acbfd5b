/** The index spaces of a module. Functions and globals are only counted. Memories and tables are listed. */
import { Cursor, unsignedBytes } from './cursor.ts';
import { Op, skipImmediates } from './instructions.ts';
import { concat, Section, type Sections } from './sections.ts';

/** A memory, in pages, or a table, in elements. */
export interface Growable {
  readonly kind: 'memory' | 'table';
  readonly imported: boolean;
  readonly is64: boolean;
  readonly min: bigint;
  /** The maximum that the type declares, or otherwise the maximum of its index type. */
  readonly max: bigint;
  /** The maximum that the type declares, or `undefined` if it declares no maximum. */
  readonly declaredMax: bigint | undefined;
  /** log2 of the bytes of a page. */
  readonly pageSizeLog2: number;
  /** The reference type of a table's elements. */
  readonly element: Uint8Array;
}

export interface Spaces {
  readonly functions: number;
  readonly importedFunctions: number;
  readonly globals: number;
  readonly memories: readonly Growable[];
  readonly tables: readonly Growable[];
}

const FUNCTION = 0;
const TABLE = 1;
const MEMORY = 2;
const GLOBAL = 3;

const NONE = new Uint8Array(0);

export function spacesOf(sections: Sections): Spaces {
  const memories: Growable[] = [];
  const tables: Growable[] = [];
  let [functions, globals] = [0, 0];
  for (const cursor of sections.elements(Section.import)) {
    cursor.skipName();
    cursor.skipName();
    const kind = cursor.byte();
    if (kind === FUNCTION) {
      cursor.skipNumber();
      functions++;
    } else if (kind === TABLE) tables.push(readTable(cursor, true));
    else if (kind === MEMORY) memories.push(readMemory(cursor, true));
    else if (kind === GLOBAL) {
      cursor.skipValueType();
      cursor.skip(1);
      globals++;
    } else {
      cursor.skip(1); // A tag.
      cursor.skipNumber();
    }
  }
  for (const cursor of sections.elements(Section.table)) tables.push(readDefinedTable(cursor));
  for (const cursor of sections.elements(Section.memory)) memories.push(readMemory(cursor, false));
  return {
    functions: functions + sections.count(Section.function),
    importedFunctions: functions,
    globals: globals + sections.count(Section.global),
    memories,
    tables,
  };
}

interface Limits {
  readonly flags: number;
  readonly min: bigint;
  readonly max: bigint | undefined;
  readonly pageSizeLog2: number;
}

/** A number above any limit. The sum of two such numbers does not overflow. */
const UNLIMITED = 1n << 62n;

function readLimits(cursor: Cursor): Limits {
  const flags = cursor.byte();
  const min = cursor.unsigned64();
  const max = (flags & 1) === 0 ? undefined : cursor.unsigned64();
  return { flags, min, max, pageSizeLog2: (flags & 8) === 0 ? 16 : cursor.unsigned() };
}

function readMemory(cursor: Cursor, imported: boolean): Growable {
  const { flags, min, max, pageSizeLog2 } = readLimits(cursor);
  const is64 = (flags & 4) !== 0;
  const most = 1n << BigInt((is64 ? 64 : 32) - pageSizeLog2);
  return {
    kind: 'memory',
    imported,
    is64,
    min,
    max: smaller(max ?? most, UNLIMITED),
    declaredMax: max,
    pageSizeLog2,
    element: NONE,
  };
}

function readTable(cursor: Cursor, imported: boolean): Growable {
  const element = cursor.taken(() => cursor.skipValueType());
  const { flags, min, max } = readLimits(cursor);
  const is64 = (flags & 4) !== 0;
  const most = is64 ? UNLIMITED : (1n << 32n) - 1n;
  return {
    kind: 'table',
    imported,
    is64,
    min,
    max: smaller(max ?? most, UNLIMITED),
    declaredMax: max,
    pageSizeLog2: 0,
    element,
  };
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Reads a defined table. `0x40 0x00` precedes a table with an initial value. */
function readDefinedTable(cursor: Cursor): Growable {
  const hasValue = cursor.bytes[cursor.at] === 0x40;
  if (hasValue) cursor.skip(2);
  const table = readTable(cursor, false);
  if (hasValue) skipExpression(cursor);
  return table;
}

function skipExpression(cursor: Cursor): void {
  for (let op = cursor.byte(); op !== Op.end; op = cursor.byte()) skipImmediates(cursor, op);
}

/** Writes maxima into the definitions of a module's memories and tables. */
export function limitDefined(sections: Sections, limitOf: (growable: Growable) => bigint): void {
  limitSection(sections, Section.memory, (cursor) => readMemory(cursor, false), limitOf);
  limitSection(sections, Section.table, readDefinedTable, limitOf);
}

function limitSection(
  sections: Sections,
  id: number,
  read: (cursor: Cursor) => Growable,
  limitOf: (growable: Growable) => bigint,
): void {
  const chunks: (Uint8Array | number[])[] = [unsignedBytes(sections.count(id))];
  for (const cursor of sections.elements(id)) {
    const start = cursor.at;
    const growable = read(cursor);
    const limit = limitOf(growable);
    if (limit < growable.max) chunks.push(...limited(cursor.bytes.subarray(start, cursor.at), growable.kind, limit));
    else chunks.push(cursor.bytes.subarray(start, cursor.at));
  }
  if (chunks.length > 1) sections.replace(id, concat(chunks));
}

/** Returns the definition with a different maximum. */
function limited(definition: Uint8Array, kind: Growable['kind'], max: bigint): (Uint8Array | number[])[] {
  const cursor = new Cursor(definition);
  if (kind === 'table') {
    if (definition[0] === 0x40) cursor.skip(2);
    cursor.skipValueType();
  }
  const before = definition.subarray(0, cursor.at);
  const { flags, min } = readLimits(cursor);
  // The rest is the size of pages, or the initial value of a table.
  const afterMax = new Cursor(definition, before.length + 1);
  afterMax.skipNumber();
  if ((flags & 1) !== 0) afterMax.skipNumber();
  return [before, [flags | 1, ...unsignedBytes(min), ...unsignedBytes(max)], definition.subarray(afterMax.at)];
}
