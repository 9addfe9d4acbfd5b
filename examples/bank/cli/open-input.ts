/** Reads a file, or standard input for `-`, as chunks of bytes. */
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';

export interface Input extends AsyncIterable<Uint8Array>, Disposable {}

/**
 * Opens the file immediately, so that a missing file is reported before anything else begins, and reads it lazily.
 * Aborting `signal` ends the input, as if the file ended there.
 * @throws the system's error, with the path.
 */
export async function openInput(file: string, signal: AbortSignal): Promise<Input> {
  const stream = file === '-' ? process.stdin : await openFile(file);
  return {
    [Symbol.asyncIterator]: () => until(signal, stream),
    [Symbol.dispose]: () => {
      stream.destroy();
    },
  };
}

async function openFile(path: string): Promise<Readable> {
  const handle = await open(path);
  if ((await handle.stat()).isDirectory()) {
    await handle.close();
    throw Object.assign(new Error('is a folder'), { code: 'EISDIR', path });
  }
  return handle.createReadStream();
}

async function* until(signal: AbortSignal, stream: Readable): AsyncGenerator<Uint8Array> {
  const stop = (): void => {
    stream.destroy();
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    for await (const chunk of stream) yield chunk;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
