/** The shares that a member holds, and the fences of its commits. */
import type { Fence, Share, SubscriptionId } from './processor-store.ts';

/** A share while a member holds it. */
export interface HeldShare {
  readonly share: number;
  readonly token: bigint;
  checkpoint: bigint | undefined;
}

/** Returns fences that prove that the shares are held, and that move their checkpoints. A later checkpoint is kept. */
export function fencesOf(
  subscription: SubscriptionId,
  held: readonly HeldShare[],
  checkpoint: bigint,
): readonly Fence[] {
  return held.map(({ share, token, checkpoint: before }) => ({
    subscription,
    share,
    token,
    before,
    checkpoint: before !== undefined && before > checkpoint ? before : checkpoint,
  }));
}

/** Moves the checkpoints in memory after a commit with {@link fencesOf} has moved the stored ones. */
export function advance(held: readonly HeldShare[], checkpoint: bigint): void {
  for (const share of held) {
    if (share.checkpoint === undefined || share.checkpoint < checkpoint) share.checkpoint = checkpoint;
  }
}

/** Returns a fence that proves that a share is held, and does not move its checkpoint. */
export function unmovedFence(subscription: SubscriptionId, { share, token, checkpoint }: HeldShare): Fence {
  return { subscription, share, token, before: checkpoint, checkpoint: checkpoint ?? 0n };
}

/** Copies the stored checkpoints, and returns whether another writer has moved one of them. */
export function refresh(held: Iterable<HeldShare>, stored: readonly Share[]): boolean {
  let isMoved = false;
  for (const share of held) {
    const { checkpoint } = stored[share.share] ?? share;
    if (checkpoint !== share.checkpoint) isMoved = true;
    share.checkpoint = checkpoint;
  }
  return isMoved;
}

export function hasReached(held: readonly HeldShare[], position: bigint): boolean {
  return held.every(({ checkpoint }) => checkpoint !== undefined && checkpoint >= position);
}
