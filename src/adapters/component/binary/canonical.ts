/** *Binary.md*, "Canonical Definitions". */
import { maxCanonicalOptions } from '../limits.ts';
import { builtins } from './builtins.ts';
import { coreValType } from './core-types.ts';
import type { Canon, CanonicalBuiltin, CanonicalOption } from './definitions.ts';
import type { Reader } from './reader.ts';
import { resultList } from './types.ts';

type Operands = { -readonly [Key in keyof CanonicalBuiltin]: CanonicalBuiltin[Key] };

/** The readers of the operands of built-ins, by the letters of the table in `builtins.ts`. */
const operands: { readonly [letter: string]: (reader: Reader, canon: Operands) => void } = {
  t: (reader, canon) => {
    canon.type = reader.u32('a type index');
  },
  v: (reader, canon) => {
    canon.valtype = coreValType(reader);
    canon.slot = reader.u32('a context slot');
  },
  r: (reader, canon) => {
    const result = resultList(reader);
    if (result !== undefined) canon.result = result;
  },
  o: (reader, canon) => {
    canon.options = options(reader);
  },
  a: (reader, canon) => {
    canon.async = reader.flag('async');
  },
  c: (reader, canon) => {
    canon.cancellable = reader.flag('cancellable');
  },
  s: (reader, canon) => {
    canon.shared = reader.flag('shared');
  },
  m: (reader, canon) => {
    canon.memory = reader.u32('a core memory index');
  },
  i: (reader, canon) => {
    canon.table = reader.u32('a core table index');
  },
};

/** Reads `canon`. */
export function canon(reader: Reader): Canon {
  const offset = reader.position;
  const byte = reader.u8('a canonical function');
  if (byte < 2) {
    const name = byte === 0 ? 'lift' : 'lower';
    reader.byte(`canonical function ${name}`, 0);
    const func = reader.u32('a function index');
    const list = options(reader);
    if (name === 'lower') return { kind: 'canon', offset, name, func, options: list };
    return { kind: 'canon', offset, name, func, options: list, type: reader.u32('a type index') };
  }
  const [name, letters] = builtins[byte] ?? reader.badByte('canonical function', byte);
  const builtin: Operands = { kind: 'canon', offset, name, type: undefined };
  for (const letter of letters) operands[letter]?.(reader, builtin);
  return builtin;
}

function options(reader: Reader): readonly CanonicalOption[] {
  return reader.vec('canonical options', maxCanonicalOptions, option);
}

const encodings = ['utf8', 'utf16', 'latin1+utf16'] as const;
const indexed = ['memory', 'realloc', 'post-return', undefined, 'callback'] as const;

/** Reads `canonopt`. */
function option(reader: Reader): CanonicalOption {
  const byte = reader.u8('a canonical option');
  const encoding = encodings[byte];
  if (encoding !== undefined) return { kind: 'string-encoding', encoding };
  if (byte === 6) return { kind: 'async' };
  const kind = indexed[byte - 3] ?? reader.badByte('canonical option', byte);
  return { kind, index: reader.u32('an index') };
}
