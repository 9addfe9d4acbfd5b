/**
 * Synchronous SHA-256. The hash of a commit is computed inside the transaction of the append, which must not wait. If
 * the platform has a synchronous implementation (Node and compatible runtimes), it is used. Otherwise @noble/hashes is
 * used, which is 4 times slower.
 */
import { sha256 as portable } from '@noble/hashes/sha2.js';
import { equalBytes } from './equal-bytes.ts';

interface NodeCrypto {
  hash(algorithm: 'sha256', data: Uint8Array, encoding: 'latin1'): string;
}

/**
 * The module of Node. It is looked up at run time instead of imported, because the core also runs in browsers, which do
 * not have it.
 */
const crypto = (
  globalThis as { process?: { getBuiltinModule?: (id: string) => NodeCrypto | undefined } }
).process?.getBuiltinModule?.('crypto');

/** Returns the 32 bytes of SHA-256 over `bytes` (FIPS 180-4). */
export const sha256: (bytes: Uint8Array) => Uint8Array = typeof crypto?.hash === 'function' ? native(crypto) : portable;

/**
 * Returns whether `hash` is the SHA-256 over `bytes`. A comparison takes 0.2 µs less than a hash that is compared
 * later.
 */
export const isSha256: (bytes: Uint8Array, hash: Uint8Array) => boolean =
  typeof crypto?.hash === 'function' ? nativeComparison(crypto) : (bytes, hash) => equalBytes(portable(bytes), hash);

function nativeComparison(crypto: NodeCrypto): (bytes: Uint8Array, hash: Uint8Array) => boolean {
  return (bytes, hash) => {
    if (hash.length !== 32) return false;
    const digest = crypto.hash('sha256', bytes, 'latin1');
    for (let at = 0; at < 32; at++) if (hash[at] !== digest.charCodeAt(at)) return false;
    return true;
  };
}

function native(crypto: NodeCrypto): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    // A string of 32 code units takes a third of the time that a Buffer takes.
    const digest = crypto.hash('sha256', bytes, 'latin1');
    const hash = new Uint8Array(32);
    for (let at = 0; at < 32; at++) hash[at] = digest.charCodeAt(at);
    return hash;
  };
}
