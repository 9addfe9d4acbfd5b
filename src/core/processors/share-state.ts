/** The state of a share, and the rules for its holder, for stores that apply them to values in memory. */
import type { Share, ShareToken } from './processor-store.ts';

/** A share without its identity. */
export type ShareState = Omit<Share, 'subscription' | 'share'>;

/** A share before its first event, without a holder. */
export const NEW_SHARE: ShareState = { checkpoint: undefined, holder: undefined, token: 0n, expiresAt: 0 };

/** Returns whether a member holds the share with this token. */
export function isHeld<State extends ShareState>(
  state: State | undefined,
  { token }: Pick<ShareToken, 'token'>,
): state is State {
  return state?.token === token && state.holder !== undefined;
}

/**
 * Returns the share after `member` has claimed it, or `undefined` if its token is not the one that the member has read,
 * or another member's lease has not expired.
 */
export function claimed<State extends ShareState>(
  state: State | undefined,
  { token }: Pick<ShareToken, 'token'>,
  member: string,
  now: number,
  expiresAt: number,
): State | undefined {
  if (state === undefined || state.token !== token) return undefined;
  if (state.holder !== undefined && state.holder !== member && state.expiresAt > now) return undefined;
  return { ...state, holder: member, token: token + 1n, expiresAt };
}

/** Returns the share without a holder, so that any member can claim it. */
export function released<State extends ShareState>(state: State, token: bigint = state.token): State {
  return { ...state, holder: undefined, token, expiresAt: 0 };
}
