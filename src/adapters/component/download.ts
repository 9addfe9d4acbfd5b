/**
 * Reads a response while the engine compiles its beginning. Each core module at the top level of a component is passed
 * on as soon as its last byte has arrived. Nothing is checked here, because the whole component is decoded and
 * validated afterwards.
 *
 * Source: *Binary.md*, "Component Definitions" (a preamble of eight bytes, then sections: an id, a size, the content).
 */

const PREAMBLE = 8;
const CORE_MODULE = 1;

/**
 * Calls `onModule` with the offset and the bytes of each core module that has arrived. Returns all bytes at the end.
 */
export async function download(
  body: ReadableStream<Uint8Array>,
  onModule: (offset: number, bytes: Uint8Array<ArrayBuffer>) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  let bytes = new Uint8Array(64 * 1024);
  let length = 0;
  let section = PREAMBLE;
  // Some browsers cannot iterate over a stream.
  const reader = body.getReader();
  for (;;) {
    const { done, value: chunk } = await reader.read();
    if (done) return bytes.subarray(0, length);
    if (length + chunk.length > bytes.length) {
      const larger = new Uint8Array(Math.max(2 * bytes.length, length + chunk.length));
      larger.set(bytes);
      bytes = larger;
    }
    bytes.set(chunk, length);
    length += chunk.length;
    for (;;) {
      const content = contentOf(bytes.subarray(0, length), section);
      if (content === undefined || content.end > length) break;
      // The bytes are copied, because the buffer may be replaced while the engine reads it.
      if (bytes[section] === CORE_MODULE) onModule(content.start, bytes.slice(content.start, content.end));
      section = content.end;
    }
  }
}

/** Returns the bounds of the content of the section at `at`, or undefined if its size is invalid or has not arrived. */
function contentOf(bytes: Uint8Array, at: number): { readonly start: number; readonly end: number } | undefined {
  let size = 0;
  for (let index = 1; index <= 5; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    size += (byte & 0x7f) * 2 ** (7 * (index - 1));
    if (byte < 0x80) return { start: at + index + 1, end: at + index + 1 + size };
  }
  return undefined;
}
