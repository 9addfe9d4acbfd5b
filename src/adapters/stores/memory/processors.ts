/**
 * The storage for processors in memory (src/core/processors/processor-store.ts). Every method is one synchronous step.
 */
import { refuseTables } from '../../../core/processors/capabilities.ts';
import {
  currentMembers,
  listedDeadlines,
  listedDocuments,
  listedParked,
  sortedSubscriptions,
  subscriptionKey,
  valueOfFenced,
} from '../../../core/processors/listing.ts';
import {
  type DocumentChange,
  FencedError,
  type GroupMember,
  type ListDeadlinesOptions,
  type ListDocumentsOptions,
  type NewSubscription,
  type ParkedEvent,
  type ParkedFilter,
  type ProcessorCapabilities,
  type ProcessorCommit,
  type ProcessorStore,
  type Share,
  type ShareToken,
  type StopReason,
  type StoredDeadline,
  type StoredDocument,
  type SubscriptionId,
  type SubscriptionRecord,
} from '../../../core/processors/processor-store.ts';
import { isAsFar, newToken } from '../../../core/processors/share-progress.ts';
import { claimed, isHeld, NEW_SHARE, released } from '../../../core/processors/share-state.ts';
import type { CommitSignal } from '../../../core/storage/commit-signal.ts';

/** All data of one version of one processor. */
interface Subscription {
  record: SubscriptionRecord;
  readonly shares: Share[];
  readonly documents: Map<string, StoredDocument>;
  /** The parked events by their keys, in the order of their positions. */
  readonly parked: Map<string, ParkedEvent[]>;
  /** The deadlines by process stream, then by id. */
  readonly deadlines: Map<string, Map<string, StoredDeadline>>;
}

export class MemoryProcessors implements ProcessorStore {
  readonly capabilities: ProcessorCapabilities = { documents: true, tables: false, inline: false };
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #members = new Map<string, GroupMember>();
  readonly #changes: CommitSignal;
  /** Throws if the store was closed. */
  readonly #checkOpen: () => void;

  constructor(changes: CommitSignal, checkOpen: () => void) {
    this.#changes = changes;
    this.#checkOpen = checkOpen;
  }

  async openSubscription({
    subscription,
    kind,
    shares,
    definition,
    tables,
    continues = false,
  }: NewSubscription): Promise<SubscriptionRecord> {
    this.#checkOpen();
    refuseTables(subscription, tables);
    const existing = this.#subscriptions.get(subscriptionKey(subscription));
    if (existing !== undefined) return existing.record;
    const previous = this.#versionsOf(subscription.name).find(({ record: other }) => other.active);
    if (continues && previous?.record.kind === kind) {
      const record = { ...previous.record, subscription, definition, stopped: undefined };
      this.#rename(previous, record, newToken(previous.shares));
      return record;
    }
    const opened: Subscription = {
      record: { subscription, kind, shares, definition, active: previous === undefined, stopped: undefined },
      shares: Array.from({ length: shares }, (_, share) => ({ subscription, share, ...NEW_SHARE })),
      documents: new Map(),
      parked: new Map(),
      deadlines: new Map(),
    };
    this.#subscriptions.set(subscriptionKey(subscription), opened);
    this.#changes.notify();
    return opened.record;
  }

  async listSubscriptions(): Promise<readonly SubscriptionRecord[]> {
    this.#checkOpen();
    return sortedSubscriptions([...this.#subscriptions.values()].map(({ record }) => record));
  }

  async listShares(subscription: SubscriptionId): Promise<readonly Share[]> {
    this.#checkOpen();
    return [...(this.#subscriptions.get(subscriptionKey(subscription))?.shares ?? [])];
  }

  async activate(subscription: SubscriptionId): Promise<void> {
    this.#checkOpen();
    const target = this.#subscriptions.get(subscriptionKey(subscription));
    if (target === undefined) return;
    for (const version of this.#versionsOf(subscription.name)) {
      version.record = { ...version.record, active: version === target };
    }
    this.#changes.notify();
  }

  async dropSubscription(subscription: SubscriptionId): Promise<void> {
    this.#checkOpen();
    this.#subscriptions.delete(subscriptionKey(subscription));
    this.#changes.notify();
  }

  async resetSubscription(subscription: SubscriptionId): Promise<void> {
    this.#checkOpen();
    const target = this.#subscriptions.get(subscriptionKey(subscription));
    if (target === undefined) return;
    for (const [index, share] of target.shares.entries()) {
      target.shares[index] = { ...released(share, share.token + 1n), checkpoint: undefined };
    }
    target.record = { ...target.record, stopped: undefined };
    for (const contents of [target.documents, target.parked, target.deadlines]) contents.clear();
    this.#changes.notify();
  }

  async redefine(subscription: SubscriptionId, definition: string): Promise<void> {
    this.#checkOpen();
    const target = this.#subscriptions.get(subscriptionKey(subscription));
    if (target !== undefined) target.record = { ...target.record, definition };
  }

  async replaceSubscription(
    subscription: SubscriptionId,
    replacement: SubscriptionId,
    definition: string,
  ): Promise<boolean> {
    this.#checkOpen();
    const [old, built] = [
      this.#subscriptions.get(subscriptionKey(subscription)),
      this.#subscriptions.get(subscriptionKey(replacement)),
    ];
    if (old === undefined || built === undefined || !isAsFar(built.shares, old.shares)) return false;
    const record = { ...old.record, shares: built.record.shares, definition, stopped: undefined };
    this.#rename(built, record, newToken([...old.shares, ...built.shares]));
    return true;
  }

  async setStopped(subscription: SubscriptionId, reason: StopReason | undefined): Promise<void> {
    this.#checkOpen();
    const target = this.#subscriptions.get(subscriptionKey(subscription));
    if (target === undefined) return;
    target.record = { ...target.record, stopped: reason };
    this.#changes.notify();
  }

  async announceMember(member: GroupMember, now: number): Promise<void> {
    this.#checkOpen();
    for (const { id, expiresAt } of this.#members.values()) if (expiresAt <= now) this.#members.delete(id);
    this.#members.set(member.id, member);
  }

  async removeMember(member: string): Promise<void> {
    this.#checkOpen();
    if (this.#members.delete(member)) this.#changes.notify();
  }

  async listMembers(now: number): Promise<readonly GroupMember[]> {
    this.#checkOpen();
    return currentMembers([...this.#members.values()], now);
  }

  async claimShare(given: ShareToken, member: string, now: number, expiresAt: number): Promise<Share | undefined> {
    this.#checkOpen();
    const target = this.#subscriptions.get(subscriptionKey(given.subscription));
    const share = claimed(target?.shares[given.share], given, member, now, expiresAt);
    if (target === undefined || share === undefined) return undefined;
    target.shares[given.share] = share;
    this.#changes.notify();
    return share;
  }

  async renewShares<Held extends ShareToken>(shares: readonly Held[], expiresAt: number): Promise<readonly Held[]> {
    this.#checkOpen();
    return shares.filter((held) => {
      const [target, share] = this.#held(held);
      if (share === undefined) return false;
      target!.shares[held.share] = { ...share, expiresAt };
      return true;
    });
  }

  async releaseShares(shares: readonly ShareToken[]): Promise<void> {
    this.#checkOpen();
    for (const held of shares) {
      const [target, share] = this.#held(held);
      if (share !== undefined) target!.shares[held.share] = released(share);
    }
    this.#changes.notify();
  }

  async commit(commit: ProcessorCommit): Promise<void> {
    this.#checkOpen();
    refuseTables(commit.fences[0]?.subscription, commit.statements);
    for (const fence of commit.fences) {
      const share = this.#held(fence)[1];
      if (share === undefined || share.checkpoint !== fence.before) throw new FencedError(fence);
    }
    for (const { subscription, share, checkpoint } of commit.fences) {
      const { shares } = this.#of(subscription);
      const before = shares[share]!;
      if (before.checkpoint === undefined || checkpoint > before.checkpoint) shares[share] = { ...before, checkpoint };
    }
    for (const change of commit.documents ?? []) this.#change(change);
    for (const { subscription, key, position } of commit.unpark ?? []) {
      const { parked } = this.#of(subscription);
      const rest = (parked.get(key) ?? []).filter(({ event }) => event.context.position !== position);
      if (rest.length > 0) parked.set(key, rest);
      else parked.delete(key);
    }
    for (const event of commit.park ?? []) this.#park(event);
    for (const deadline of commit.setDeadlines ?? []) {
      const { deadlines } = this.#of(deadline.subscription);
      const ofProcess = deadlines.get(deadline.stream) ?? new Map<string, StoredDeadline>();
      deadlines.set(deadline.stream, ofProcess.set(deadline.id, deadline));
    }
    for (const { subscription, stream, id } of commit.removeDeadlines ?? []) {
      this.#of(subscription).deadlines.get(stream)?.delete(id);
    }
    for (const { subscription, stream } of commit.endProcesses ?? []) this.#of(subscription).deadlines.delete(stream);
    this.#changes.notify();
  }

  async readDocument(subscription: SubscriptionId, key: string): Promise<StoredDocument | undefined> {
    this.#checkOpen();
    return this.#subscriptions.get(subscriptionKey(subscription))?.documents.get(key);
  }

  async readDocuments(subscription: SubscriptionId, keys: readonly string[]): Promise<readonly StoredDocument[]> {
    this.#checkOpen();
    const documents = this.#subscriptions.get(subscriptionKey(subscription))?.documents;
    return keys.flatMap((key) => documents?.get(key) ?? []);
  }

  async listDocuments(
    subscription: SubscriptionId,
    options: ListDocumentsOptions = {},
  ): Promise<readonly StoredDocument[]> {
    this.#checkOpen();
    return listedDocuments(
      [...(this.#subscriptions.get(subscriptionKey(subscription))?.documents.values() ?? [])],
      options,
    );
  }

  async listParked(filter: ParkedFilter = {}): Promise<readonly ParkedEvent[]> {
    this.#checkOpen();
    const parked = [...this.#subscriptions.values()].flatMap(({ parked }) => [...parked.values()].flat());
    return listedParked(parked, filter);
  }

  async requestRetry(subscription: SubscriptionId, key: string): Promise<number> {
    this.#checkOpen();
    const parked = this.#subscriptions.get(subscriptionKey(subscription))?.parked;
    const events = parked?.get(key) ?? [];
    if (events.length > 0) {
      parked!.set(
        key,
        events.map((event) => ({ ...event, requested: 'retry' })),
      );
      this.#changes.notify();
    }
    return events.length;
  }

  async dropParked(subscription: SubscriptionId, key: string, which: 'first' | 'all'): Promise<number> {
    this.#checkOpen();
    const parked = this.#subscriptions.get(subscriptionKey(subscription))?.parked;
    const events = parked?.get(key) ?? [];
    if (events.length === 0) return 0;
    const rest = which === 'all' ? [] : events.slice(1);
    if (rest.length > 0) parked!.set(key, rest);
    else parked!.delete(key);
    this.#changes.notify();
    return events.length - rest.length;
  }

  async listDeadlines(
    subscription: SubscriptionId,
    options: ListDeadlinesOptions = {},
  ): Promise<readonly StoredDeadline[]> {
    this.#checkOpen();
    const ofProcesses = [...(this.#subscriptions.get(subscriptionKey(subscription))?.deadlines.values() ?? [])];
    return listedDeadlines(
      ofProcesses.flatMap((deadlines) => [...deadlines.values()]),
      options,
    );
  }

  async awaitChange(signal?: AbortSignal): Promise<void> {
    this.#checkOpen();
    await this.#changes.wait(this.#changes.count, signal);
  }

  /** Renames a subscription, and releases its shares. */
  #rename(from: Subscription, record: SubscriptionRecord, token: bigint): void {
    const { subscription } = record;
    this.#subscriptions.delete(subscriptionKey(from.record.subscription));
    this.#subscriptions.set(subscriptionKey(subscription), {
      record,
      shares: from.shares.map((share) => ({ ...released(share, token), subscription })),
      documents: from.documents,
      parked: mapValues(from.parked, (events) => events.map((event) => ({ ...event, subscription }))),
      deadlines: mapValues(from.deadlines, (ofProcess) =>
        mapValues(ofProcess, (deadline) => ({ ...deadline, subscription })),
      ),
    });
    this.#changes.notify();
  }

  #versionsOf(name: string): Subscription[] {
    return [...this.#subscriptions.values()].filter(({ record }) => record.subscription.name === name);
  }

  /** Returns the share if it still has the token. */
  #held(held: ShareToken): [Subscription, Share] | [undefined, undefined] {
    const target = this.#subscriptions.get(subscriptionKey(held.subscription));
    const share = target?.shares[held.share];
    return target !== undefined && isHeld(share, held) ? [target, share] : [undefined, undefined];
  }

  #of(subscription: SubscriptionId): Subscription {
    return valueOfFenced(this.#subscriptions, subscription);
  }

  #change({ subscription, key, state, position }: DocumentChange): void {
    const { documents } = this.#of(subscription);
    if (state === undefined) documents.delete(key);
    else documents.set(key, { key, state: new Uint8Array(state), position });
  }

  #park(event: ParkedEvent): void {
    const { parked } = this.#of(event.subscription);
    const { position } = event.event.context;
    const others = (parked.get(event.key) ?? []).filter((other) => other.event.context.position !== position);
    parked.set(
      event.key,
      [...others, event].sort((a, b) => (a.event.context.position < b.event.context.position ? -1 : 1)),
    );
  }
}

function mapValues<Key, Value>(map: ReadonlyMap<Key, Value>, change: (value: Value) => Value): Map<Key, Value> {
  return new Map([...map].map(([key, value]) => [key, change(value)]));
}
