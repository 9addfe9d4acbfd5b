/**
 * Reads core types, which core modules and module types of components share.
 *
 * Source: *WebAssembly 3.0*, "Binary Format / Types"; *Binary.md*, `core:type`.
 */
import {
  maxCoreFields,
  maxCoreResults,
  maxCoreSupertypes,
  maxDeclarators,
  maxIndexSpace,
  maxParams,
} from '../limits.ts';
import type {
  CoreCompositeType,
  CoreDefType,
  CoreExternDecl,
  CoreFieldType,
  CoreHeapType,
  CoreLimits,
  CoreRecType,
  CoreRefType,
  CoreSubType,
  CoreValType,
  ModuleDeclarator,
} from './definitions.ts';
import type { Reader } from './reader.ts';

const numberTypes: { readonly [byte: number]: CoreValType } = {
  127: 'i32',
  126: 'i64',
  125: 'f32',
  124: 'f64',
  123: 'v128',
};

const heapTypes: { readonly [byte: number]: Exclude<CoreHeapType, number> } = {
  116: 'noexn',
  115: 'nofunc',
  114: 'noextern',
  113: 'none',
  112: 'func',
  111: 'extern',
  110: 'any',
  109: 'eq',
  108: 'i31',
  107: 'struct',
  106: 'array',
  105: 'exn',
};

/** Reads `core:valtype`. */
export function coreValType(reader: Reader): CoreValType {
  const number = numberTypes[reader.peek('a core value type')];
  if (number === undefined) return refType(reader);
  reader.position++;
  return number;
}

function heapType(reader: Reader): CoreHeapType {
  const heap = heapTypes[reader.peek('a heap type')];
  if (heap === undefined) return reader.index33('heap type');
  reader.position++;
  return heap;
}

function refType(reader: Reader): CoreRefType {
  const byte = reader.u8('a reference type');
  if (byte === 0x63 || byte === 0x64) return { nullable: byte === 0x63, heap: heapType(reader) };
  const heap = heapTypes[byte];
  if (heap === undefined) reader.badByte('core value type', byte);
  return { nullable: true, heap };
}

function flags(reader: Reader, what: string, known: number): number {
  const byte = reader.u8(what);
  if ((byte & ~known) !== 0) reader.badByte(what, byte);
  return byte;
}

function limits(reader: Reader, what: string, known: number): CoreLimits {
  const bits = flags(reader, what, known);
  const is64 = (bits & 4) !== 0;
  const bound = () => (is64 ? reader.u64(what) : BigInt(reader.u32(what)));
  const min = bound();
  const shared = (bits & 2) !== 0;
  const shape = (bits & 1) === 0 ? { min, shared, is64 } : { min, max: bound(), shared, is64 };
  return (bits & 8) === 0 ? shape : { ...shape, pageSizeLog2: reader.u32('a page size') };
}

function tableType(reader: Reader): CoreExternDecl {
  return { kind: 'table', element: refType(reader), limits: limits(reader, 'table limits', 7) };
}

/** Reads the type of a defined table. In *WebAssembly 3.0*, `0x40 0x00` precedes a table with an initial value. */
export function definedTable(reader: Reader, skipExpression: (reader: Reader) => void): CoreExternDecl {
  if (reader.peek('a table') !== 0x40) return tableType(reader);
  reader.position++;
  flags(reader, 'table', 0);
  const type = tableType(reader);
  skipExpression(reader);
  return type;
}

/** Reads `memtype`. */
export function memoryType(reader: Reader): CoreExternDecl {
  return { kind: 'memory', limits: limits(reader, 'memory limits', 15) };
}

/** Reads `globaltype`. */
export function globalType(reader: Reader): CoreExternDecl {
  const type = coreValType(reader);
  return { kind: 'global', type, mutable: flags(reader, 'the mutability of a global', 1) === 1 };
}

/** Reads `tagtype`. Its attribute is always zero. */
export function tagType(reader: Reader): CoreExternDecl {
  flags(reader, 'tag attribute', 0);
  return { kind: 'tag', type: reader.u32('a type index') };
}

/** Reads `core:externtype`. */
export function coreExternType(reader: Reader): CoreExternDecl {
  const byte = reader.u8('an external kind');
  if (byte === 0) return { kind: 'func', type: reader.u32('a type index') };
  if (byte === 1) return tableType(reader);
  if (byte === 2) return memoryType(reader);
  if (byte === 3) return globalType(reader);
  if (byte === 4) return tagType(reader);
  return reader.badByte('external kind', byte);
}

function fieldType(reader: Reader): CoreFieldType {
  const byte = reader.peek('a field type');
  const packed = byte === 0x78 ? 'i8' : byte === 0x77 ? 'i16' : undefined;
  if (packed !== undefined) reader.position++;
  const type = packed ?? coreValType(reader);
  return { type, mutable: flags(reader, 'the mutability of a field', 1) === 1 };
}

function compositeType(reader: Reader): CoreCompositeType {
  const byte = reader.u8('a core type');
  if (byte === 0x60) {
    const params = reader.vec('core function parameters', maxParams, coreValType);
    return { kind: 'func', params, results: reader.vec('core function results', maxCoreResults, coreValType) };
  }
  if (byte === 0x5f) return { kind: 'struct', fields: reader.vec('struct fields', maxCoreFields, fieldType) };
  if (byte === 0x5e) return { kind: 'array', element: fieldType(reader) };
  return reader.badByte('type definition', byte);
}

function subType(reader: Reader): CoreSubType {
  const byte = reader.peek('a core type');
  if (byte !== 0x50 && byte !== 0x4f) return { final: true, supertypes: [], composite: compositeType(reader) };
  reader.position++;
  const supertypes = reader.vec('supertypes', maxCoreSupertypes, (r) => r.u32('a supertype'));
  return { final: byte === 0x4f, supertypes, composite: compositeType(reader) };
}

/** Reads `core:rectype`. */
export function recType(reader: Reader): readonly CoreSubType[] {
  if (reader.peek('a core type') !== 0x4e) return [subType(reader)];
  reader.position++;
  return reader.vec('types of a recursion group', maxIndexSpace, subType);
}

/** Reads `core:deftype`. */
export function coreDefType(reader: Reader): CoreDefType {
  if (reader.peek('a core type') !== 0x50) return coreRecType(reader);
  reader.position++;
  return { kind: 'module type', declarators: reader.vec('module declarators', maxDeclarators, moduleDeclarator) };
}

/**
 * Reads a recursion group of a component. There, `0x50` is a module type, so `0x00` precedes a non-final `sub`. A
 * module type contains no module types, so tools write a non-final `sub` in it as in core modules.
 */
function coreRecType(reader: Reader): CoreRecType {
  if (reader.peek('a core type') === 0) {
    reader.position++;
    const next = reader.peek('a core type');
    if (next !== 0x50) reader.badByte('type definition', next, reader.position);
  }
  return { kind: 'rec', types: recType(reader) };
}

function moduleDeclarator(reader: Reader): ModuleDeclarator {
  const offset = reader.position;
  const byte = reader.u8('a module declarator');
  switch (byte) {
    case 0: {
      const module = reader.name('a module name');
      const name = reader.name('an import name');
      return { kind: 'import', offset, module, name, type: coreExternType(reader) };
    }
    case 1:
      return { kind: 'core type', offset, type: coreRecType(reader) };
    case 2: {
      reader.byte('outer alias kind', 0x10);
      reader.byte('outer alias target', 1);
      const count = reader.u32('an outer alias count');
      return { kind: 'alias', offset, count, index: reader.u32('a type index') };
    }
    case 3: {
      const name = reader.name('an export name');
      return { kind: 'export', offset, name, type: coreExternType(reader) };
    }
    default:
      return reader.badByte('type definition', byte);
  }
}
