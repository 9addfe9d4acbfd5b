/**
 * SHA-256, at once: the chain is computed where an append is guarded, and there is nothing to wait for there. The
 * platform's own is used where it has a synchronous one (Node and its kin); elsewhere, @noble/hashes, 4 times slower.
 */
import { sha256 as portable } from '@noble/hashes/sha2.js';

interface NodeCrypto {
  hash(algorithm: 'sha256', data: Uint8Array, encoding: 'latin1'): string;
}

/** Asked for at run time, not imported: core loads in browsers, where there is no such module. */
const crypto = (
  globalThis as { process?: { getBuiltinModule?: (id: string) => NodeCrypto | undefined } }
).process?.getBuiltinModule?.('crypto');

/** The 32 bytes of SHA-256 over `bytes` (FIPS 180-4). */
export const sha256: (bytes: Uint8Array) => Uint8Array = typeof crypto?.hash === 'function' ? native(crypto) : portable;

function native(crypto: NodeCrypto): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    // As a string of 32 code units: a third of the time that a Buffer of the result takes.
    const digest = crypto.hash('sha256', bytes, 'latin1');
    const hash = new Uint8Array(32);
    for (let at = 0; at < 32; at++) hash[at] = digest.charCodeAt(at);
    return hash;
  };
}
