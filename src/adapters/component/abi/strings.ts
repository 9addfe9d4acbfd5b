/**
 * *CanonicalABI.md*, "Loading" and "Storing", the parts for strings: `load_string_from_range` and
 * `store_string_into_range`.
 *
 * A string that one component passes directly to another is lowered in the steps of the specification, because the
 * guest observes each `realloc`. A string from JavaScript is measured first, and needs one allocation.
 */
import type { StringEncoding } from '../binary/definitions.ts';
import type { Context } from './canonical-options.ts';
import { refuseNonString } from './javascript-values.ts';
import type { Load, Representation } from './staging.ts';
import { WrongValue } from './wrong-value.ts';

/** `String`: a string that is passed between components, with the encoding and the tagged code units of its source. */
class GuestString {
  readonly text: string;
  readonly encoding: StringEncoding;
  readonly taggedCodeUnits: number;

  constructor(text: string, encoding: StringEncoding, taggedCodeUnits: number) {
    this.text = text;
    this.encoding = encoding;
    this.taggedCodeUnits = taggedCodeUnits;
  }
}

/** The tag of UTF-16 strings in a 32-bit memory (`utf16_tag`). */
const UTF16_TAG = 2 ** 31;
const MAX_STRING_BYTE_LENGTH = 2 ** 28 - 1;

// Loading ----------------------------------------------------------------------------------------------------------

export function loadString(representation: Representation): Load {
  const fromRange = loadStringFromRange(representation);
  return (cx, ptr) => {
    const { view } = cx.memory;
    return fromRange(cx, view.getUint32(ptr, true), view.getUint32(ptr + 4, true));
  };
}

/** Implements `load_string_from_range`. */
export function loadStringFromRange(
  representation: Representation,
): (cx: Context, ptr: number, taggedCodeUnits: number) => unknown {
  if (representation !== 'direct') return decode;
  return (cx, ptr, units) => new GuestString(decode(cx, ptr, units), cx.encoding, units);
}

function decode(cx: Context, ptr: number, taggedCodeUnits: number): string {
  if (cx.encoding === 'utf8') {
    checkString(cx, ptr, taggedCodeUnits, 1);
    return decodeUtf8(cx, ptr, taggedCodeUnits);
  }
  if (cx.encoding === 'utf16') {
    checkString(cx, ptr, 2 * taggedCodeUnits, 2);
    return decodeUtf16(cx, ptr, 2 * taggedCodeUnits);
  }
  if (taggedCodeUnits >= UTF16_TAG) {
    const byteLength = 2 * (taggedCodeUnits - UTF16_TAG);
    checkString(cx, ptr, byteLength, 2);
    return decodeUtf16(cx, ptr, byteLength);
  }
  checkString(cx, ptr, taggedCodeUnits, 2);
  return decodeLatin1(cx.memory.bytes, ptr, taggedCodeUnits);
}

function checkString(cx: Context, ptr: number, byteLength: number, alignment: number): void {
  if (byteLength > MAX_STRING_BYTE_LENGTH) throw cx.trap('string content out-of-bounds: too many bytes');
  if ((ptr & (alignment - 1)) !== 0) throw cx.trap('unaligned pointer: string');
  if (cx.isOutOfBounds(ptr, byteLength)) {
    throw cx.trap('string content out-of-bounds: string pointer/length out of bounds of memory');
  }
  cx.lift(byteLength);
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf16 = new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true });

/**
 * The maximum number of bytes of a string that is looked up in the cache of recent strings. A decoder takes as long as
 * a look-up of 50 bytes.
 */
const SHORT = 32;
/** Recent short strings by hash. Type names and codes occur often, so they are not created again each time. */
const recent: string[] = new Array<string>(512).fill('');

function decodeUtf8(cx: Context, ptr: number, length: number): string {
  if (length === 0) return '';
  const { bytes } = cx.memory;
  if (length <= SHORT) {
    let hash = length;
    let all = 0;
    for (let i = 0; i < length; i++) {
      const byte = bytes[ptr + i]!;
      all |= byte;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    if (all < 0x80) return recentString(bytes, ptr, length, (hash ^ (hash >>> 15)) & 511);
  }
  try {
    return utf8.decode(unshared(bytes, ptr, length));
  } catch (cause) {
    throw cx.instance.trap('invalid utf-8 or incomplete utf-8 byte sequence', { cause });
  }
}

function recentString(bytes: Uint8Array, ptr: number, length: number, slot: number): string {
  const candidate = recent[slot]!;
  if (candidate.length === length) {
    let i = 0;
    while (i < length && candidate.charCodeAt(i) === bytes[ptr + i]) i++;
    if (i === length) return candidate;
  }
  const text = decodeLatin1(bytes, ptr, length);
  recent[slot] = text;
  return text;
}

function decodeUtf16(cx: Context, ptr: number, byteLength: number): string {
  try {
    return utf16.decode(unshared(cx.memory.bytes, ptr, byteLength));
  } catch (cause) {
    throw cx.instance.trap('invalid utf-16', { cause });
  }
}

/** Decodes Latin-1 without a `TextDecoder`, because the label `latin1` means windows-1252 there. */
function decodeLatin1(bytes: Uint8Array, ptr: number, length: number): string {
  let text = '';
  for (let at = ptr; at < ptr + length; at += 8192) {
    const codes = bytes.subarray(at, Math.min(at + 8192, ptr + length));
    // `apply` accepts every array-like value, but its type asks for an array.
    text += String.fromCharCode.apply(null, codes as unknown as number[]);
  }
  return text;
}

/** Returns the bytes for a decoder. A decoder refuses the bytes of a shared memory, so they are copied. */
function unshared(bytes: Uint8Array<ArrayBuffer>, ptr: number, length: number): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? bytes.subarray(ptr, ptr + length) : bytes.slice(ptr, ptr + length);
}

// Storing ----------------------------------------------------------------------------------------------------------

const encoder = new TextEncoder();

/** Implements `store_string_into_range`. Returns the pointer, and stores the tagged code units in `cx.lowered`. */
export function storeStringIntoRange(cx: Context, value: unknown): number {
  if (typeof value !== 'string')
    return value instanceof GuestString ? storeGuestString(cx, value) : refuseNonString(value);
  return storeText(cx, value);
}

function storeText(cx: Context, text: string): number {
  if (cx.encoding === 'utf8') return storeTextAsUtf8(cx, text);
  if (cx.encoding === 'latin1+utf16' && isLatin1(text)) {
    const ptr = cx.allocate(2, text.length);
    writeLatin1(cx, text, 0, ptr);
    cx.lowered = text.length;
    return ptr;
  }
  const ptr = cx.allocate(2, checkedLength(2 * text.length));
  writeUtf16(cx, text.toWellFormed(), 0, ptr);
  cx.lowered = cx.encoding === 'utf16' ? text.length : text.length + UTF16_TAG;
  return ptr;
}

function storeTextAsUtf8(cx: Context, text: string): number {
  const { length } = text;
  if (length > SHORT || (text !== lastText && !cacheIfAscii(text))) return storeEncoded(cx, text);
  const ptr = cx.allocate(1, length);
  const { bytes } = cx.memory;
  for (let i = 0; i < length; i++) bytes[ptr + i] = lastBytes[i]!;
  cx.lowered = length;
  return ptr;
}

/** The last short text in ASCII. Successive events often have the same type. */
let lastText = '';
const lastBytes = new Uint8Array(SHORT);

/** Returns whether a string is ASCII. If it is, caches it as the last text. */
function cacheIfAscii(text: string): boolean {
  lastText = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return false;
    lastBytes[i] = code;
  }
  lastText = text;
  return true;
}

/**
 * Stores an encoded string with one allocation of the final size. The adapter that converts modules of WASI preview 1
 * to components (`cabi_import_realloc`) aborts if an allocation has to grow.
 */
function storeEncoded(cx: Context, text: string): number {
  // Replaces lone surrogates by U+FFFD, as a USVString does.
  const encoded = encoder.encode(text);
  const ptr = cx.allocate(1, checkedLength(encoded.length));
  cx.memory.bytes.set(encoded, ptr);
  cx.lowered = encoded.length;
  return ptr;
}

function checkedLength(byteLength: number): number {
  if (byteLength <= MAX_STRING_BYTE_LENGTH) return byteLength;
  throw new WrongValue(`expected a string of at most ${MAX_STRING_BYTE_LENGTH} bytes, got one of ${byteLength}`);
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x100) return false;
  return true;
}

function writeLatin1(cx: Context, text: string, from: number, ptr: number): void {
  const { bytes } = cx.memory;
  for (let i = from; i < text.length; i++) bytes[ptr + i] = text.charCodeAt(i);
}

function writeUtf16(cx: Context, text: string, from: number, ptr: number): void {
  const { view } = cx.memory;
  for (let i = from; i < text.length; i++) view.setUint16(ptr + 2 * i, text.charCodeAt(i), true);
}

function storeGuestString(cx: Context, { text, encoding, taggedCodeUnits }: GuestString): number {
  const isTagged = encoding === 'latin1+utf16' && taggedCodeUnits >= UTF16_TAG;
  const units = isTagged ? taggedCodeUnits - UTF16_TAG : taggedCodeUnits;
  const simple = encoding === 'latin1+utf16' ? (isTagged ? 'utf16' : 'latin1') : encoding;
  switch (cx.encoding) {
    case 'utf8':
      if (simple === 'utf8') return storeUtf8Copy(cx, text, units);
      return storeStringToUtf8(cx, text, units, simple === 'utf16' ? units * 3 : units * 2);
    case 'utf16':
      return simple === 'utf8' ? storeUtf8ToUtf16(cx, text, units) : storeUtf16Copy(cx, text, units);
    case 'latin1+utf16':
      if (encoding !== 'latin1+utf16') return storeStringToLatin1OrUtf16(cx, text, units);
      if (simple === 'latin1') return storeLatin1Copy(cx, text, units);
      return storeProbablyUtf16ToLatin1OrUtf16(cx, text, units);
  }
}

// `store_string_copy`, once per encoding.

function storeUtf8Copy(cx: Context, text: string, units: number): number {
  const ptr = cx.allocate(1, units);
  encoder.encodeInto(text, cx.memory.bytes.subarray(ptr, ptr + units));
  cx.lowered = units;
  return ptr;
}

function storeUtf16Copy(cx: Context, text: string, units: number): number {
  const ptr = cx.allocate(2, 2 * units);
  writeUtf16(cx, text, 0, ptr);
  cx.lowered = units;
  return ptr;
}

function storeLatin1Copy(cx: Context, text: string, units: number): number {
  const ptr = cx.allocate(2, units);
  writeLatin1(cx, text, 0, ptr);
  cx.lowered = units;
  return ptr;
}

/** Implements `store_string_to_utf8`. */
function storeStringToUtf8(cx: Context, text: string, units: number, worstCase: number): number {
  let ptr = cx.allocate(1, units);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) {
      cx.memory.bytes[ptr + i] = code;
      continue;
    }
    ptr = cx.reallocate(ptr, units, 1, worstCase);
    const encoded = encoder.encode(text);
    cx.memory.bytes.set(encoded.subarray(i), ptr + i);
    if (worstCase > encoded.length) ptr = cx.reallocate(ptr, worstCase, 1, encoded.length);
    cx.lowered = encoded.length;
    return ptr;
  }
  cx.lowered = units;
  return ptr;
}

/** Implements `store_utf8_to_utf16`. */
function storeUtf8ToUtf16(cx: Context, text: string, units: number): number {
  const worstCase = 2 * units;
  let ptr = cx.allocate(2, worstCase);
  writeUtf16(cx, text, 0, ptr);
  if (2 * text.length < worstCase) ptr = cx.reallocate(ptr, worstCase, 2, 2 * text.length);
  cx.lowered = text.length;
  return ptr;
}

/** Implements `store_string_to_latin1_or_utf16`. */
function storeStringToLatin1OrUtf16(cx: Context, text: string, units: number): number {
  let ptr = cx.allocate(2, units);
  let length = 0;
  for (; length < text.length; length++) {
    const code = text.charCodeAt(length);
    if (code >= 0x100) break;
    cx.memory.bytes[ptr + length] = code;
  }
  if (length === text.length) {
    if (length < units) ptr = cx.reallocate(ptr, units, 2, length);
    cx.lowered = length;
    return ptr;
  }
  const worstCase = 2 * units;
  ptr = cx.reallocate(ptr, units, 2, worstCase);
  const { bytes } = cx.memory;
  for (let i = length - 1; i >= 0; i--) {
    bytes[ptr + 2 * i] = bytes[ptr + i]!;
    bytes[ptr + 2 * i + 1] = 0;
  }
  writeUtf16(cx, text, length, ptr);
  if (worstCase > 2 * text.length) ptr = cx.reallocate(ptr, worstCase, 2, 2 * text.length);
  cx.lowered = text.length + UTF16_TAG;
  return ptr;
}

/** Implements `store_probably_utf16_to_latin1_or_utf16`. */
function storeProbablyUtf16ToLatin1OrUtf16(cx: Context, text: string, units: number): number {
  const byteLength = 2 * units;
  let ptr = cx.allocate(2, byteLength);
  writeUtf16(cx, text, 0, ptr);
  if (!isLatin1(text)) {
    cx.lowered = units + UTF16_TAG;
    return ptr;
  }
  const { bytes } = cx.memory;
  for (let i = 0; i < units; i++) bytes[ptr + i] = bytes[ptr + 2 * i]!;
  ptr = cx.reallocate(ptr, byteLength, 1, units);
  cx.lowered = units;
  return ptr;
}
