/**
 * *CanonicalABI.md*, "Storing", `store_string_into_range`: a string that passes from one component to another is
 * transcoded. The callee's `realloc` is called for the same steps as in the reference, and the bytes are the same at
 * the end.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { i32, type Relay, relay, START } from '../probe.ts';
import { type Lowered, readVectors } from './vectors.ts';

type Source = 'utf8' | 'utf16' | 'latin1' | 'tagged';

interface StringVector extends Lowered {
  readonly source: Source;
  readonly target: string;
  readonly text: string;
}

const { vectors } = readVectors<{ vectors: readonly StringVector[] }>('strings');

/** Returns the string in the encoding of the caller. `tagged` is UTF-16 with the tag of latin1+utf16. */
function written(text: string, source: Source): Lowered {
  const encoding = source === 'utf8' ? 'utf8' : source === 'latin1' ? 'latin1' : 'utf16le';
  const units = source === 'utf8' ? Buffer.byteLength(text) : text.length;
  return {
    core: `${i32(START)} ${i32(source === 'tagged' ? units + 2 ** 31 : units)}`,
    memory: Buffer.from(text, encoding).toString('hex'),
  };
}

const relays = new Map<string, Promise<Relay>>();

function relayOf(from: string, to: string): Promise<Relay> {
  const key = `${from} ${to}`;
  const found = relays.get(key) ?? relay({ type: 'string', flat: 'i32 i32' }, from, to);
  relays.set(key, found);
  return found;
}

describe('a transcoded string', () => {
  for (const { source, target, text, ...lowered } of vectors) {
    test(`takes the steps of the reference and ends with its bytes, from ${source} to ${target}: ${JSON.stringify(text)}`, async () => {
      const from = source === 'latin1' || source === 'tagged' ? 'latin1+utf16' : source;
      assert.deepEqual((await relayOf(from, target)).pass(written(text, source)), lowered);
    });
  }
});
