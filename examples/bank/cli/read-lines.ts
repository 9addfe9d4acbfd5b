/** Splits a stream of bytes into numbered lines. One line at a time is in memory, up to a limit. */
import type { Problem } from './tally.ts';

/** The largest number of bytes in a line, without its line break. A command of the bank has about a hundred. */
export const MAX_LINE_BYTES = 16_384;

/** A line. `number` counts from 1. A line that is too long or not UTF-8 has a problem instead of a text. */
export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly text: undefined; readonly problem: Problem };

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Yields the lines. They end with LF or CRLF, which the last line may omit. A byte order mark at the start is skipped.
 */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let number = 0;
  let parts: Uint8Array[] = [];
  let length = 0;
  let last: number | undefined;

  const keep = (part: Uint8Array): void => {
    // If a line is too long, only its length is kept.
    length += part.length;
    last = part.at(-1) ?? last;
    if (length <= MAX_LINE_BYTES + 1) parts.push(part);
    else parts = [];
  };

  const finish = (): Line => {
    let bytes = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
    const ending = last === CARRIAGE_RETURN ? 1 : 0;
    const lineLength = length - ending;
    bytes = bytes.subarray(0, lineLength);
    parts = [];
    length = 0;
    last = undefined;
    number += 1;
    if (lineLength > MAX_LINE_BYTES) {
      const reason = `the line has ${lineLength} bytes; the limit is ${MAX_LINE_BYTES}`;
      return { number, text: undefined, problem: { code: 'line-too-long', reason } };
    }
    try {
      const text = utf8.decode(bytes);
      return { number, text: number === 1 && text.startsWith('\ufeff') ? text.slice(1) : text };
    } catch {
      const reason = 'the line is not UTF-8; convert the file, or write other characters as \\u escapes';
      return { number, text: undefined, problem: { code: 'not-utf-8', reason } };
    }
  };

  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      keep(chunk.subarray(start, end));
      yield finish();
      start = end + 1;
    }
    if (start < chunk.length) keep(chunk.subarray(start));
  }
  if (length > 0) yield finish();
}
