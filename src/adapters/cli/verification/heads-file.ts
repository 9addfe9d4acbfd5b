/** Files of heads: one JSON object per line, with the stream, its last revision, and the hash of its last commit. */
import { createReadStream, createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import type { StreamHead } from '../../../core/storage/stream-chain.ts';
import { type CommitSource, streamHeads } from '../../../core/storage/verify-chain.ts';
import { CommandLineError } from '../failures.ts';

/** Writes the heads of a store. The file is complete, or it does not exist. */
export async function writeHeads(store: CommitSource, file: string, signal: AbortSignal): Promise<number> {
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const { stream, revision, hash } of streamHeads(store)) {
      count++;
      yield `${JSON.stringify({ stream, revision: revision?.toString(), hash: Buffer.from(hash).toString('hex') })}\n`;
    }
  }
  const unfinished = `${file}.unfinished`;
  await pipeline(lines(), createWriteStream(unfinished), { signal });
  await rename(unfinished, file);
  return count;
}

/** Reads heads line by line. @throws CommandLineError that names the line that is not a head. */
export async function* readHeads(file: string): AsyncGenerator<StreamHead> {
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line !== '') yield headOf(line, `${file}:${number}`);
  }
}

function headOf(line: string, place: string): StreamHead {
  try {
    const { stream, revision, hash } = JSON.parse(line) as Record<string, unknown>;
    const isRevision = revision === undefined || /^\d+$/.test(String(revision));
    if (typeof stream === 'string' && isRevision && /^[0-9a-f]{64}$/.test(String(hash))) {
      return {
        stream,
        revision: revision === undefined ? undefined : BigInt(String(revision)),
        hash: new Uint8Array(Buffer.from(String(hash), 'hex')),
      };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new CommandLineError(
    'usage',
    `${place} is not a head: expected {"stream":"…","revision":"…","hash":"…"} as \`decidable verify --heads\` writes it`,
    { argument: '--compare' },
  );
}
