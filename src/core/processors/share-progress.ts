/** Compares the progress of the shares of a subscription. */
import type { Share } from './processor-store.ts';

/**
 * Returns the position up to which all shares have processed the events, or `undefined` if a share has no checkpoint.
 */
export function lowestCheckpoint(shares: readonly Pick<Share, 'checkpoint'>[]): bigint | undefined {
  let lowest: bigint | undefined;
  for (const { checkpoint } of shares) {
    if (checkpoint === undefined) return undefined;
    if (lowest === undefined || checkpoint < lowest) lowest = checkpoint;
  }
  return lowest;
}

/** Returns whether each share is at least as far as the share with its number in `others`. */
export function isAsFar(
  shares: readonly Pick<Share, 'checkpoint'>[],
  others: readonly Pick<Share, 'checkpoint'>[],
): boolean {
  return others.every(({ checkpoint: other }, index) => {
    const checkpoint = shares[index]?.checkpoint;
    return other === undefined || (checkpoint !== undefined && checkpoint >= other);
  });
}

/** Returns a token that no holder of these shares has. */
export function newToken(shares: readonly Pick<Share, 'token'>[]): bigint {
  let highest = 0n;
  for (const { token } of shares) if (token > highest) highest = token;
  return highest + 1n;
}
