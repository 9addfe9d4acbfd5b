/**
 * Names of streams (docs/architecture.md, "Names"): 1 to 255 bytes of UTF-8 without NUL or lone surrogates, kept
 * exactly.
 */
import { MAX_STREAM_NAME_BYTES } from './limits.ts';

/** The maximum number of UTF-16 units of a name that always fits, because a unit is at most 3 bytes of UTF-8. */
const SURELY_SHORT = Math.floor(MAX_STREAM_NAME_BYTES / 3);

/**
 * Returns the problem of a stream name, as text that follows "the stream name", or undefined if the name is valid. The
 * caller chooses the error: a store throws `invalid-argument`, and a module that routes to such a stream causes a
 * fault.
 *
 * @example checkStreamName(''); // 'is empty; it needs at least one byte'
 */
export function checkStreamName(name: string): string | undefined {
  if (typeof name !== 'string') return `is of type ${name === null ? 'null' : typeof name}, not a string`;
  if (name === '') return 'is empty; it needs at least one byte';
  if (name.length > SURELY_SHORT) {
    const bytes = utf8Length(name);
    if (bytes > MAX_STREAM_NAME_BYTES)
      return `has ${bytes} bytes of UTF-8; at most ${MAX_STREAM_NAME_BYTES} are allowed`;
  }
  const nul = name.indexOf('\0');
  if (nul !== -1) return `has a NUL (at index ${nul})`;
  if (!name.isWellFormed()) return `has a lone surrogate, which UTF-8 cannot encode: ${JSON.stringify(name)}`;
  return undefined;
}

/**
 * Returns the category of a stream: the part of its name before the first `-`, or the whole name if there is no `-`.
 *
 * @example categoryOf('account-0001'); // 'account'
 */
export function categoryOf(stream: string): string {
  const end = stream.indexOf('-');
  return end === -1 ? stream : stream.slice(0, end);
}

/**
 * Returns the problem of a category, as text that follows "the category", or undefined if it is valid. A category is a
 * stream name without `-`.
 *
 * @example checkCategory('bank-account'); // 'has a "-" (at index 4), which ends the category of a stream'
 */
export function checkCategory(category: string): string | undefined {
  const problem = checkStreamName(category);
  if (problem !== undefined) return problem;
  const end = category.indexOf('-');
  return end === -1 ? undefined : `has a "-" (at index ${end}), which ends the category of a stream`;
}

/**
 * Returns the name of the stream with this category and id: `<category>-<id>`, or the category itself if the id is
 * empty.
 *
 * @example streamNameOf('account', '0001'); // 'account-0001'
 */
export function streamNameOf(category: string, id: string): string {
  return id === '' ? category : `${category}-${id}`;
}

/** Returns the length in bytes of UTF-8. A lone surrogate counts as the three bytes of U+FFFD. */
function utf8Length(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit < 0x80) continue;
    bytes += unit < 0x800 ? 1 : 2;
    if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00) at++; // A pair has 4 bytes.
  }
  return bytes;
}
