/** Names of streams (DESIGN §3): 1 to 255 bytes of UTF-8 without NUL or lone surrogates, kept exactly. */
import { MAX_STREAM_NAME_BYTES } from './limits.ts';

/** A UTF-16 unit is at most 3 bytes of UTF-8: shorter names need no counting. */
const SURELY_SHORT = Math.floor(MAX_STREAM_NAME_BYTES / 3);

/**
 * What is wrong with a stream name, in words that follow "the stream name"; undefined: nothing. It is for whoever refuses
 * the name to choose the error: a store's is `invalid-argument`, a module that routes to such a stream is at fault.
 */
export function checkStreamName(name: string): string | undefined {
  if (typeof name !== 'string') return `is a ${name === null ? 'null' : typeof name}: pass a text`;
  if (name === '') return 'is empty: it has at least one byte';
  if (name.length > SURELY_SHORT) {
    const bytes = utf8Length(name);
    if (bytes > MAX_STREAM_NAME_BYTES)
      return `has ${bytes} bytes of UTF-8: at most ${MAX_STREAM_NAME_BYTES} are allowed`;
  }
  const nul = name.indexOf('\0');
  if (nul !== -1) return `holds NUL (at index ${nul})`;
  if (!name.isWellFormed()) return `holds a lone surrogate, which has no UTF-8: ${JSON.stringify(name)}`;
  return undefined;
}

/** The category of a stream: what stands before the first `-`, all of the name where there is none. */
export function categoryOf(stream: string): string {
  const end = stream.indexOf('-');
  return end === -1 ? stream : stream.slice(0, end);
}

/** Bytes of UTF-8; a lone surrogate counts as the three of U+FFFD, which stands in for it. */
function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) at++; // a pair: 2 units, 4 bytes
  }
  return bytes;
}
