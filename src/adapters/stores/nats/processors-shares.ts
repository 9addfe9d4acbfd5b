/**
 * The shares of versions. All shares of a version are one value. Each operation that takes a share from its holder
 * replaces or deletes this value, so a commit of a member that has lost a share fails.
 */
import { subscriptionKey } from '../../../core/processors/listing.ts';
import type { Share, ShareToken, SubscriptionId } from '../../../core/processors/processor-store.ts';
import { claimed, isHeld, released, type ShareState } from '../../../core/processors/share-state.ts';
import { CONFLICT, type ProcessorAccess } from './processors-access.ts';
import { sharesOf, sharesValue } from './processors-values.ts';
import type { NewValue } from './state-values.ts';

/** The shares of a version, and the guard of their next change. */
export interface StoredShares {
  readonly sequence: number;
  readonly shares: readonly ShareState[];
}

export class Shares {
  readonly #access: ProcessorAccess;
  /** The ids of versions and the shares that this process read last. Guards detect whether they are outdated. */
  readonly #ids = new Map<string, string>();
  readonly #shares = new Map<string, StoredShares>();

  constructor(access: ProcessorAccess) {
    this.#access = access;
  }

  list(subscription: SubscriptionId): Promise<readonly Share[]> {
    return this.#access.work(async () => {
      const found = await this.#access.version(subscription);
      if (found === undefined) return [];
      const { shares } = await this.read(found.id);
      return shares.map((state, share) => ({ subscription, share, ...state }));
    });
  }

  async claim(given: ShareToken, member: string, now: number, expiresAt: number): Promise<Share | undefined> {
    const { subscription, share } = given;
    const changed = await this.#change(subscription, (shares) => {
      const state = claimed(shares[share], given, member, now, expiresAt);
      return state === undefined ? undefined : shares.with(share, state);
    });
    const state = changed?.[share];
    return state === undefined ? undefined : { subscription, share, ...state };
  }

  async renew<Held extends ShareToken>(shares: readonly Held[], expiresAt: number): Promise<readonly Held[]> {
    const renewed = await this.#changeHeld(shares, (state) => ({ ...state, expiresAt }));
    return shares.filter((share) => renewed.has(share));
  }

  async release(shares: readonly ShareToken[]): Promise<void> {
    await this.#changeHeld(shares, (state) => released(state));
  }

  /** Returns the cached id and shares of a version, or reads them. */
  async known(subscription: SubscriptionId): Promise<({ readonly id: string } & StoredShares) | undefined> {
    const name = subscriptionKey(subscription);
    const known = this.#ids.get(name);
    const cached = known === undefined ? undefined : this.#shares.get(known);
    if (known !== undefined && cached !== undefined) return { id: known, ...cached };
    const id = (await this.#access.version(subscription))?.id;
    if (id === undefined) return undefined;
    this.#ids.set(name, id);
    return { id, ...(this.#shares.get(id) ?? (await this.read(id))) };
  }

  /** Caches shares that were written. */
  remember(id: string, stored: StoredShares): void {
    this.#shares.set(id, stored);
  }

  /** Removes outdated shares from the cache. */
  forget(ids: Iterable<string>): void {
    for (const id of ids) this.#shares.delete(id);
    this.#ids.clear();
  }

  async read(id: string): Promise<StoredShares> {
    const { sequence, value } = await this.#access.values.get(this.#access.subjects.shares(id));
    const stored = { sequence, shares: value === undefined ? [] : sharesOf(value) };
    this.#shares.set(id, stored);
    return stored;
  }

  /** Returns the first value of the shares of a version. */
  created(id: string, shares: readonly ShareState[]): NewValue {
    return sharesValue(this.#access.subjects.shares(id), 0, shares);
  }

  /** Returns the shares of a version without holders, and with a token that no share had before. */
  freed(id: string, { sequence, shares }: StoredShares, token: bigint): NewValue {
    this.#shares.delete(id);
    const free = shares.map((state) => released(state, token));
    return sharesValue(this.#access.subjects.shares(id), sequence, free);
  }

  deleted(id: string, { sequence }: StoredShares): NewValue {
    this.#shares.delete(id);
    return { subject: this.#access.subjects.shares(id), guard: sequence, record: undefined };
  }

  /** Changes the shares of a version. `change` returns `undefined` to change nothing. */
  #change(
    subscription: SubscriptionId,
    change: (shares: readonly ShareState[]) => readonly ShareState[] | undefined,
  ): Promise<readonly ShareState[] | undefined> {
    return this.#access.change(async () => {
      const found = await this.#access.version(subscription);
      if (found === undefined) return undefined;
      const before = await this.read(found.id);
      const shares = change(before.shares);
      if (shares === undefined) return undefined;
      const sequence = await this.#access.write([
        sharesValue(this.#access.subjects.shares(found.id), before.sequence, shares),
      ]);
      if (sequence === CONFLICT) return CONFLICT;
      this.#shares.set(found.id, { sequence, shares });
      return shares;
    });
  }

  /** Changes the shares that are held with their tokens, and returns them. */
  async #changeHeld<Held extends ShareToken>(
    shares: readonly Held[],
    change: (state: ShareState) => ShareState,
  ): Promise<ReadonlySet<Held>> {
    const changed = new Set<Held>();
    for (const [subscription, given] of bySubscription(shares)) {
      let held: readonly Held[] = [];
      await this.#change(subscription, (states) => {
        held = given.filter((one) => isHeld(states[one.share], one));
        if (held.length === 0) return undefined;
        const numbers = new Set(held.map(({ share }) => share));
        return states.map((state, share) => (numbers.has(share) ? change(state) : state));
      });
      for (const one of held) changed.add(one);
    }
    return changed;
  }
}

/** Groups values by their subscription. */
export function bySubscription<Value extends { readonly subscription: SubscriptionId }>(
  values: readonly Value[],
): Iterable<readonly [SubscriptionId, readonly Value[]]> {
  return Map.groupBy(values, ({ subscription }) => subscriptionKey(subscription))
    .values()
    .map((group) => [group[0]!.subscription, group] as const);
}
