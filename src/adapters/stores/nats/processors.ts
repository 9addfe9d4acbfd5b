/**
 * The storage of processors on a NATS server (src/core/processors/processor-store.ts, docs/decisions.md §61).
 *
 * The shares of a version are one value. A commit replaces it under a guard, together with the documents, parked events
 * and deadlines, in one atomic batch. Every operation that removes shares from their members replaces or deletes the
 * same value, so the commit of a member that has lost a share fails.
 */
import { refuseTables } from '../../../core/processors/capabilities.ts';
import { currentMembers, listedDeadlines, listedDocuments } from '../../../core/processors/listing.ts';
import type {
  GroupMember,
  ListDeadlinesOptions,
  ListDocumentsOptions,
  NewSubscription,
  ParkedEvent,
  ParkedFilter,
  ProcessorCapabilities,
  ProcessorCommit,
  ProcessorStore,
  Share,
  ShareToken,
  StopReason,
  StoredDeadline,
  StoredDocument,
  SubscriptionId,
  SubscriptionRecord,
} from '../../../core/processors/processor-store.ts';
import { ProcessorAccess, type ProcessorParts } from './processors-access.ts';
import { commitPage } from './processors-commit.ts';
import { ParkedEvents } from './processors-parked.ts';
import { Shares } from './processors-shares.ts';
import { Subscriptions } from './processors-subscriptions.ts';
import { deadlineOf, documentOf, memberOf } from './processors-values.ts';

export class NatsProcessors implements ProcessorStore {
  readonly capabilities: ProcessorCapabilities = { documents: true, tables: false, inline: false };
  readonly #access: ProcessorAccess;
  readonly #shares: Shares;
  readonly #subscriptions: Subscriptions;
  readonly #parked: ParkedEvents;

  constructor(parts: ProcessorParts) {
    this.#access = new ProcessorAccess(parts);
    this.#shares = new Shares(this.#access);
    this.#subscriptions = new Subscriptions(this.#access, this.#shares);
    this.#parked = new ParkedEvents(this.#access);
  }

  openSubscription(given: NewSubscription): Promise<SubscriptionRecord> {
    return this.#subscriptions.open(given);
  }

  listSubscriptions(): Promise<readonly SubscriptionRecord[]> {
    return this.#subscriptions.list();
  }

  listShares(subscription: SubscriptionId): Promise<readonly Share[]> {
    return this.#shares.list(subscription);
  }

  activate(subscription: SubscriptionId): Promise<void> {
    return this.#subscriptions.activate(subscription);
  }

  dropSubscription(subscription: SubscriptionId): Promise<void> {
    return this.#subscriptions.drop(subscription);
  }

  resetSubscription(subscription: SubscriptionId): Promise<void> {
    return this.#subscriptions.reset(subscription);
  }

  redefine(subscription: SubscriptionId, definition: string): Promise<void> {
    return this.#subscriptions.redefine(subscription, definition);
  }

  replaceSubscription(subscription: SubscriptionId, replacement: SubscriptionId, definition: string): Promise<boolean> {
    return this.#subscriptions.replace(subscription, replacement, definition);
  }

  setStopped(subscription: SubscriptionId, stopped: StopReason | undefined): Promise<void> {
    return this.#subscriptions.setStopped(subscription, stopped);
  }

  announceMember(member: GroupMember, now: number): Promise<void> {
    const { id, subscriptions, expiresAt } = member;
    return this.#access.work(async () => {
      const { values, subjects } = this.#access;
      const known = await values.list(subjects.members);
      const expired = known.filter((value) => memberOf(value).expiresAt <= now && memberOf(value).id !== id);
      for (const { subject, sequence } of expired)
        await values.write([{ subject, guard: sequence, record: undefined }]);
      await values.write([{ subject: subjects.member(id), record: { id, subscriptions, expiresAt } }]);
    });
  }

  removeMember(member: string): Promise<void> {
    return this.#access.work(async () => {
      await this.#access.write([{ subject: this.#access.subjects.member(member), record: undefined }]);
    });
  }

  listMembers(now: number): Promise<readonly GroupMember[]> {
    return this.#access.work(async () => {
      const { values, subjects } = this.#access;
      return currentMembers((await values.list(subjects.members)).map(memberOf), now);
    });
  }

  claimShare(share: ShareToken, member: string, now: number, expiresAt: number): Promise<Share | undefined> {
    return this.#shares.claim(share, member, now, expiresAt);
  }

  renewShares<Held extends ShareToken>(shares: readonly Held[], expiresAt: number): Promise<readonly Held[]> {
    return this.#shares.renew(shares, expiresAt);
  }

  releaseShares(shares: readonly ShareToken[]): Promise<void> {
    return this.#shares.release(shares);
  }

  commit(commit: ProcessorCommit): Promise<void> {
    return this.#access.change(async () => {
      refuseTables(commit.fences[0]?.subscription, commit.statements);
      return commitPage(this.#access, this.#shares, commit);
    });
  }

  readDocument(subscription: SubscriptionId, key: string): Promise<StoredDocument | undefined> {
    return this.#access.work(async () => {
      const { values, subjects } = this.#access;
      const found = await this.#access.version(subscription);
      if (found === undefined) return undefined;
      const { value } = await values.get(subjects.document(found.id, key));
      return value === undefined ? undefined : documentOf(value);
    });
  }

  readDocuments(subscription: SubscriptionId, keys: readonly string[]): Promise<readonly StoredDocument[]> {
    return this.#access.work(async () => {
      const { values, subjects } = this.#access;
      const found = await this.#access.version(subscription);
      if (found === undefined || keys.length === 0) return [];
      const documents = new Set(keys.map((key) => subjects.document(found.id, key)));
      return (await values.getAll([...documents])).map(documentOf);
    });
  }

  listDocuments(subscription: SubscriptionId, options?: ListDocumentsOptions): Promise<readonly StoredDocument[]> {
    return this.#access.work(async () => {
      const { values, subjects } = this.#access;
      const found = await this.#access.version(subscription);
      if (found === undefined) return [];
      return listedDocuments((await values.list(subjects.documents(found.id))).map(documentOf), options);
    });
  }

  listParked(filter: ParkedFilter = {}): Promise<readonly ParkedEvent[]> {
    return this.#parked.list(filter);
  }

  requestRetry(subscription: SubscriptionId, key: string): Promise<number> {
    return this.#parked.requestRetry(subscription, key);
  }

  dropParked(subscription: SubscriptionId, key: string, which: 'first' | 'all'): Promise<number> {
    return this.#parked.drop(subscription, key, which);
  }

  listDeadlines(subscription: SubscriptionId, options?: ListDeadlinesOptions): Promise<readonly StoredDeadline[]> {
    return this.#access.work(async () => {
      const { values, subjects } = this.#access;
      const found = await this.#access.version(subscription);
      if (found === undefined) return [];
      const stored = await values.list(subjects.deadlines(found.id));
      return listedDeadlines(
        stored.map((value) => deadlineOf(subscription, value)),
        options,
      );
    });
  }

  awaitChange(signal?: AbortSignal): Promise<void> {
    return this.#access.awaitChange(signal);
  }
}
