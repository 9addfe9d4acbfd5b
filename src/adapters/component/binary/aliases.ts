/** *Binary.md*, "Instance Definitions" (sorts) and "Alias Definitions". */
import type { Alias, CoreSort, Sort, SortIndex } from './definitions.ts';
import type { Reader } from './reader.ts';

const coreSorts: { readonly [byte: number]: CoreSort } = {
  0: 'func',
  1: 'table',
  2: 'memory',
  3: 'global',
  4: 'tag',
  16: 'type',
  17: 'module',
  18: 'instance',
};

const withCore: { readonly [byte: number]: Sort } = Object.fromEntries(
  Object.entries(coreSorts).map(([byte, sort]) => [byte, `core ${sort}`]),
);

const sorts: readonly (Sort | undefined)[] = [undefined, 'func', 'value', 'type', 'component', 'instance'];

const outerSorts: readonly (Sort | undefined)[] = ['core module', 'core type', 'component', 'type'];

/** Reads `core:sort`. */
export function coreSort(reader: Reader): CoreSort {
  const byte = reader.u8('a core sort');
  return coreSorts[byte] ?? reader.badByte('external kind', byte);
}

/** Reads `sort`. Returns undefined if the byte is invalid. The last byte that was read is the invalid one. */
function anySort(reader: Reader): Sort | undefined {
  const byte = reader.u8('a sort');
  if (byte !== 0) return sorts[byte];
  return withCore[reader.u8('a core sort')];
}

/** Reads `sortidx`. */
export function sortIndex(reader: Reader): SortIndex {
  const sort = anySort(reader);
  if (sort === undefined) return badSort(reader, 'component external kind', reader.position - 1);
  return { sort, index: reader.u32('an index') };
}

function badSort(reader: Reader, what: string, offset: number): never {
  return reader.badByte(what, reader.bytes[offset] as number, offset);
}

/** Reads `alias`. */
export function alias(reader: Reader): Alias {
  const offset = reader.position;
  const sort = anySort(reader);
  const sortOffset = reader.position - 1;
  const target = reader.u8('an alias');
  if (target === 2) {
    if (!outerSorts.includes(sort) || sort === undefined) badSort(reader, 'component outer alias kind', sortOffset);
    const count = reader.u32('an outer alias count');
    return { kind: 'alias', offset, target: 'outer', sort, count, index: reader.u32('an index') };
  }
  if (target > 2) reader.badByte('alias', target);
  if (sort?.startsWith('core ') !== (target === 1) && !(target === 0 && sort === 'core module')) {
    badSort(reader, target === 1 ? 'external kind' : 'component external kind', sortOffset);
  }
  if (sort === undefined) badSort(reader, 'component external kind', sortOffset);
  const instance = reader.u32('an instance index');
  const name = reader.name('an export name');
  return { kind: 'alias', offset, target: target === 1 ? 'core export' : 'export', sort, instance, name };
}
