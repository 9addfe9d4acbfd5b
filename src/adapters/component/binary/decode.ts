/** *Binary.md*, "Component Definitions", and the definitions that do not need a separate file. */
import { maxExports, maxIndexSpace, maxInstances, maxNesting } from '../limits.ts';
import { alias, coreSort, sortIndex } from './aliases.ts';
import { canon } from './canonical.ts';
import { moduleInterface } from './core-module.ts';
import { coreDefType } from './core-types.ts';
import type {
  Component,
  CoreInlineExport,
  CoreInstance,
  Definition,
  Export,
  Import,
  InlineExport,
  Instance,
  InstantiateArgument,
  Start,
  Value,
} from './definitions.ts';
import { nameAttributes } from './names.ts';
import { Reader } from './reader.ts';
import { externType, type, valType } from './types.ts';

/**
 * Decodes a component binary. Core modules are views of `bytes`, so the bytes must not change while the result is in
 * use.
 *
 * @throws MalformedError if the bytes are not a component binary, with the byte offset.
 */
export function decode(bytes: Uint8Array): Component {
  return component(new Reader(unshared(bytes)), 0);
}

/** Returns the bytes in unshared memory, because engines compile modules from unshared memory only. */
function unshared(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer ? new Uint8Array(buffer, byteOffset, byteLength) : new Uint8Array(bytes);
}

/** Reads `component`. `depth` is the number of components and types around it. */
function component(reader: Reader, depth: number): Component {
  const offset = reader.position;
  preamble(reader);
  const definitions: Definition[] = [];
  while (!reader.done) section(reader, definitions, depth);
  return { kind: 'component', offset, definitions };
}

function preamble(reader: Reader): void {
  for (const byte of [0, 0x61, 0x73, 0x6d]) {
    if (reader.u8('the magic number') !== byte) {
      reader.fail('bad magic number of a component', reader.position - 1);
    }
  }
  const offset = reader.position;
  const version = reader.u8('the version') | (reader.u8('the version') << 8);
  const layer = reader.u8('the layer') | (reader.u8('the layer') << 8);
  if (version === 1 && layer === 0)
    reader.fail('expected a version header for a component, found a core module', offset);
  if (version !== 0x0d) reader.fail(`unknown binary version 0x${version.toString(16)} of a component`, offset);
  if (layer !== 1) reader.fail(`expected a version header for a component, found layer ${layer}`, offset + 2);
}

function section(reader: Reader, definitions: Definition[], depth: number): void {
  const offset = reader.position;
  const id = reader.u8('a section id');
  if (id > 12) reader.fail(`malformed section id: ${id}`, offset);
  const content = reader.sized('a section');
  switch (id) {
    case 0:
      content.name('the name of a custom section');
      return;
    case 1: {
      const from = content.position;
      const module = moduleInterface(content);
      definitions.push({ kind: 'core module', offset: from, bytes: content.since(from), module });
      return;
    }
    case 4: {
      if (depth >= maxNesting) reader.fail(`nesting too deep: more than ${maxNesting} types and components`, offset);
      definitions.push({ kind: 'component', offset, component: component(content, depth + 1) });
      return;
    }
    case 9:
      definitions.push(start(content));
      break;
    default:
      vector(content, id, definitions, depth);
  }
  if (!content.done) content.fail('section size mismatch: unexpected content after the last definition');
}

function vector(reader: Reader, id: number, definitions: Definition[], depth: number): void {
  const max = id === 2 || id === 5 || id === 12 ? maxInstances : maxIndexSpace;
  const count = reader.count('definitions of a section', max);
  for (let index = 0; index < count; index++) definitions.push(definition(reader, id, depth));
}

function definition(reader: Reader, id: number, depth: number): Definition {
  switch (id) {
    case 2:
      return coreInstance(reader);
    case 3:
      return { kind: 'core type', offset: reader.position, type: coreDefType(reader) };
    case 5:
      return instance(reader);
    case 6:
      return alias(reader);
    case 7:
      return type(reader, depth);
    case 8:
      return canon(reader);
    case 10:
      return importDefinition(reader);
    case 11:
      return exportDefinition(reader);
    default:
      return value(reader);
  }
}

// Instance Definitions -------------------------------------------------------------------------------------------

/** Reads `core:instance`. */
function coreInstance(reader: Reader): CoreInstance {
  const offset = reader.position;
  const form = reader.u8('a core instance');
  if (form === 0) {
    const module = reader.u32('a core module index');
    const args = reader.vec('instantiation arguments', maxExports, coreInstantiateArgument);
    return { kind: 'core instance', offset, form: 'instantiate', module, arguments: args };
  }
  if (form !== 1) reader.badByte('core instance', form);
  const exports = reader.vec('inline exports', maxExports, coreInlineExport);
  return { kind: 'core instance', offset, form: 'inline exports', exports };
}

/** Reads `core:instantiatearg`. */
function coreInstantiateArgument(reader: Reader): { name: string; instance: number } {
  const name = reader.name('an instantiation argument name');
  reader.byte('instantiation arg kind', 0x12);
  return { name, instance: reader.u32('a core instance index') };
}

/** Reads `core:inlineexport`. */
function coreInlineExport(reader: Reader): CoreInlineExport {
  const name = reader.name('an export name');
  const sort = coreSort(reader);
  return { name, sort, index: reader.u32('an index') };
}

/** Reads `instance`. */
function instance(reader: Reader): Instance {
  const offset = reader.position;
  const form = reader.u8('an instance');
  if (form === 0) {
    const index = reader.u32('a component index');
    const args = reader.vec('instantiation arguments', maxExports, instantiateArgument);
    return { kind: 'instance', offset, form: 'instantiate', component: index, arguments: args };
  }
  if (form !== 1) reader.badByte('instance', form);
  const exports = reader.vec('inline exports', maxExports, inlineExport);
  return { kind: 'instance', offset, form: 'inline exports', exports };
}

/** Reads `instantiatearg`. */
function instantiateArgument(reader: Reader): InstantiateArgument {
  const name = reader.name('an instantiation argument name');
  const { sort, index } = sortIndex(reader);
  return { name, sort, index };
}

/** Reads `inlineexport`. */
function inlineExport(reader: Reader): InlineExport {
  const name = nameAttributes(reader);
  const { sort, index } = sortIndex(reader);
  return typeof name === 'string' ? { name, sort, index } : { ...name, sort, index };
}

// Start Definitions ----------------------------------------------------------------------------------------------

/** Reads `start`. */
function start(reader: Reader): Start {
  const offset = reader.position;
  const func = reader.u32('a function index');
  const args = reader.vec('start arguments', maxInstances, (r) => r.u32('a value index'));
  return { kind: 'start', offset, func, arguments: args, results: reader.u32('the number of start results') };
}

// Import and Export Definitions ----------------------------------------------------------------------------------

/** Reads `import`. */
function importDefinition(reader: Reader): Import {
  const offset = reader.position;
  const name = nameAttributes(reader);
  const type = externType(reader);
  return typeof name === 'string' ? { kind: 'import', offset, name, type } : { kind: 'import', offset, ...name, type };
}

/** Reads `export`. */
function exportDefinition(reader: Reader): Export {
  const offset = reader.position;
  const name = nameAttributes(reader);
  const { sort, index } = sortIndex(reader);
  const type = reader.optional('optional component export type') ? externType(reader) : undefined;
  return typeof name === 'string'
    ? { kind: 'export', offset, name, sort, index, type }
    : { kind: 'export', offset, ...name, sort, index, type };
}

// Value Definitions ----------------------------------------------------------------------------------------------

/** Reads `value`. The bytes are kept undecoded, because only a loader that supports values can read them. */
function value(reader: Reader): Value {
  const offset = reader.position;
  const ofType = valType(reader);
  const content = reader.sized('a value');
  return { kind: 'value', offset, type: ofType, bytes: content.bytes.subarray(content.position, content.end) };
}
