/**
 * The storage for processors in a SQLite file (src/core/processors/processor-store.ts). A commit joins the group commit
 * of the file, so that read models, process managers and commands share transactions.
 */
import type { Database } from 'better-sqlite3';
import { DEFAULT_LIST_LIMIT } from '../../../core/limits.ts';
import { encodeStopReason } from '../../../core/processors/fields.ts';
import type {
  GroupMember,
  InlineProjection,
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
  TableReading,
} from '../../../core/processors/processor-store.ts';
import { isAsFar, newToken } from '../../../core/processors/share-progress.ts';
import { claimed } from '../../../core/processors/share-state.ts';
import type { CommitSignal } from '../../../core/storage/commit-signal.ts';
import { commitPage, idOf } from './processors-commit.ts';
import { type EventReader, projectInline, projectPage } from './processors-inline.ts';
import { deadlineOf, documentOf, memberOf, parkedOf, recordOf, setupOf, shareOf } from './processors-rows.ts';
import { PROCESSOR_MIGRATIONS } from './processors-schema.ts';
import { type ProcessorStatements, prepareProcessorStatements } from './processors-statements.ts';
import { TableStatements } from './processors-tables.ts';
import { readDialect } from './read-dialect.ts';

/** The parts of the open file that the processors use. */
export interface ProcessorFile {
  readonly name: string;
  readonly database: Database;
  readonly commits: CommitSignal;
  /** Calls `run` in a transaction of the group commit. The promise resolves to its result after the commit. */
  write<Result>(run: () => Result): Promise<Result>;
  read<Result>(read: () => Result): Promise<Result>;
  readonly events: EventReader;
}

const FORMAT = 'decidable_processors';

export class SqliteProcessors implements ProcessorStore {
  readonly capabilities: ProcessorCapabilities = { documents: true, tables: true, inline: true };
  readonly tables: TableReading;
  readonly #file: ProcessorFile;
  #prepared: ProcessorStatements | undefined;
  readonly #projections = new Set<InlineProjection>();
  readonly #tables: TableStatements;
  #catchingUp: Promise<void> | undefined;

  constructor(file: ProcessorFile) {
    this.#file = file;
    this.#tables = new TableStatements(file.database);
    this.tables = { readDialect: () => readDialect(file.name, file.database) };
  }

  async openSubscription({
    subscription: { name, version },
    kind,
    shares,
    definition,
    tables,
    continues = false,
  }: NewSubscription): Promise<SubscriptionRecord> {
    const row = await this.#file.write(() => {
      const statements = this.#create();
      const existing = statements.subscription.get(name, version);
      if (existing !== undefined) return existing;
      const previous = statements.activeVersion.get(name);
      const text = tables === undefined ? null : JSON.stringify(tables);
      if (continues && previous?.[1] === kind) {
        const [id] = previous;
        const held = statements.shares.all(id).map((row) => shareOf({ name, version }, row));
        statements.renameSubscription.run(name, version, definition, 1, text, id);
        statements.freeShares.run(Number(newToken(held)), id);
        return statements.subscription.get(name, version)!;
      }
      const active = previous === undefined ? 1 : 0;
      const { lastInsertRowid } = statements.addSubscription.run(name, version, kind, shares, definition, active, text);
      this.#tables.run(tables?.create ?? []);
      for (let share = 0; share < shares; share++) statements.addShare.run(Number(lastInsertRowid), share);
      return statements.subscription.get(name, version)!;
    });
    return recordOf(row);
  }

  inline(projection: InlineProjection): () => void {
    this.#projections.add(projection);
    return () => this.#projections.delete(projection);
  }

  /**
   * Updates the inline read models. It must be called in the transaction of an append, after its events were written.
   * @throws InlineRefusal, InlineBehind
   */
  project(): void {
    if (this.#projections.size === 0) return;
    const statements = this.#create();
    for (const projection of this.#projections) projectInline(statements, this.#tables, projection, this.#file.events);
  }

  /**
   * Applies the events that inline read models have missed, in separate transactions. Concurrent calls share the work.
   */
  catchUpInline(): Promise<void> {
    this.#catchingUp ??= this.#catchUpInline().finally(() => {
      this.#catchingUp = undefined;
    });
    return this.#catchingUp;
  }

  async #catchUpInline(): Promise<void> {
    for (const projection of this.#projections) {
      for (let isDone = false; !isDone; ) {
        isDone = await this.#file.write(() => projectPage(this.#create(), this.#tables, projection, this.#file.events));
      }
    }
  }

  async listSubscriptions(): Promise<readonly SubscriptionRecord[]> {
    return this.#read((statements) => statements.subscriptions.all().map(recordOf), []);
  }

  async listShares(subscription: SubscriptionId): Promise<readonly Share[]> {
    return this.#read((statements) => {
      const id = idOf(statements, subscription);
      return id === undefined ? [] : statements.shares.all(id).map((row) => shareOf(subscription, row));
    }, []);
  }

  async activate(subscription: SubscriptionId): Promise<void> {
    await this.#change(subscription, (statements, id) => {
      statements.deactivate.run(subscription.name);
      statements.activate.run(id);
    });
  }

  async dropSubscription(subscription: SubscriptionId): Promise<void> {
    await this.#change(subscription, (statements, id) => {
      this.#tables.run(setupOf(statements.subscription.get(subscription.name, subscription.version))?.drop ?? []);
      for (const drop of statements.dropContents) drop.run(id);
      statements.dropShares.run(id);
      statements.dropSubscription.run(id);
    });
  }

  async resetSubscription(subscription: SubscriptionId): Promise<void> {
    await this.#change(subscription, (statements, id) => {
      const tables = setupOf(statements.subscription.get(subscription.name, subscription.version));
      this.#tables.run([...(tables?.drop ?? []), ...(tables?.create ?? [])]);
      for (const drop of statements.dropContents) drop.run(id);
      statements.resetShares.run(id);
      statements.setStopped.run(null, id);
    });
  }

  async redefine(subscription: SubscriptionId, definition: string): Promise<void> {
    await this.#change(subscription, (statements, id) => {
      statements.redefine.run(definition, id);
    });
  }

  async replaceSubscription(
    subscription: SubscriptionId,
    replacement: SubscriptionId,
    definition: string,
  ): Promise<boolean> {
    const { name, version } = subscription;
    return this.#file.write(() => {
      const statements = this.#create();
      const old = statements.subscription.get(name, version);
      const built = statements.subscription.get(replacement.name, replacement.version);
      if (old === undefined || built === undefined) return false;
      const [oldId, builtId] = [old[0], built[0]];
      const oldShares = statements.shares.all(oldId).map((row) => shareOf(subscription, row));
      const shares = statements.shares.all(builtId).map((row) => shareOf(replacement, row));
      if (!isAsFar(shares, oldShares)) return false;
      const replacing = setupOf(built)?.replacing;
      this.#tables.run([...(setupOf(old)?.drop ?? []), ...(replacing?.rename ?? [])]);
      for (const drop of statements.dropContents) drop.run(oldId);
      statements.dropShares.run(oldId);
      statements.dropSubscription.run(oldId);
      const active = old[6];
      const tables = replacing === undefined ? null : JSON.stringify(replacing.setup);
      statements.renameSubscription.run(name, version, definition, active, tables, builtId);
      statements.freeShares.run(Number(newToken([...oldShares, ...shares])), builtId);
      return true;
    });
  }

  async setStopped(subscription: SubscriptionId, reason: StopReason | undefined): Promise<void> {
    await this.#change(subscription, (statements, id) => {
      statements.setStopped.run(reason === undefined ? null : encodeStopReason(reason), id);
    });
  }

  async announceMember({ id, subscriptions, expiresAt }: GroupMember, now: number): Promise<void> {
    await this.#file.write(() => {
      const statements = this.#create();
      statements.forgetMembers.run(Math.floor(now));
      statements.announce.run(id, JSON.stringify(subscriptions), Math.ceil(expiresAt));
    });
  }

  async removeMember(member: string): Promise<void> {
    await this.#file.write(() => {
      this.#create().removeMember.run(member);
    });
  }

  async listMembers(now: number): Promise<readonly GroupMember[]> {
    return this.#read((statements) => statements.members.all(Math.floor(now)).map(memberOf), []);
  }

  async claimShare(given: ShareToken, member: string, now: number, expiresAt: number): Promise<Share | undefined> {
    return this.#change(given.subscription, (statements, id) => {
      const row = statements.share.get(id, given.share);
      const before = row === undefined ? undefined : shareOf(given.subscription, row);
      const share = claimed(before, given, member, now, Math.ceil(expiresAt));
      if (share !== undefined) statements.claimShare.run(member, Number(share.token), share.expiresAt, id, share.share);
      return share;
    });
  }

  async renewShares<Held extends ShareToken>(shares: readonly Held[], expiresAt: number): Promise<readonly Held[]> {
    return this.#file.write(() => {
      const statements = this.#create();
      return shares.filter(({ subscription, share, token }) => {
        const id = idOf(statements, subscription);
        if (id === undefined) return false;
        return statements.renewShare.run(Math.ceil(expiresAt), id, share, Number(token)).changes > 0;
      });
    });
  }

  async releaseShares(shares: readonly ShareToken[]): Promise<void> {
    if (shares.length === 0) return;
    await this.#file.write(() => {
      const statements = this.#create();
      for (const { subscription, share, token } of shares) {
        const id = idOf(statements, subscription);
        if (id !== undefined) statements.releaseShare.run(id, share, Number(token));
      }
    });
  }

  async commit(commit: ProcessorCommit): Promise<void> {
    await this.#file.write(() => commitPage(this.#create(), this.#tables, commit));
  }

  async readDocument(subscription: SubscriptionId, key: string): Promise<StoredDocument | undefined> {
    return this.#read((statements) => {
      const id = idOf(statements, subscription);
      const row = id === undefined ? undefined : statements.document.get(id, key);
      return row === undefined ? undefined : documentOf(row);
    }, undefined);
  }

  async readDocuments(subscription: SubscriptionId, keys: readonly string[]): Promise<readonly StoredDocument[]> {
    return this.#read((statements) => {
      const id = idOf(statements, subscription);
      return id === undefined ? [] : statements.documents.all(id, JSON.stringify(keys)).map(documentOf);
    }, []);
  }

  async listDocuments(
    subscription: SubscriptionId,
    { from, to, after, limit = DEFAULT_LIST_LIMIT }: ListDocumentsOptions = {},
  ): Promise<readonly StoredDocument[]> {
    return this.#read((statements) => {
      const id = idOf(statements, subscription);
      if (id === undefined) return [];
      return statements.listDocuments.all(id, ...twice(from), ...twice(to), ...twice(after), limit).map(documentOf);
    }, []);
  }

  async listParked(filter: ParkedFilter = {}): Promise<readonly ParkedEvent[]> {
    const { subscription, key = null, requested = null, after, limit = DEFAULT_LIST_LIMIT } = filter;
    const [name, version] = [subscription?.name ?? null, subscription?.version ?? null];
    const place = after?.subscription;
    return this.#read(
      (statements) =>
        statements.listParked
          .all(
            name,
            name,
            version,
            version,
            key,
            key,
            requested,
            requested,
            place?.name ?? null,
            place?.name ?? null,
            place?.version ?? null,
            after?.key ?? null,
            after === undefined ? null : Number(after.position),
            limit,
          )
          .map(([id, key, share, event, reason, attempts, parkedAt, requested, name, version]) =>
            parkedOf({ name, version }, [id, key, share, event, reason, attempts, parkedAt, requested]),
          ),
      [],
    );
  }

  async requestRetry(subscription: SubscriptionId, key: string): Promise<number> {
    let events = 0;
    await this.#change(subscription, (statements, id) => {
      events = statements.requestRetry.run(id, key).changes;
    });
    return events;
  }

  async dropParked(subscription: SubscriptionId, key: string, which: 'first' | 'all'): Promise<number> {
    let dropped = 0;
    await this.#change(subscription, (statements, id) => {
      const { changes } =
        which === 'all' ? statements.dropParked.run(id, key) : statements.dropFirstParked.run(id, key, id, key);
      dropped = changes;
    });
    return dropped;
  }

  async listDeadlines(
    subscription: SubscriptionId,
    options: ListDeadlinesOptions = {},
  ): Promise<readonly StoredDeadline[]> {
    const { after, limit = DEFAULT_LIST_LIMIT } = options;
    const shares = options.shares === undefined ? null : JSON.stringify(options.shares);
    const dueBefore = options.dueBefore ?? null;
    return this.#read((statements) => {
      const id = idOf(statements, subscription);
      if (id === undefined) return [];
      const [time, stream, own] = [after?.dueAt ?? null, after?.stream ?? null, after?.id ?? null];
      const range = [shares, shares, dueBefore, dueBefore, time, time, stream, own] as const;
      const found = statements.listDeadlines.all(id, ...range, limit);
      return found.map((row) => deadlineOf(subscription, row));
    }, []);
  }

  async awaitChange(signal?: AbortSignal): Promise<void> {
    await this.#file.commits.wait(this.#file.commits.count, signal);
  }

  #change<Result>(
    subscription: SubscriptionId,
    change: (statements: ProcessorStatements, id: number) => Result,
  ): Promise<Result | undefined> {
    return this.#file.write(() => {
      const statements = this.#create();
      const id = idOf(statements, subscription);
      return id === undefined ? undefined : change(statements, id);
    });
  }

  async #read<Result>(read: (statements: ProcessorStatements) => Result, absent: Result): Promise<Result> {
    return this.#file.read(() => {
      const statements = this.#existing();
      return statements === undefined ? absent : read(statements);
    });
  }

  /** Returns the statements, or `undefined` if the file has no tables of processors yet. */
  #existing(): ProcessorStatements | undefined {
    if (this.#prepared !== undefined) return this.#prepared;
    if (formatOf(this.#file.database) === 0) return undefined;
    this.#prepared = prepareProcessorStatements(this.#file.database);
    return this.#prepared;
  }

  /** Creates the tables if they are missing. It must be called in a write transaction. */
  #create(): ProcessorStatements {
    if (this.#prepared !== undefined) return this.#prepared;
    const { database } = this.#file;
    const format = formatOf(database);
    for (let version = format; version < PROCESSOR_MIGRATIONS.length; version++) {
      for (const step of PROCESSOR_MIGRATIONS[version]!) database.exec(step.compile().sql);
    }
    if (format < PROCESSOR_MIGRATIONS.length) {
      database.exec(`create table if not exists ${FORMAT} (version integer not null) strict`);
      database.exec(`delete from ${FORMAT}`);
      database.exec(`insert into ${FORMAT} values (${PROCESSOR_MIGRATIONS.length})`);
    }
    // The statements are not cached, because the tables do not exist if this transaction is rolled back.
    return prepareProcessorStatements(database);
  }
}

/** Returns the value twice, to bind it to a condition of `unless`. */
function twice(value: string | undefined): [string | null, string | null] {
  return [value ?? null, value ?? null];
}

function formatOf(database: Database): number {
  const exists = database.prepare("select 1 from sqlite_master where type = 'table' and name = ?").get(FORMAT);
  if (exists === undefined) return 0;
  return database.prepare<[], number>(`select version from ${FORMAT}`).pluck().get() ?? 0;
}
