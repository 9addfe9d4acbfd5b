/**
 * A member of the group of processes that run one system. It announces itself, renews the leases of its shares, and
 * claims and releases shares when other members join and leave.
 *
 * Correctness depends only on the fencing tokens. The leases only determine how soon a share moves. The members of a
 * group should have leases of one length, because a member that is silent for the length of an observer's lease counts
 * as ended.
 */
import { type Clock, sleepFor } from './clock.ts';
import type { GroupMember, ProcessorStore, Share, ShareToken } from './processor-store.ts';
import type { Runner } from './runner.ts';
import { sharesOfMember } from './shares.ts';
import { Sightings } from './sightings.ts';

/** The number of times that a lease is renewed before it would end. */
const RENEWALS_PER_LEASE = 3;

export class Member {
  readonly id: string;
  readonly #processors: ProcessorStore;
  readonly #runners: readonly Runner[];
  readonly #clock: Clock;
  readonly #lease: number;
  readonly #afterBeat: (() => Promise<void>) | undefined;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #wake = new AbortController();
  readonly #sightings: Sightings;
  /** The members that do not renew their announcements, which have not expired. */
  #silent: ReadonlySet<string> = new Set();

  constructor(
    id: string,
    processors: ProcessorStore,
    runners: readonly Runner[],
    clock: Clock,
    lease: number,
    afterBeat?: () => Promise<void>,
  ) {
    this.id = id;
    this.#processors = processors;
    this.#runners = runners;
    this.#clock = clock;
    this.#lease = lease;
    this.#afterBeat = afterBeat;
    this.#sightings = new Sightings(clock, lease);
  }

  /** Resolves when the member is announced and has claimed the free shares. */
  async start(): Promise<void> {
    await this.#beat();
    this.#running = this.#run();
  }

  /** Checks the shares and the parked events now instead of at the next renewal. */
  wake(): void {
    this.#wake.abort();
  }

  /** Releases all shares and leaves the group. The runners must be stopped first. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.abort();
    await this.#running;
    for (const runner of this.#runners) await this.#processors.releaseShares(heldBy(runner));
    await this.#processors.removeMember(this.id);
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      this.#wake = new AbortController();
      const woken = AbortSignal.any([this.#wake.signal, this.#stopping.signal]);
      await sleepFor(this.#clock, this.#lease / RENEWALS_PER_LEASE, woken).catch(() => undefined);
      if (this.#stopping.signal.aborted) return;
      try {
        await this.#beat();
      } catch {
        // The store does not respond. If the lease ends, another member takes over, and the commits of this one are
        // refused.
      }
    }
  }

  async #beat(): Promise<void> {
    const now = this.#clock.now();
    const expiresAt = now + this.#lease;
    // A processor that has stopped here is left to other members, which may not have the same failure.
    const subscriptions = this.#runners
      .filter(({ failure }) => failure === undefined)
      .map(({ processor: { subscription } }) => subscription);
    await this.#processors.announceMember({ id: this.id, subscriptions, expiresAt }, now);
    this.#sightings.begin();
    const announced = await this.#processors.listMembers(now);
    this.#silent = new Set(
      announced.flatMap(({ id, expiresAt }) =>
        id !== this.id && this.#sightings.isSilent(id, String(expiresAt)) ? [id] : [],
      ),
    );
    const members = announced.filter(({ id }) => !this.#silent.has(id));
    await this.#keepShares(expiresAt);
    for (const runner of this.#runners) {
      if (runner.failure === undefined) await this.#balance(runner, members, now, expiresAt);
      else await this.#giveUp(runner, heldBy(runner));
      runner.refresh();
    }
    await this.#afterBeat?.();
  }

  /** Renews the leases of all runners in one call, so that a store with a durable file writes once. */
  async #keepShares(expiresAt: number): Promise<void> {
    const held = this.#runners.map(heldBy);
    if (held.every(({ length }) => length === 0)) return;
    const kept = new Set(await this.#processors.renewShares(held.flat(), expiresAt));
    for (const [index, runner] of this.#runners.entries()) {
      runner.removeShares(held[index]!.filter((share) => !kept.has(share)).map(({ share }) => share));
    }
  }

  async #balance(runner: Runner, members: readonly GroupMember[], now: number, expiresAt: number): Promise<void> {
    const { subscription } = runner.processor;
    const candidates = members.filter(({ subscriptions }) =>
      subscriptions.some(({ name, version }) => name === subscription.name && version === subscription.version),
    );
    const ids = candidates.map(({ id }) => id);
    const wanted = sharesOfMember(subscription, runner.shares, ids, this.id);
    await this.#giveUp(
      runner,
      heldBy(runner).filter(({ share }) => !wanted.has(share)),
    );
    const held = new Set(runner.held.map(({ share }) => share));
    if ([...wanted].every((share) => held.has(share))) return;
    if (await runner.endIfRemoved()) return;
    for (const share of await this.#processors.listShares(subscription)) {
      if (!wanted.has(share.share) || held.has(share.share)) continue;
      if (!this.#isFree(share, now)) continue;
      const claimed = await this.#processors.claimShare(share, this.id, Math.max(now, share.expiresAt), expiresAt);
      if (claimed !== undefined) runner.addShare(claimed);
    }
  }

  #isFree({ subscription: { name, version }, share, holder, token, expiresAt }: Share, now: number): boolean {
    if (holder === undefined || holder === this.id || expiresAt <= now || this.#silent.has(holder)) return true;
    return this.#sightings.isSilent(JSON.stringify([name, version, share]), `${token} ${expiresAt}`);
  }

  async #giveUp(runner: Runner, shares: readonly ShareToken[]): Promise<void> {
    if (shares.length === 0) return;
    runner.removeShares(shares.map(({ share }) => share));
    await this.#processors.releaseShares(shares);
  }
}

function heldBy({ held, processor: { subscription } }: Runner): readonly ShareToken[] {
  return held.map(({ share, token }) => ({ subscription, share, token }));
}
