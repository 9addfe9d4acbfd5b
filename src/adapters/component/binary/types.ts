/** *Binary.md*, "Type Definitions": the component level. */
import { maxDeclarators, maxFields, maxNesting, maxParams } from '../limits.ts';
import type { PrimitiveKind } from '../types.ts';
import { alias } from './aliases.ts';
import { coreDefType, coreValType } from './core-types.ts';
import type { CompoundType, Declarator, DefType, ExternDecl, LabelValType, Type, ValType } from './definitions.ts';
import { nameAttributes } from './names.ts';
import type { Reader } from './reader.ts';

const primitives: { readonly [byte: number]: PrimitiveKind } = {
  127: 'bool',
  126: 's8',
  125: 'u8',
  124: 's16',
  123: 'u16',
  122: 's32',
  121: 'u32',
  120: 's64',
  119: 'u64',
  118: 'f32',
  117: 'f64',
  116: 'char',
  115: 'string',
  100: 'error-context',
};

/** Reads `valtype`. */
export function valType(reader: Reader): ValType {
  const byte = reader.peek('a value type');
  if ((byte & 0xc0) !== 0x40) return reader.index33('component value type');
  reader.position++;
  return primitives[byte] ?? reader.badByte('component value type', byte);
}

function optionalValType(reader: Reader): ValType | undefined {
  return reader.optional('optional component value type') ? valType(reader) : undefined;
}

function labelValType(reader: Reader): LabelValType {
  const name = reader.name('a label');
  return { name, type: valType(reader) };
}

function caseType(reader: Reader): ValType | undefined {
  const type = optionalValType(reader);
  reader.byte('zero byte required', 0);
  return type;
}

const nothing: readonly never[] = [];

function compound(
  kind: CompoundType['kind'],
  inside: CompoundType['inside'],
  labels: readonly string[] = nothing,
  length?: number,
): CompoundType {
  return { kind, inside, labels, length };
}

/** Reads fields or cases. Each is a label and a type. */
function labelled(
  reader: Reader,
  kind: CompoundType['kind'],
  what: string,
  type: (reader: Reader) => ValType | undefined,
): CompoundType {
  const count = reader.count(what, maxFields);
  const labels = new Array<string>(count);
  const inside = new Array<ValType | undefined>(count);
  for (let index = 0; index < count; index++) {
    labels[index] = reader.name('a label');
    inside[index] = type(reader);
  }
  return compound(kind, inside, labels);
}

function labels(reader: Reader): readonly string[] {
  return reader.vec('labels', maxFields, (r) => r.name('a label'));
}

/** Reads `resultlist`. */
export function resultList(reader: Reader): ValType | undefined {
  const byte = reader.u8('function results');
  if (byte === 0) return valType(reader);
  if (byte !== 1) reader.badByte('component function results', byte);
  reader.byte('number of results', 0);
  return undefined;
}

function funcType(reader: Reader, async: boolean): DefType {
  const params = reader.vec('function parameters', maxParams, labelValType);
  return { kind: 'func', async, params, result: resultList(reader) };
}

/** Reads `type`. */
export function type(reader: Reader, depth: number): Type {
  return { kind: 'type', offset: reader.position, type: defType(reader, depth) };
}

function defType(reader: Reader, depth: number): DefType {
  const byte = reader.u8('a type');
  const primitive = primitives[byte];
  if (primitive !== undefined) return { kind: 'primitive', type: primitive };
  switch (byte) {
    case 0x72:
      return labelled(reader, 'record', 'record fields', valType);
    case 0x71:
      return labelled(reader, 'variant', 'variant cases', caseType);
    case 0x70:
      return compound('list', [valType(reader)]);
    case 0x67: {
      const element = valType(reader);
      return compound('list', [element], nothing, reader.u32('a list length'));
    }
    case 0x6f:
      return compound('tuple', reader.vec('tuple elements', maxFields, valType));
    case 0x6e:
      return compound('flags', nothing, labels(reader));
    case 0x6d:
      return compound('enum', nothing, labels(reader));
    case 0x6b:
      return compound('option', [valType(reader)]);
    case 0x6a: {
      const ok = optionalValType(reader);
      return compound('result', [ok, optionalValType(reader)]);
    }
    case 0x69:
    case 0x68:
      return { kind: byte === 0x69 ? 'own' : 'borrow', resource: reader.u32('a type index') };
    case 0x66:
    case 0x65:
      return compound(byte === 0x66 ? 'stream' : 'future', [optionalValType(reader)]);
    case 0x63: {
      const key = valType(reader);
      return compound('map', [key, valType(reader)]);
    }
    case 0x40:
    case 0x43:
      return funcType(reader, byte === 0x43);
    case 0x41:
    case 0x42: {
      if (depth >= maxNesting) {
        reader.fail(`nesting too deep: more than ${maxNesting} types and components`, reader.position - 1);
      }
      const ofComponent = byte === 0x41;
      const declarators = reader.vec('declarators', maxDeclarators, (r) => declarator(r, ofComponent, depth + 1));
      return { kind: ofComponent ? 'component type' : 'instance type', declarators };
    }
    case 0x3f: {
      const rep = coreValType(reader);
      if (!reader.optional('resource destructor')) return { kind: 'resource', rep };
      return { kind: 'resource', rep, dtor: reader.u32('a core function index') };
    }
    default:
      return reader.badByte('component defined type', byte);
  }
}

/** Reads `componentdecl` and `instancedecl`. */
function declarator(reader: Reader, ofComponent: boolean, depth: number): Declarator {
  const offset = reader.position;
  const byte = reader.u8('a declarator');
  if (byte === 0) return { kind: 'core type', offset, type: coreDefType(reader) };
  if (byte === 1) return type(reader, depth);
  if (byte === 2) return alias(reader);
  if (byte === 4 || (byte === 3 && ofComponent)) {
    const kind = byte === 3 ? 'import' : 'export declarator';
    const name = nameAttributes(reader);
    const type = externType(reader);
    return typeof name === 'string' ? { kind, offset, name, type } : { kind, offset, ...name, type };
  }
  return reader.badByte('component or instance type declaration', byte);
}

function typeIndex(reader: Reader): number {
  return reader.u32('a type index');
}

/** Reads `externtype`. */
export function externType(reader: Reader): ExternDecl {
  const byte = reader.u8('an external kind');
  switch (byte) {
    case 0: {
      reader.byte('component external kind', 0x11);
      return { sort: 'core module', type: typeIndex(reader) };
    }
    case 1:
      return { sort: 'func', type: typeIndex(reader) };
    case 2: {
      const bound = reader.u8('a value bound');
      if (bound === 0) return { sort: 'value', bound: 'eq', value: reader.u32('a value index') };
      if (bound === 1) return { sort: 'value', bound: 'type', type: valType(reader) };
      return reader.badByte('value bound', bound);
    }
    case 3: {
      const bound = reader.u8('a type bound');
      if (bound === 0) return { sort: 'type', bound: 'eq', type: typeIndex(reader) };
      if (bound === 1) return { sort: 'type', bound: 'sub' };
      return reader.badByte('type bound', bound);
    }
    case 4:
      return { sort: 'component', type: typeIndex(reader) };
    case 5:
      return { sort: 'instance', type: typeIndex(reader) };
    default:
      return reader.badByte('component external kind', byte);
  }
}
