/** A stream of bytes as numbered lines: one line at a time in memory, and none longer than the limit. */
import type { Problem } from './tally.ts';

/** Bytes of a line, its line break not counted. A command of the bank has a hundred; 16 KiB leave room. */
export const MAX_LINE_BYTES = 16_384;

/** `number` counts from 1. There is no text where the line is too long, or not UTF-8. */
export type Line =
  | { readonly number: number; readonly text: string }
  | { readonly number: number; readonly text: undefined; readonly problem: Problem };

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Lines end with LF or CRLF; the last one need not. A byte order mark before the first is not part of it. */
export async function* readLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let number = 0;
  let parts: Uint8Array[] = [];
  let length = 0;
  let last: number | undefined;

  const keep = (part: Uint8Array): void => {
    // Of a line that is too long, only the length is kept.
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
