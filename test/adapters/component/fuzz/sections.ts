/** A component as a tree of sections, so that a change inside a section keeps the sizes around it correct. */
import { decode } from '../../../../src/adapters/component/binary/decode.ts';

export interface Section {
  readonly id: number;
  readonly kind: 'code' | 'data' | 'other';
  content: Uint8Array | Binary;
  /** The offsets of the definitions in the content of a component's section. The content begins with their number. */
  readonly starts: readonly number[];
}

/** A component, or a core module. */
export interface Binary {
  readonly isModule: boolean;
  readonly sections: Section[];
}

const PREAMBLE_LENGTH = 8;
const CORE_MODULE = 1;
const COMPONENT = 4;
const MODULE_KINDS: { readonly [id: number]: Section['kind'] } = { 10: 'code', 11: 'data' };

/** Splits bytes into sections. Returns undefined if they are not sections. */
export function split(
  bytes: Uint8Array,
  isModule: boolean = false,
  definitions: readonly number[] = startsOf(bytes),
): Binary | undefined {
  const sections: Section[] = [];
  let at = PREAMBLE_LENGTH;
  while (at < bytes.length) {
    const id = bytes[at++] ?? 0;
    const size = readNumber(bytes, at);
    if (size === undefined) return undefined;
    at = size.end;
    if (at + size.value > bytes.length) return undefined;
    const content = bytes.subarray(at, at + size.value);
    const start = at;
    const isNested = !isModule && (id === COMPONENT || id === CORE_MODULE);
    const starts = definitions
      .map((offset) => offset - start)
      .filter((offset) => offset >= 0 && offset < content.length);
    const nested = isNested ? split(content, id === CORE_MODULE, id === COMPONENT ? starts : []) : undefined;
    sections.push({
      id,
      kind: (isModule && MODULE_KINDS[id]) || 'other',
      content: nested ?? content,
      starts: isNested ? [] : starts,
    });
    at += size.value;
  }
  return { isModule, sections };
}

/** Returns the offsets of all definitions of a component, at any depth. */
function startsOf(bytes: Uint8Array): number[] {
  const offsets: number[] = [];
  const add = ({ definitions }: ReturnType<typeof decode>): void => {
    for (const each of definitions) {
      offsets.push(each.offset);
      if (each.kind === 'component') add(each.component);
    }
  };
  try {
    add(decode(bytes));
  } catch {
    // A component that cannot be decoded has no definitions, but it may have sections.
  }
  return offsets;
}

export function join({ isModule, sections }: Binary): Uint8Array {
  const parts: (readonly number[] | Uint8Array)[] = [
    [0, 0x61, 0x73, 0x6d, isModule ? 1 : 0x0d, 0, isModule ? 0 : 1, 0],
  ];
  for (const { id, content } of sections) {
    const bytes = content instanceof Uint8Array ? content : join(content);
    parts.push([id, ...number(bytes.length)], bytes);
  }
  return concat(parts);
}

export function concat(parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Encodes an unsigned LEB128. */
export function number(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >>> 7)];
}

/** Encodes a signed LEB128 of 32 bits. */
export function signedNumber(value: number): number[] {
  return value >= -64 && value < 64 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signedNumber(value >> 7)];
}

export function readNumber(bytes: Uint8Array, start: number): { value: number; end: number } | undefined {
  let value = 0;
  for (let at = start, shift = 0; shift <= 28; at++, shift += 7) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, end: at + 1 };
  }
  return undefined;
}

/** Returns each definition of a component's section. */
export function elementsOf({ content, starts }: Section): Uint8Array[] | undefined {
  if (!(content instanceof Uint8Array) || starts.length === 0) return undefined;
  return starts.map((start, index) => content.subarray(start, starts[index + 1] ?? content.length));
}

/** Returns the bodies of a core module's functions, without their sizes. */
export function bodiesOf({ kind, content }: Section): Uint8Array[] | undefined {
  if (kind !== 'code' || !(content instanceof Uint8Array)) return undefined;
  const count = readNumber(content, 0);
  const bodies: Uint8Array[] = [];
  let at = count?.end ?? 0;
  for (let left = count?.value ?? 0; left > 0; left--) {
    const size = readNumber(content, at);
    if (size === undefined || size.end + size.value > content.length) return undefined;
    bodies.push(content.subarray(size.end, size.end + size.value));
    at = size.end + size.value;
  }
  return bodies;
}

export function vector(elements: readonly Uint8Array[], areSized: boolean = false): Uint8Array {
  const parts = elements.flatMap((each) => (areSized ? [number(each.length), each] : [each]));
  return concat([number(elements.length), ...parts]);
}
