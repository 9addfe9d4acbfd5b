/** Where the commands come from, as chunks of bytes: a file, or standard input for `-`. */
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/**
 * Opens now, so that a missing file is known before anything else begins; reads when it is iterated. `signal` ends the
 * input early, as if the file were over.
 * @throws the system's error, with the path.
 */
export async function openInput(file: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  if (file === '-') return until(signal, process.stdin);
  const handle = await open(file);
  if ((await handle.stat()).isDirectory()) {
    await handle.close();
    throw Object.assign(new Error('is a folder'), { code: 'EISDIR', path: file });
  }
  return until(signal, handle.createReadStream());
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
    stream.destroy();
  }
}
