/**
 * The versions of processors. All versions of a name are one value. A change of a version that takes its shares from
 * their holders also writes the value of the shares, in the same atomic batch.
 */
import { refuseTables } from '../../../core/processors/capabilities.ts';
import { sortedSubscriptions } from '../../../core/processors/listing.ts';
import type {
  NewSubscription,
  StopReason,
  SubscriptionId,
  SubscriptionRecord,
} from '../../../core/processors/processor-store.ts';
import { isAsFar, newToken } from '../../../core/processors/share-progress.ts';
import { NEW_SHARE } from '../../../core/processors/share-state.ts';
import { uuidV4 } from '../../../core/uuid.ts';
import { CONFLICT, type ProcessorAccess, type StoredVersions } from './processors-access.ts';
import type { Shares } from './processors-shares.ts';
import { recordOf, type Version, versionsValue } from './processors-values.ts';
import type { NewValue } from './state-values.ts';

export class Subscriptions {
  readonly #access: ProcessorAccess;
  readonly #shares: Shares;

  constructor(access: ProcessorAccess, shares: Shares) {
    this.#access = access;
    this.#shares = shares;
  }

  open({
    subscription: { name, version },
    kind,
    shares,
    definition,
    tables,
    continues = false,
  }: NewSubscription): Promise<SubscriptionRecord> {
    return this.#access.change(async () => {
      refuseTables({ name, version }, tables);
      const stored = await this.#access.versions(name);
      const existing = stored.versions.find((other) => other.version === version);
      if (existing !== undefined) return recordOf(name, existing);
      const previous = stored.versions.find(({ active }) => active);
      if (continues && previous?.kind === kind) {
        const next = { ...previous, version, definition, stopped: undefined };
        const held = await this.#shares.read(previous.id);
        const values = [
          this.#replaced(stored, [...stored.versions.filter((other) => other !== previous), next]),
          this.#shares.freed(previous.id, held, newToken(held.shares)),
        ];
        return (await this.#access.write(values)) === CONFLICT ? CONFLICT : recordOf(name, next);
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
        this.#shares.created(
          opened.id,
          Array.from({ length: shares }, () => NEW_SHARE),
        ),
      ];
      return (await this.#access.write(values)) === CONFLICT ? CONFLICT : recordOf(name, opened);
    });
  }

  list(): Promise<readonly SubscriptionRecord[]> {
    return this.#access.work(async () =>
      sortedSubscriptions(
        (await this.#access.allVersions()).flatMap(({ name, versions }) =>
          versions.map((version) => recordOf(name, version)),
        ),
      ),
    );
  }

  activate(subscription: SubscriptionId): Promise<void> {
    return this.#change(subscription, (versions, found) =>
      versions.map((version) => ({ ...version, active: version === found })),
    );
  }

  redefine(subscription: SubscriptionId, definition: string): Promise<void> {
    return this.#change(subscription, (versions, found) =>
      versions.map((version) => (version === found ? { ...version, definition } : version)),
    );
  }

  setStopped(subscription: SubscriptionId, stopped: StopReason | undefined): Promise<void> {
    return this.#change(subscription, (versions, found) =>
      versions.map((version) => (version === found ? { ...version, stopped } : version)),
    );
  }

  async drop({ name, version }: SubscriptionId): Promise<void> {
    const dropped = await this.#access.change(async () => {
      const stored = await this.#access.versions(name);
      const found = stored.versions.find((other) => other.version === version);
      if (found === undefined) return undefined;
      const rest = stored.versions.filter((other) => other !== found);
      const values = [this.#replaced(stored, rest), this.#shares.deleted(found.id, await this.#shares.read(found.id))];
      return (await this.#access.write(values)) === CONFLICT ? CONFLICT : found.id;
    });
    await this.#purge(dropped);
  }

  async reset({ name, version }: SubscriptionId): Promise<void> {
    const reset = await this.#access.change(async () => {
      const stored = await this.#access.versions(name);
      const found = stored.versions.find((other) => other.version === version);
      if (found === undefined) return undefined;
      const held = await this.#shares.read(found.id);
      const again = { ...found, id: newId(), stopped: undefined };
      const values = [
        this.#replaced(
          stored,
          stored.versions.map((other) => (other === found ? again : other)),
        ),
        this.#shares.deleted(found.id, held),
        this.#shares.created(
          again.id,
          held.shares.map(({ token }) => ({ ...NEW_SHARE, token: token + 1n })),
        ),
      ];
      return (await this.#access.write(values)) === CONFLICT ? CONFLICT : found.id;
    });
    await this.#purge(reset);
  }

  async replace(subscription: SubscriptionId, replacement: SubscriptionId, definition: string): Promise<boolean> {
    const replaced = await this.#access.change(async () => {
      const stored = await this.#access.versions(subscription.name);
      const others = await this.#access.versions(replacement.name);
      const old = stored.versions.find(({ version }) => version === subscription.version);
      const built = others.versions.find(({ version }) => version === replacement.version);
      if (old === undefined || built === undefined) return undefined;
      const [oldShares, builtShares] = [await this.#shares.read(old.id), await this.#shares.read(built.id)];
      if (!isAsFar(builtShares.shares, oldShares.shares)) return undefined;
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
        this.#shares.deleted(old.id, oldShares),
        this.#shares.freed(built.id, builtShares, newToken([...oldShares.shares, ...builtShares.shares])),
      ];
      return (await this.#access.write(values)) === CONFLICT ? CONFLICT : old.id;
    });
    await this.#purge(replaced);
    return replaced !== undefined;
  }

  #change(
    { name, version }: SubscriptionId,
    change: (versions: readonly Version[], found: Version) => readonly Version[],
  ): Promise<void> {
    return this.#access.change(async () => {
      const stored = await this.#access.versions(name);
      const found = stored.versions.find((other) => other.version === version);
      if (found === undefined) return undefined;
      const written = await this.#access.write([this.#replaced(stored, change(stored.versions, found))]);
      return written === CONFLICT ? CONFLICT : undefined;
    });
  }

  #replaced({ name, sequence }: StoredVersions, versions: readonly Version[]): NewValue {
    return versionsValue(this.#access.subjects.versions(name), sequence, { name, versions });
  }

  /** Deletes the contents of a version. They are deleted after its record, because they cannot be found without it. */
  async #purge(id: string | undefined): Promise<void> {
    if (id === undefined) return;
    const { values, subjects } = this.#access;
    await this.#access.work(async () => {
      for (const filter of subjects.contents(id)) await values.purge(filter);
    });
  }
}

function newId(): string {
  return uuidV4().replaceAll('-', '');
}
