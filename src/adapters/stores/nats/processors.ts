/**
 * The storage of processors on a NATS server (src/core/processors/processor-store.ts, docs/decisions.md §61).
 *
 * The shares of a version are one value. A commit replaces it under a guard, together with the documents, parked events
 * and deadlines, in one atomic batch. Every operation that removes shares from their members replaces or deletes the
 * same value, so the commit of a member that has lost a share fails.
 */
import { compareUtf8 } from '../../../core/codec/values.ts';
import {
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
import { uuidV4 } from '../../../core/uuid.ts';
import type { Follower } from './follower.ts';
import { changedValues } from './processors-commit.ts';
import {
  deadlineOf,
  documentOf,
  memberOf,
  type ProcessorSubjects,
  parkedOf,
  parkedValue,
  recordOf,
  type ShareState,
  sharesOf,
  sharesValue,
  type Version,
  type Versions,
  versionsOf,
  versionsValue,
} from './processors-values.ts';
import type { NewValue, StateValues } from './state-values.ts';
import { subscriptionName } from './subscription-name.ts';

type HeldShare = Pick<Share, 'subscription' | 'share' | 'token'>;

const DEFAULT_LIMIT = 100;

/** The versions of a name, and the guard of their next change. */
interface StoredVersions extends Versions {
  readonly sequence: number;
}

interface StoredShares {
  readonly sequence: number;
  readonly shares: readonly ShareState[];
}

/** The shares of a version before and after a commit. */
interface ShareMove {
  readonly id: string;
  readonly before: readonly ShareState[];
  readonly after: readonly ShareState[];
  /** The guard of the next batch. */
  sequence: number;
}

export interface ProcessorParts {
  readonly values: StateValues;
  readonly subjects: ProcessorSubjects;
  readonly follower: Follower;
  /** Refuses a call after the store was closed, counts it as work of the store, and converts its errors. */
  readonly work: <Result>(call: () => Promise<Result>) => Promise<Result>;
}

export class NatsProcessors implements ProcessorStore {
  readonly capabilities: ProcessorCapabilities = { documents: true, tables: false, inline: false };
  readonly #parts: ProcessorParts;
  /** The ids of versions and the shares that this process read last. Guards detect whether they are outdated. */
  readonly #ids = new Map<string, string>();
  readonly #shares = new Map<string, StoredShares>();

  constructor(parts: ProcessorParts) {
    this.#parts = parts;
  }

  openSubscription({
    subscription: { name, version },
    kind,
    shares,
    definition,
    continues = false,
  }: NewSubscription): Promise<SubscriptionRecord> {
    return this.#retrying(async () => {
      const stored = await this.#versions(name);
      const existing = stored.versions.find((other) => other.version === version);
      if (existing !== undefined) return recordOf(name, existing);
      const previous = stored.versions.find(({ active }) => active);
      if (continues && previous?.kind === kind) {
        const next = { ...previous, version, definition, stopped: undefined };
        const held = await this.#sharesOf(previous.id);
        const values = [
          this.#replaced(stored, [...stored.versions.filter((other) => other !== previous), next]),
          this.#freed(previous.id, held, newToken(held.shares)),
        ];
        return (await this.#write(values)) === undefined ? undefined : recordOf(name, next);
      }
      const opened: Version = {
        id: newId(),
        version,
        kind,
        shares,
        definition,
        active: previous === undefined,
        stopped: undefined,
      };
      const values = [
        this.#replaced(stored, [...stored.versions, opened]),
        sharesValue(
          this.#parts.subjects.shares(opened.id),
          0,
          Array.from({ length: shares }, () => FREE),
        ),
      ];
      return (await this.#write(values)) === undefined ? undefined : recordOf(name, opened);
    });
  }

  listSubscriptions(): Promise<readonly SubscriptionRecord[]> {
    return this.#parts.work(async () =>
      (await this.#allVersions())
        .flatMap(({ name, versions }) => versions.map((version) => recordOf(name, version)))
        .sort((a, b) => compareSubscriptions(a.subscription, b.subscription)),
    );
  }

  listShares(subscription: SubscriptionId): Promise<readonly Share[]> {
    return this.#parts.work(async () => {
      const found = await this.#version(subscription);
      if (found === undefined) return [];
      const { shares } = await this.#sharesOf(found.id);
      return shares.map((state, share) => ({ subscription, share, ...state }));
    });
  }

  activate(subscription: SubscriptionId): Promise<void> {
    return this.#changeVersions(subscription, (versions) =>
      versions.map((version) => ({ ...version, active: version.version === subscription.version })),
    );
  }

  redefine(subscription: SubscriptionId, definition: string): Promise<void> {
    return this.#changeVersions(subscription, (versions, found) =>
      versions.map((version) => (version === found ? { ...version, definition } : version)),
    );
  }

  setStopped(subscription: SubscriptionId, stopped: StopReason | undefined): Promise<void> {
    return this.#changeVersions(subscription, (versions, found) =>
      versions.map((version) => (version === found ? { ...version, stopped } : version)),
    );
  }

  async dropSubscription(subscription: SubscriptionId): Promise<void> {
    const dropped = await this.#retrying(async () => {
      const stored = await this.#versions(subscription.name);
      const found = stored.versions.find(({ version }) => version === subscription.version);
      if (found === undefined) return NOTHING;
      const values = [
        this.#replaced(
          stored,
          stored.versions.filter((version) => version !== found),
        ),
        this.#deletedShares(found.id, await this.#sharesOf(found.id)),
      ];
      return (await this.#write(values)) === undefined ? undefined : found.id;
    });
    if (dropped !== NOTHING) await this.#purge(dropped);
  }

  async resetSubscription(subscription: SubscriptionId): Promise<void> {
    const reset = await this.#retrying(async () => {
      const stored = await this.#versions(subscription.name);
      const found = stored.versions.find(({ version }) => version === subscription.version);
      if (found === undefined) return NOTHING;
      const held = await this.#sharesOf(found.id);
      const again = { ...found, id: newId(), stopped: undefined };
      const free = held.shares.map(({ token }) => ({ ...FREE, token: token + 1n }));
      const values = [
        this.#replaced(
          stored,
          stored.versions.map((version) => (version === found ? again : version)),
        ),
        this.#deletedShares(found.id, held),
        sharesValue(this.#parts.subjects.shares(again.id), 0, free),
      ];
      return (await this.#write(values)) === undefined ? undefined : found.id;
    });
    if (reset !== NOTHING) await this.#purge(reset);
  }

  async replaceSubscription(
    subscription: SubscriptionId,
    replacement: SubscriptionId,
    definition: string,
  ): Promise<boolean> {
    const replaced = await this.#retrying(async () => {
      const stored = await this.#versions(subscription.name);
      const others = await this.#versions(replacement.name);
      const old = stored.versions.find(({ version }) => version === subscription.version);
      const built = others.versions.find(({ version }) => version === replacement.version);
      if (old === undefined || built === undefined) return NOTHING;
      const [oldShares, builtShares] = [await this.#sharesOf(old.id), await this.#sharesOf(built.id)];
      if (!isAsFar(builtShares.shares, oldShares.shares)) return NOTHING;
      const next = { ...old, id: built.id, shares: built.shares, definition, stopped: undefined };
      const put = (versions: readonly Version[]): readonly Version[] =>
        versions.map((version) => (version === old ? next : version));
      const without = (versions: readonly Version[]): readonly Version[] =>
        versions.filter(({ version }) => version !== replacement.version);
      const records =
        subscription.name === replacement.name
          ? [this.#replaced(stored, without(put(stored.versions)))]
          : [this.#replaced(stored, put(stored.versions)), this.#replaced(others, without(others.versions))];
      const values = [
        ...records,
        this.#deletedShares(old.id, oldShares),
        this.#freed(built.id, builtShares, newToken([...oldShares.shares, ...builtShares.shares])),
      ];
      return (await this.#write(values)) === undefined ? undefined : old.id;
    });
    if (replaced !== NOTHING) await this.#purge(replaced);
    return replaced !== NOTHING;
  }

  announceMember(member: GroupMember, now: number): Promise<void> {
    const { id, subscriptions, expiresAt } = member;
    return this.#parts.work(async () => {
      const { values, subjects } = this.#parts;
      const known = await values.list(subjects.members);
      const expired = known.filter((value) => memberOf(value).expiresAt <= now && memberOf(value).id !== id);
      for (const { subject, sequence } of expired)
        await values.write([{ subject, guard: sequence, record: undefined }]);
      await values.write([{ subject: subjects.member(id), record: { id, subscriptions, expiresAt } }]);
    });
  }

  removeMember(member: string): Promise<void> {
    return this.#parts.work(async () => {
      await this.#write([{ subject: this.#parts.subjects.member(member), record: undefined }]);
    });
  }

  listMembers(now: number): Promise<readonly GroupMember[]> {
    return this.#parts.work(async () =>
      (await this.#parts.values.list(this.#parts.subjects.members))
        .map(memberOf)
        .filter(({ expiresAt }) => expiresAt > now)
        .sort((a, b) => compareUtf8(a.id, b.id)),
    );
  }

  async claimShare(
    { subscription, share, token }: HeldShare,
    member: string,
    now: number,
    expiresAt: number,
  ): Promise<Share | undefined> {
    const claimed = await this.#changeShares(subscription, (shares) => {
      const before = shares[share];
      if (before === undefined || before.token !== token) return undefined;
      if (before.holder !== undefined && before.holder !== member && before.expiresAt > now) return undefined;
      return shares.with(share, { ...before, holder: member, token: token + 1n, expiresAt });
    });
    const state = claimed?.[share];
    return state === undefined ? undefined : { subscription, share, ...state };
  }

  async renewShares<Held extends HeldShare>(shares: readonly Held[], expiresAt: number): Promise<readonly Held[]> {
    const renewed: Held[] = [];
    for (const [subscription, held] of bySubscription(shares)) {
      let still: readonly Held[] = [];
      await this.#changeShares(subscription, (states) => {
        still = held.filter((one) => isHeld(states[one.share], one));
        if (still.length === 0) return undefined;
        const numbers = new Set(still.map(({ share }) => share));
        return states.map((state, share) => (numbers.has(share) ? { ...state, expiresAt } : state));
      });
      renewed.push(...still);
    }
    return shares.filter((share) => renewed.includes(share));
  }

  async releaseShares(shares: readonly HeldShare[]): Promise<void> {
    for (const [subscription, held] of bySubscription(shares)) {
      await this.#changeShares(subscription, (states) => {
        const numbers = new Set(held.filter((one) => isHeld(states[one.share], one)).map(({ share }) => share));
        if (numbers.size === 0) return undefined;
        return states.map((state, share) =>
          numbers.has(share) ? { ...state, holder: undefined, expiresAt: 0 } : state,
        );
      });
    }
  }

  async commit(commit: ProcessorCommit): Promise<void> {
    await this.#retrying(async () => {
      const ids = new Map<string, string>();
      const moves: ShareMove[] = [];
      for (const [subscription, fences] of bySubscription(commit.fences)) {
        const id = await this.#idOf(subscription);
        const before = id === undefined ? undefined : await this.#knownShares(id);
        const lost = fences.find((fence) => {
          const state = before?.shares[fence.share];
          return !isHeld(state, fence) || state?.checkpoint !== fence.before;
        });
        if (lost !== undefined) throw new FencedError(lost);
        if (id === undefined || before === undefined) continue;
        ids.set(subscriptionName(subscription), id);
        const moved = new Map(fences.map(({ share, checkpoint }) => [share, checkpoint]));
        const after = before.shares.map((state, share) => {
          const checkpoint = moved.get(share);
          const isLater = checkpoint !== undefined && (state.checkpoint === undefined || checkpoint > state.checkpoint);
          return isLater ? { ...state, checkpoint } : state;
        });
        moves.push({ id, before: before.shares, after, sequence: before.sequence });
      }
      const { values, subjects } = this.#parts;
      const batches = await changedValues(values, subjects, ids, commit);
      for (const [index, changes] of batches.entries()) {
        const isLast = index === batches.length - 1;
        const guarded = moves.map(({ id, before, after, sequence }) =>
          sharesValue(subjects.shares(id), sequence, isLast ? after : before),
        );
        const first = await this.#write([...guarded, ...changes]);
        if (first === undefined) {
          // A lease was renewed, or a share was lost. The stored shares show which.
          for (const { id } of moves) this.#shares.delete(id);
          this.#ids.clear();
          return undefined;
        }
        for (const [place, move] of moves.entries()) {
          move.sequence = first + place;
          this.#shares.set(move.id, { sequence: move.sequence, shares: isLast ? move.after : move.before });
        }
      }
      return true;
    });
  }

  readDocument(subscription: SubscriptionId, key: string): Promise<StoredDocument | undefined> {
    return this.#parts.work(async () => {
      const found = await this.#version(subscription);
      if (found === undefined) return undefined;
      const { value } = await this.#parts.values.get(this.#parts.subjects.document(found.id, key));
      return value === undefined ? undefined : documentOf(value);
    });
  }

  readDocuments(subscription: SubscriptionId, keys: readonly string[]): Promise<readonly StoredDocument[]> {
    return this.#parts.work(async () => {
      const found = await this.#version(subscription);
      if (found === undefined || keys.length === 0) return [];
      const subjects = new Set(keys.map((key) => this.#parts.subjects.document(found.id, key)));
      return (await this.#parts.values.getAll([...subjects])).map(documentOf);
    });
  }

  listDocuments(
    subscription: SubscriptionId,
    { from, to, after, limit = DEFAULT_LIMIT }: ListDocumentsOptions = {},
  ): Promise<readonly StoredDocument[]> {
    return this.#parts.work(async () => {
      const found = await this.#version(subscription);
      if (found === undefined) return [];
      return (await this.#parts.values.list(this.#parts.subjects.documents(found.id)))
        .map(documentOf)
        .filter(
          ({ key }) =>
            (from === undefined || compareUtf8(key, from) >= 0) &&
            (to === undefined || compareUtf8(key, to) < 0) &&
            (after === undefined || compareUtf8(key, after) > 0),
        )
        .sort((a, b) => compareUtf8(a.key, b.key))
        .slice(0, limit);
    });
  }

  listParked(filter: ParkedFilter = {}): Promise<readonly ParkedEvent[]> {
    const { subscription, key, requested, after, limit = DEFAULT_LIMIT } = filter;
    return this.#parts.work(async () => {
      const { values, subjects } = this.#parts;
      const found: ParkedEvent[] = [];
      for (const { name, versions } of await this.#allVersions()) {
        for (const { id, version } of versions) {
          const owner = { name, version };
          if (subscription !== undefined && subscriptionName(owner) !== subscriptionName(subscription)) continue;
          found.push(...(await values.list(subjects.parkedOf(id, key))).map((value) => parkedOf(owner, value)));
        }
      }
      return found
        .filter(
          (event) =>
            (requested === undefined || event.requested === requested) &&
            (after === undefined || compareParked(event, after) > 0),
        )
        .sort((a, b) => compareParked(a, { ...b, position: b.event.context.position }))
        .slice(0, limit);
    });
  }

  requestRetry(subscription: SubscriptionId, key: string): Promise<number> {
    return this.#changeParked(subscription, key, (events) =>
      events.map(({ subject, sequence, event }) => parkedValue(subject, { ...event, requested: 'retry' }, sequence)),
    );
  }

  dropParked(subscription: SubscriptionId, key: string, which: 'first' | 'all'): Promise<number> {
    return this.#changeParked(subscription, key, (events) =>
      (which === 'all' ? events : events.slice(0, 1)).map(({ subject, sequence }) => ({
        subject,
        guard: sequence,
        record: undefined,
      })),
    );
  }

  listDeadlines(
    subscription: SubscriptionId,
    options: { readonly shares?: readonly number[]; readonly dueBefore?: number; readonly limit?: number } = {},
  ): Promise<readonly StoredDeadline[]> {
    const { shares, dueBefore, limit = DEFAULT_LIMIT } = options;
    return this.#parts.work(async () => {
      const found = await this.#version(subscription);
      if (found === undefined) return [];
      return (await this.#parts.values.list(this.#parts.subjects.deadlines(found.id)))
        .map((value) => deadlineOf(subscription, value))
        .filter(
          ({ share, dueAt }) =>
            (shares === undefined || shares.includes(share)) && (dueBefore === undefined || dueAt < dueBefore),
        )
        .sort((a, b) => a.dueAt - b.dueAt || compareUtf8(a.stream, b.stream) || compareUtf8(a.id, b.id))
        .slice(0, limit);
    });
  }

  async awaitChange(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const { follower, work } = this.#parts;
    const { count } = follower.changes;
    await work(() => follower.start());
    await follower.changes.wait(count, signal);
  }

  /** Repeats a change until no other writer intervenes between its reads and its write. */
  async #retrying<Result>(change: () => Promise<Result | undefined>): Promise<Result> {
    return this.#parts.work(async () => {
      for (;;) {
        const result = await change();
        if (result !== undefined) return result;
        // The random delay keeps two writers from conflicting again each time.
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 4));
      }
    });
  }

  async #changeVersions(
    { name, version }: SubscriptionId,
    change: (versions: readonly Version[], found: Version) => readonly Version[],
  ): Promise<void> {
    await this.#retrying(async () => {
      const stored = await this.#versions(name);
      const found = stored.versions.find((other) => other.version === version);
      if (found === undefined) return true;
      return this.#write([this.#replaced(stored, change(stored.versions, found))]);
    });
  }

  /** Changes the shares of a version. `change` returns `undefined` to change nothing. */
  async #changeShares(
    subscription: SubscriptionId,
    change: (shares: readonly ShareState[]) => readonly ShareState[] | undefined,
  ): Promise<readonly ShareState[] | undefined> {
    const changed = await this.#retrying(async () => {
      const found = await this.#version(subscription);
      if (found === undefined) return NOTHING;
      const before = await this.#sharesOf(found.id);
      const shares = change(before.shares);
      if (shares === undefined) return NOTHING;
      const value = sharesValue(this.#parts.subjects.shares(found.id), before.sequence, shares);
      const sequence = await this.#write([value]);
      if (sequence === undefined) return undefined;
      this.#shares.set(found.id, { sequence, shares });
      return shares;
    });
    return changed === NOTHING ? undefined : changed;
  }

  async #changeParked(
    subscription: SubscriptionId,
    key: string,
    change: (events: readonly { subject: string; sequence: number; event: ParkedEvent }[]) => readonly NewValue[],
  ): Promise<number> {
    return this.#retrying(async () => {
      const found = await this.#version(subscription);
      if (found === undefined) return 0;
      const { values, subjects } = this.#parts;
      const parked = (await values.list(subjects.parkedOf(found.id, key)))
        .map((value) => ({ ...value, event: parkedOf(subscription, value) }))
        .sort((a, b) => (a.event.event.context.position < b.event.event.context.position ? -1 : 1));
      const changes = change(parked);
      if (changes.length === 0) return 0;
      return (await this.#write(changes)) === undefined ? undefined : changes.length;
    });
  }

  async #versions(name: string): Promise<StoredVersions> {
    const { sequence, value } = await this.#parts.values.get(this.#parts.subjects.versions(name));
    const { versions } = value === undefined ? { versions: [] } : versionsOf(value);
    return { name, versions, sequence };
  }

  async #allVersions(): Promise<readonly Versions[]> {
    return (await this.#parts.values.list(this.#parts.subjects.allVersions)).map(versionsOf);
  }

  async #version({ name, version }: SubscriptionId): Promise<Version | undefined> {
    return (await this.#versions(name)).versions.find((other) => other.version === version);
  }

  async #idOf(subscription: SubscriptionId): Promise<string | undefined> {
    const name = subscriptionName(subscription);
    const known = this.#ids.get(name);
    if (known !== undefined && this.#shares.has(known)) return known;
    const id = (await this.#version(subscription))?.id;
    if (id !== undefined) this.#ids.set(name, id);
    return id;
  }

  async #knownShares(id: string): Promise<StoredShares> {
    return this.#shares.get(id) ?? this.#sharesOf(id);
  }

  async #sharesOf(id: string): Promise<StoredShares> {
    const { sequence, value } = await this.#parts.values.get(this.#parts.subjects.shares(id));
    const stored = { sequence, shares: value === undefined ? [] : sharesOf(value) };
    this.#shares.set(id, stored);
    return stored;
  }

  async #write(values: readonly NewValue[]): Promise<number | undefined> {
    const sequence = await this.#parts.values.write(values);
    if (sequence !== undefined) this.#parts.follower.changes.notify();
    return sequence;
  }

  #replaced({ name, sequence }: StoredVersions, versions: readonly Version[]): NewValue {
    return versionsValue(this.#parts.subjects.versions(name), sequence, { name, versions });
  }

  /** Returns the shares of a version without holders, and with a token that no share had before. */
  #freed(id: string, { sequence, shares }: StoredShares, token: bigint): NewValue {
    this.#shares.delete(id);
    const free = shares.map(({ checkpoint }) => ({ ...FREE, checkpoint, token }));
    return sharesValue(this.#parts.subjects.shares(id), sequence, free);
  }

  #deletedShares(id: string, { sequence }: StoredShares): NewValue {
    this.#shares.delete(id);
    return { subject: this.#parts.subjects.shares(id), guard: sequence, record: undefined };
  }

  /** Deletes the contents of a version. They are deleted after its record, because they cannot be found without it. */
  async #purge(id: string): Promise<void> {
    const { values, subjects } = this.#parts;
    await this.#parts.work(async () => {
      for (const filter of subjects.contents(id)) await values.purge(filter);
    });
  }
}

const FREE: ShareState = { checkpoint: undefined, holder: undefined, token: 0n, expiresAt: 0 };

/** The result of a change that does not have to write anything. */
const NOTHING = Symbol('nothing');

function newId(): string {
  return uuidV4().replaceAll('-', '');
}

function isHeld(state: ShareState | undefined, { token }: Pick<Share, 'token'>): boolean {
  return state?.token === token && state.holder !== undefined;
}

function bySubscription<Value extends { readonly subscription: SubscriptionId }>(
  values: readonly Value[],
): Iterable<readonly [SubscriptionId, readonly Value[]]> {
  return Map.groupBy(values, ({ subscription }) => subscriptionName(subscription))
    .values()
    .map((group) => [group[0]!.subscription, group] as const);
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
