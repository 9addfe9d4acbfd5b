/**
 * Divides the work of a subscription among the members of a group.
 *
 * A subscription has a fixed number of shares, and each key belongs to one of them. The assignment of shares depends
 * only on the list of members, so members do not have to negotiate. Each member releases the shares of others and
 * claims its own.
 */
import type { SubscriptionId } from './processor-store.ts';

/**
 * Returns the FNV-1a hash of a text, with 32 bits (draft-eastlake-fnv). The function must never change, because events
 * of one key would then be in two shares.
 */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    value = Math.imul(value ^ (unit & 0xff), 0x01000193);
    value = Math.imul(value ^ (unit >>> 8), 0x01000193);
  }
  return value >>> 0;
}

/** Returns the share of a key, from 0. */
export function shareOf(key: string, shares: number): number {
  return shares === 1 ? 0 : hash(key) % shares;
}

/**
 * Returns the shares that a member should hold.
 *
 * @param members the live members in order, including the caller.
 */
export function sharesOfMember(
  subscription: SubscriptionId,
  shares: number,
  members: readonly string[],
  member: string,
): ReadonlySet<number> {
  const index = members.indexOf(member);
  const offset = hash(subscription.name);
  const result = new Set<number>();
  for (let share = 0; share < shares; share++) if ((offset + share) % members.length === index) result.add(share);
  return result;
}
