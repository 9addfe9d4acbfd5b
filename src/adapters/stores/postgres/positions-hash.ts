/**
 * The hash of the positions of a stream's commits, which the stream's head has. Positions have gaps and are not in the
 * hashes of commits, so a position that was changed would not be noticed without it.
 *
 * The hash of a stream without commits is 32 zero bytes. Each commit replaces it by SHA-256 over the hash and the
 * commit's position, as a signed integer of 64 bits in big-endian order.
 */
import { sha256 } from '../../../core/storage/sha256.ts';

const HASH_BYTES = 32;
const bytes = new Uint8Array(HASH_BYTES + 8);
const view = new DataView(bytes.buffer);

/** Returns the hash after a commit at this position. */
export function nextPositionsHash(previous: Uint8Array, position: bigint): Uint8Array {
  bytes.set(previous);
  view.setBigInt64(HASH_BYTES, position);
  return sha256(bytes);
}

/** Returns SQL for the hash after a commit. Both arguments are expressions. */
export function nextPositionsHashSql(previous: string, position: string): string {
  return `sha256(${previous} || int8send(${position}))`;
}
