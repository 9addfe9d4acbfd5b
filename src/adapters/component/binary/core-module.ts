/**
 * Reads the part of a core module that its component must know: the types of its imports and exports. Function bodies,
 * initial values and segments are skipped. The engine validates them when it compiles the module.
 *
 * Source: *WebAssembly 3.0*, "Binary Format / Modules".
 */
import { maxExports, maxIndexSpace } from '../limits.ts';
import { coreExternType, definedTable, globalType, memoryType, recType, tagType } from './core-types.ts';
import type { CoreExternDecl, CoreInlineExport, ModuleInterface } from './definitions.ts';
import type { Reader } from './reader.ts';

/**
 * The position in the required order of sections, by section id: tag (13) comes after memory, and data count (12)
 * before code.
 */
const sectionOrder = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 12, 13, 11, 6];

const externKinds = ['func', 'table', 'memory', 'global', 'tag'] as const;

/** Reads the header and the type, import, function, table, memory, tag, global and export sections of a module. */
export function moduleInterface(reader: Reader): ModuleInterface {
  let types: ModuleInterface['types'] = [];
  let imports: ModuleInterface['imports'] = [];
  const defined: CoreExternDecl[] = [];
  let exports: ModuleInterface['exports'] = [];
  for (const byte of [0, 0x61, 0x73, 0x6d]) {
    if (reader.u8('the magic number') !== byte) reader.fail('bad magic number of a core module', reader.position - 1);
  }
  for (const byte of [1, 0, 0, 0]) {
    if (reader.u8('the version') !== byte) reader.fail('expected a version header for a module', reader.position - 1);
  }
  let last = 0;
  while (!reader.done) {
    const offset = reader.position;
    const id = reader.u8('a section id');
    const section = reader.sized('a section');
    if (id === 0) {
      section.name('the name of a custom section');
      continue;
    }
    const order = sectionOrder[id];
    if (order === undefined) reader.fail('malformed section id', offset);
    if (order <= last) reader.fail('section out of order', offset);
    last = order;
    if (id === 1) types = section.vec('core types', maxIndexSpace, recType);
    else if (id === 2) imports = section.vec('imports', maxExports, importEntry);
    else if (id === 3) define(section, 'functions', (r) => ({ kind: 'func', type: r.u32('a type index') }));
    else if (id === 4) define(section, 'tables', (r) => definedTable(r, skipExpression));
    else if (id === 5) define(section, 'memories', memoryType);
    else if (id === 13) define(section, 'tags', tagType);
    else if (id === 6) define(section, 'globals', definedGlobal);
    else if (id === 7) exports = section.vec('exports', maxExports, exportEntry);
    else continue;
    if (!section.done) section.fail('section size mismatch: unexpected content after the last element');
  }
  return { types, imports, defined, exports };

  function define(section: Reader, what: string, element: (reader: Reader) => CoreExternDecl): void {
    const count = section.count(what, maxIndexSpace);
    for (let index = 0; index < count; index++) defined.push(element(section));
  }
}

function importEntry(reader: Reader): ModuleInterface['imports'][number] {
  const offset = reader.position;
  const module = reader.name('a module name');
  const name = reader.name('an import name');
  return { offset, module, name, type: coreExternType(reader) };
}

function exportEntry(reader: Reader): CoreInlineExport & { offset: number } {
  const offset = reader.position;
  const name = reader.name('an export name');
  const byte = reader.u8('an external kind');
  const sort = externKinds[byte];
  if (sort === undefined) reader.badByte('external kind', byte);
  return { offset, name, sort, index: reader.u32('an index') };
}

function definedGlobal(reader: Reader): CoreExternDecl {
  const type = globalType(reader);
  skipExpression(reader);
  return type;
}

/** The number of LEB128 immediates of each constant instruction, by opcode. `0xfb` and `0xfd` have a second opcode. */
const immediates: { readonly [opcode: number]: number } = {
  35: 1, // global.get
  65: 1, // i32.const
  66: 1, // i64.const
  106: 0, // i32.add
  107: 0, // i32.sub
  108: 0, // i32.mul
  124: 0, // i64.add
  125: 0, // i64.sub
  126: 0, // i64.mul
  208: 1, // ref.null
  210: 1, // ref.func
};

/** `0xfb`: struct.new, struct.new_default, array.new, array.new_default, array.new_fixed, conversions, ref.i31. */
const gcImmediates: { readonly [opcode: number]: number } = { 0: 1, 1: 1, 6: 1, 7: 1, 8: 2, 26: 0, 27: 0, 28: 0 };

/** Skips a constant expression. Source: *WebAssembly 3.0*, "Validation / Instructions", constant expressions. */
function skipExpression(reader: Reader): void {
  for (;;) {
    const offset = reader.position;
    const opcode = reader.u8('a constant expression');
    if (opcode === 0x0b) return;
    if (opcode === 0x43) reader.skip(4, 'f32.const');
    else if (opcode === 0x44) reader.skip(8, 'f64.const');
    else if (opcode === 0xfd && reader.u32('an opcode') === 12) reader.skip(16, 'v128.const');
    else {
      const count = opcode === 0xfb ? gcImmediates[reader.u32('an opcode')] : immediates[opcode];
      if (count === undefined) reader.fail(`constant expression required: opcode 0x${opcode.toString(16)}`, offset);
      for (let index = 0; index < count; index++) reader.skipLeb('an immediate');
    }
  }
}
