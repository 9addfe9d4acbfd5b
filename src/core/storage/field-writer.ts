/**
 * Writes fields one after another in the layout of docs/chain.md: integers big-endian, strings and bytes after their
 * length. All writers share one buffer, so that a hash costs no allocation. Use the result of {@link finish} before the
 * next {@link start}.
 */
import type { Envelope } from '../messages.ts';
import { writeUuid } from '../uuid.ts';

const FIRST_BYTES = 4_096;
/**
 * The maximum number of bytes of the buffer that is kept after a call. A larger buffer is left to the garbage
 * collector.
 */
const LARGEST_KEPT_BYTES = 1_048_576;

let buffer = new Uint8Array(FIRST_BYTES);
let view = new DataView(buffer.buffer);
let end = 0;
const encoder = new TextEncoder();

export function start(): void {
  end = 0;
}

/** Returns the bytes that were written, as a view that is valid until the next {@link start}. */
export function finish(): Uint8Array {
  const content = buffer.subarray(0, end);
  if (buffer.length > LARGEST_KEPT_BYTES) use(new Uint8Array(FIRST_BYTES));
  return content;
}

/** Writes bytes whose length is fixed, so that the length itself is not written. */
export function putFixed(bytes: Uint8Array): void {
  room(bytes.length);
  buffer.set(bytes, end);
  end += bytes.length;
}

/** Makes the buffer large enough for `bytes` more bytes. */
function room(bytes: number): void {
  if (end + bytes <= buffer.length) return;
  const grown = new Uint8Array(Math.max(buffer.length * 2, end + bytes));
  grown.set(buffer.subarray(0, end));
  use(grown);
}

function use(bytes: Uint8Array<ArrayBuffer>): void {
  buffer = bytes;
  view = new DataView(bytes.buffer);
}

export function putU8(value: number): void {
  room(1);
  buffer[end++] = value;
}

export function putU32(value: number): void {
  room(4);
  storeU32(value, end);
  end += 4;
}

function storeU32(value: number, at: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}

export function putU64(value: bigint): void {
  room(8);
  view.setBigUint64(end, value);
  end += 8;
}

export function putOptionalU64(value: bigint | undefined): void {
  putU8(value === undefined ? 0 : 1);
  if (value !== undefined) putU64(value);
}

export function putBytes(bytes: Uint8Array): void {
  room(4 + bytes.length);
  storeU32(bytes.length, end);
  buffer.set(bytes, end + 4);
  end += 4 + bytes.length;
}

export function putOptionalBytes(bytes: Uint8Array | undefined): void {
  putU8(bytes === undefined ? 0 : 1);
  if (bytes !== undefined) putBytes(bytes);
}

export function putText(text: string): void {
  room(4 + 3 * text.length);
  const start = end + 4;
  const into = buffer;
  let at = start;
  // Names and ids are short and ASCII, so a loop is faster than the encoder.
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit >= 0x80) {
      at = start + encoder.encodeInto(text, buffer.subarray(start)).written;
      break;
    }
    into[at++] = unit;
  }
  storeU32(at - start, end);
  end = at;
}

/** The texts of the last call of `putSameTexts`, and their bytes with the lengths. */
let lastTexts: readonly string[] = [];
let lastTextsBytes = new Uint8Array();

/**
 * Writes texts that are often the same as in the previous call. Copying their bytes takes a quarter of the time of
 * writing each of them.
 */
export function putSameTexts(first: string, second: string, third: string): void {
  if (first === lastTexts[0] && second === lastTexts[1] && third === lastTexts[2]) {
    putFixed(lastTextsBytes);
    return;
  }
  const from = end;
  putText(first);
  putText(second);
  putText(third);
  lastTexts = [first, second, third];
  lastTextsBytes = buffer.slice(from, end);
}

export function putOptionalText(text: string | undefined): void {
  putU8(text === undefined ? 0 : 1);
  if (text !== undefined) putText(text);
}

export function putEnvelope(envelope: Envelope): void {
  putText(envelope.type);
  putU32(envelope.schemaVersion);
  putBytes(envelope.payload);
}

/** Writes the 16 bytes of a UUID. */
export function putUuid(uuid: string): void {
  room(16);
  writeUuid(uuid, buffer, end);
  end += 16;
}
