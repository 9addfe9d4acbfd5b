/**
 * The storage for processors in memory (src/core/processors/processor-store.ts). Every method is one synchronous step.
 */
import { compareUtf8 } from '../../../core/codec/values.ts';
import {
  type DocumentChange,
  FencedError,
  type GroupMember,
  type ListDocumentsOptions,
  type NewSubscription,
  type ParkedEvent,
  type ParkedFilter,
  type ProcessorCapabilities,
  type ProcessorCommit,
  type ProcessorStore,
  type Share,
  type StopReason,
  type StoredDeadline,
  type StoredDocument,
  type SubscriptionId,
  type SubscriptionRecord,
} from '../../../core/processors/processor-store.ts';
import { isAsFar, newToken } from '../../../core/processors/share-progress.ts';
import type { CommitSignal } from '../../../core/storage/commit-signal.ts';

type HeldShare = Pick<Share, 'subscription' | 'share' | 'token'>;

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

const DEFAULT_LIMIT = 100;

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
    continues = false,
  }: NewSubscription): Promise<SubscriptionRecord> {
    this.#checkOpen();
    const existing = this.#subscriptions.get(nameOf(subscription));
    if (existing !== undefined) return existing.record;
    const previous = this.#versionsOf(subscription.name).find(({ record: other }) => other.active);
    if (continues && previous?.record.kind === kind) {
      const record = { ...previous.record, subscription, definition, stopped: undefined };
      this.#rename(previous, record, newToken(previous.shares));
      return record;
    }
    const opened: Subscription = {
      record: { subscription, kind, shares, definition, active: previous === undefined, stopped: undefined },
      shares: Array.from({ length: shares }, (_, share) => ({
        subscription,
        share,
        checkpoint: undefined,
        holder: undefined,
        token: 0n,
        expiresAt: 0,
      })),
      documents: new Map(),
      parked: new Map(),
      deadlines: new Map(),
    };
    this.#subscriptions.set(nameOf(subscription), opened);
    this.#changes.notify();
    return opened.record;
  }

  async listSubscriptions(): Promise<readonly SubscriptionRecord[]> {
    this.#checkOpen();
    return [...this.#subscriptions.values()]
      .map(({ record }) => record)
      .sort((a, b) => compareSubscriptions(a.subscription, b.subscription));
  }

  async listShares(subscription: SubscriptionId): Promise<readonly Share[]> {
    this.#checkOpen();
    return [...(this.#subscriptions.get(nameOf(subscription))?.shares ?? [])];
  }

  async activate(subscription: SubscriptionId): Promise<void> {
    this.#checkOpen();
    const target = this.#subscriptions.get(nameOf(subscription));
    if (target === undefined) return;
    for (const version of this.#versionsOf(subscription.name)) {
      version.record = { ...version.record, active: version === target };
    }
    this.#changes.notify();
  }

  async dropSubscription(subscription: SubscriptionId): Promise<void> {
    this.#checkOpen();
    this.#subscriptions.delete(nameOf(subscription));
    this.#changes.notify();
  }

  async resetSubscription(subscription: SubscriptionId): Promise<void> {
    this.#checkOpen();
    const target = this.#subscriptions.get(nameOf(subscription));
    if (target === undefined) return;
    for (const [index, share] of target.shares.entries()) {
      target.shares[index] = {
        ...share,
        checkpoint: undefined,
        holder: undefined,
        token: share.token + 1n,
        expiresAt: 0,
      };
    }
    target.record = { ...target.record, stopped: undefined };
    for (const contents of [target.documents, target.parked, target.deadlines]) contents.clear();
    this.#changes.notify();
  }

  async redefine(subscription: SubscriptionId, definition: string): Promise<void> {
    this.#checkOpen();
    const target = this.#subscriptions.get(nameOf(subscription));
    if (target !== undefined) target.record = { ...target.record, definition };
  }

  async replaceSubscription(
    subscription: SubscriptionId,
    replacement: SubscriptionId,
    definition: string,
  ): Promise<boolean> {
    this.#checkOpen();
    const [old, built] = [this.#subscriptions.get(nameOf(subscription)), this.#subscriptions.get(nameOf(replacement))];
    if (old === undefined || built === undefined || !isAsFar(built.shares, old.shares)) return false;
    const record = { ...old.record, shares: built.record.shares, definition, stopped: undefined };
    this.#rename(built, record, newToken([...old.shares, ...built.shares]));
    return true;
  }

  async setStopped(subscription: SubscriptionId, reason: StopReason | undefined): Promise<void> {
    this.#checkOpen();
    const target = this.#subscriptions.get(nameOf(subscription));
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
    return [...this.#members.values()]
      .filter(({ expiresAt }) => expiresAt > now)
      .sort((a, b) => compareUtf8(a.id, b.id));
  }

  async claimShare(
    { subscription, share, token }: HeldShare,
    member: string,
    now: number,
    expiresAt: number,
  ): Promise<Share | undefined> {
    this.#checkOpen();
    const target = this.#subscriptions.get(nameOf(subscription));
    const before = target?.shares[share];
    if (target === undefined || before === undefined || before.token !== token) return undefined;
    if (before.holder !== undefined && before.holder !== member && before.expiresAt > now) return undefined;
    const claimed = { ...before, holder: member, token: token + 1n, expiresAt };
    target.shares[share] = claimed;
    this.#changes.notify();
    return claimed;
  }

  async renewShares<Held extends HeldShare>(shares: readonly Held[], expiresAt: number): Promise<readonly Held[]> {
    this.#checkOpen();
    return shares.filter((held) => {
      const [target, share] = this.#held(held);
      if (share === undefined) return false;
      target!.shares[held.share] = { ...share, expiresAt };
      return true;
    });
  }

  async releaseShares(shares: readonly HeldShare[]): Promise<void> {
    this.#checkOpen();
    for (const held of shares) {
      const [target, share] = this.#held(held);
      if (share !== undefined) target!.shares[held.share] = { ...share, holder: undefined, expiresAt: 0 };
    }
    this.#changes.notify();
  }

  async commit(commit: ProcessorCommit): Promise<void> {
    this.#checkOpen();
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
    return this.#subscriptions.get(nameOf(subscription))?.documents.get(key);
  }

  async readDocuments(subscription: SubscriptionId, keys: readonly string[]): Promise<readonly StoredDocument[]> {
    this.#checkOpen();
    const documents = this.#subscriptions.get(nameOf(subscription))?.documents;
    return keys.flatMap((key) => documents?.get(key) ?? []);
  }

  async listDocuments(
    subscription: SubscriptionId,
    options: ListDocumentsOptions = {},
  ): Promise<readonly StoredDocument[]> {
    this.#checkOpen();
    const { from, to, after, limit = DEFAULT_LIMIT } = options;
    return [...(this.#subscriptions.get(nameOf(subscription))?.documents.values() ?? [])]
      .filter(
        ({ key }) =>
          (from === undefined || compareUtf8(key, from) >= 0) &&
          (to === undefined || compareUtf8(key, to) < 0) &&
          (after === undefined || compareUtf8(key, after) > 0),
      )
      .sort((a, b) => compareUtf8(a.key, b.key))
      .slice(0, limit);
  }

  async listParked(filter: ParkedFilter = {}): Promise<readonly ParkedEvent[]> {
    this.#checkOpen();
    const { subscription, key, requested, after, limit = DEFAULT_LIMIT } = filter;
    return [...this.#subscriptions.values()]
      .flatMap(({ parked }) => [...parked.values()].flat())
      .filter(
        (event) =>
          (subscription === undefined || nameOf(event.subscription) === nameOf(subscription)) &&
          (key === undefined || event.key === key) &&
          (requested === undefined || event.requested === requested) &&
          (after === undefined || compareParked(event, after) > 0),
      )
      .sort((a, b) => compareParked(a, { ...b, position: b.event.context.position }))
      .slice(0, limit);
  }

  async requestRetry(subscription: SubscriptionId, key: string): Promise<number> {
    this.#checkOpen();
    const parked = this.#subscriptions.get(nameOf(subscription))?.parked;
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
    const parked = this.#subscriptions.get(nameOf(subscription))?.parked;
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
    options: { readonly shares?: readonly number[]; readonly dueBefore?: number; readonly limit?: number } = {},
  ): Promise<readonly StoredDeadline[]> {
    this.#checkOpen();
    const { shares, dueBefore, limit = DEFAULT_LIMIT } = options;
    return [...(this.#subscriptions.get(nameOf(subscription))?.deadlines.values() ?? [])]
      .flatMap((ofProcess) => [...ofProcess.values()])
      .filter(
        ({ share, dueAt }) =>
          (shares === undefined || shares.includes(share)) && (dueBefore === undefined || dueAt < dueBefore),
      )
      .sort((a, b) => a.dueAt - b.dueAt || compareUtf8(a.stream, b.stream) || compareUtf8(a.id, b.id))
      .slice(0, limit);
  }

  async awaitChange(signal?: AbortSignal): Promise<void> {
    this.#checkOpen();
    await this.#changes.wait(this.#changes.count, signal);
  }

  /** Renames a subscription, and releases its shares. */
  #rename(from: Subscription, record: SubscriptionRecord, token: bigint): void {
    const { subscription } = record;
    this.#subscriptions.delete(nameOf(from.record.subscription));
    this.#subscriptions.set(nameOf(subscription), {
      record,
      shares: from.shares.map((share) => ({ ...share, subscription, holder: undefined, token, expiresAt: 0 })),
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
  #held({ subscription, share, token }: HeldShare): [Subscription, Share] | [undefined, undefined] {
    const target = this.#subscriptions.get(nameOf(subscription));
    const held = target?.shares[share];
    if (target === undefined || held?.token !== token || held.holder === undefined) return [undefined, undefined];
    return [target, held];
  }

  #of(subscription: SubscriptionId): Subscription {
    const target = this.#subscriptions.get(nameOf(subscription));
    if (target === undefined) throw new Error('expected a fence for each subscription that the commit changes');
    return target;
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

/** Joins both strings into a unique name. The length of the first one makes it unambiguous. */
function nameOf({ name, version }: SubscriptionId): string {
  return `${name.length}:${name}${version}`;
}

function compareSubscriptions(a: SubscriptionId, b: SubscriptionId): number {
  return compareUtf8(a.name, b.name) || compareUtf8(a.version, b.version);
}

function compareParked(
  a: ParkedEvent,
  b: { readonly subscription: SubscriptionId; readonly key: string; readonly position: bigint },
): number {
  const order = compareSubscriptions(a.subscription, b.subscription) || compareUtf8(a.key, b.key);
  if (order !== 0) return order;
  const { position } = a.event.context;
  return position < b.position ? -1 : position > b.position ? 1 : 0;
}
