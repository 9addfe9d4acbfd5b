/** UTF-8, as *Encoding* defines it. The engine of a guest has no `TextEncoder` and no `TextDecoder`. */

const REPLACEMENT = 0xfffd;

/** Encodes a string. A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array {
  const length = text.length;
  const ascii = new Uint8Array(length);
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0x7f) return encodeLong(text, ascii, index);
    ascii[index] = code;
  }
  return ascii;
}

/** Encodes a string whose first `from` characters are ASCII. */
function encodeLong(text: string, ascii: Uint8Array, from: number): Uint8Array {
  const bytes = new Uint8Array(from + (text.length - from) * 3);
  bytes.set(ascii.subarray(0, from));
  let at = from;
  for (let index = from; index < text.length; index++) {
    let code = text.codePointAt(index)!;
    if (code > 0xffff) index++;
    else if (code >= 0xd800 && code <= 0xdfff) code = REPLACEMENT;
    if (code < 0x80) bytes[at++] = code;
    else {
      const rest = code < 0x800 ? 1 : code < 0x1_0000 ? 2 : 3;
      bytes[at++] = (0xff00 >> (rest + 1)) | (code >> (rest * 6));
      for (let shift = rest - 1; shift >= 0; shift--) bytes[at++] = 0x80 | ((code >> (shift * 6)) & 0x3f);
    }
  }
  return bytes.slice(0, at);
}

/** The maximum number of arguments of one call. */
const CHUNK = 4096;

/**
 * Decodes bytes.
 * @throws TypeError for invalid bytes if `fatal` is true. Otherwise each maximal invalid part becomes U+FFFD.
 */
export function decodeUtf8(bytes: Uint8Array, fatal: boolean): string {
  let text = '';
  let codes: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const first = bytes[at++]!;
    if (first < 0x80) codes.push(first);
    else {
      const [code, next] = decodeSequence(bytes, first, at);
      if (code === undefined && fatal) throw new TypeError('the bytes are not UTF-8');
      codes.push(code ?? REPLACEMENT);
      at = next;
    }
    if (codes.length < CHUNK) continue;
    text += String.fromCodePoint(...codes);
    codes = [];
  }
  return text + String.fromCodePoint(...codes);
}

/**
 * Reads the sequence after its first byte.
 * @returns its code point, or undefined if it is invalid, and the position after it.
 */
function decodeSequence(bytes: Uint8Array, first: number, from: number): readonly [number | undefined, number] {
  const length =
    first >= 0xc2 && first <= 0xdf ? 1 : (first & 0xf0) === 0xe0 ? 2 : first >= 0xf0 && first <= 0xf4 ? 3 : 0;
  if (length === 0) return [undefined, from];
  // The first continuation byte has a smaller range after these bytes: overlong forms, surrogates, beyond U+10FFFF.
  let low = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  let high = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  let code = first & (0x3f >> length);
  for (let at = from; at < from + length; at++) {
    const byte = bytes[at];
    if (byte === undefined || byte < low || byte > high) return [undefined, at];
    code = (code << 6) | (byte & 0x3f);
    [low, high] = [0x80, 0xbf];
  }
  return [code, from + length];
}
