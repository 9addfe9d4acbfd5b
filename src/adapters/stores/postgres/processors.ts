/**
 * Storage of processors in the schema of a PostgreSQL store (src/core/processors/processor-store.ts). Kysely builds the
 * statements.
 */
import { type Kysely, sql } from 'kysely';
import { DEFAULT_LIST_LIMIT } from '../../../core/limits.ts';
import { encodeStopReason } from '../../../core/processors/fields.ts';
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
  TableReading,
} from '../../../core/processors/processor-store.ts';
import { isAsFar, newToken } from '../../../core/processors/share-progress.ts';
import type { CommitSignal } from '../../../core/storage/commit-signal.ts';
import { quoted } from '../../../core/storage/sql-identifier.ts';
import { int8Array, textArray } from './binary-arrays.ts';
import { storable } from './columns.ts';
import type { Connection, Transaction } from './connections.ts';
import { commitPage } from './processors-commit.ts';
import {
  deadlineOf,
  documentOf,
  memberOf,
  parkedOf,
  recordOf,
  type SubscriptionRow,
  setupOf,
  shareOf,
  subscriptionOf,
} from './processors-rows.ts';
import type { ProcessorTables } from './processors-schema.ts';
import { Subscriptions } from './processors-subscriptions.ts';
import { runStatements } from './processors-tables.ts';
import { compilerFor } from './schema.ts';

/** The access to the schema that the open store provides. */
export interface ProcessorSchema {
  readonly schema: string;
  readonly commits: CommitSignal;
  readonly tables: TableReading;
  /** Refuses a call if the store is closing. */
  checkOpen(): void;
  /** Runs a transaction, and notifies the callers that wait for a change. It is repeated if it was rolled back. */
  write<Result>(run: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  /** Runs queries that may be repeated. */
  read<Result>(read: (connection: Connection) => Promise<Result>): Promise<Result>;
}

export class PostgresProcessors implements ProcessorStore {
  readonly capabilities: ProcessorCapabilities = { documents: true, tables: true, inline: false };
  readonly tables: TableReading;
  readonly #parts: ProcessorSchema;
  readonly #compiler: Kysely<ProcessorTables>;
  readonly #subscriptions: Subscriptions;

  constructor(parts: ProcessorSchema) {
    this.#parts = parts;
    this.tables = parts.tables;
    this.#compiler = compilerFor<ProcessorTables>(parts.schema);
    this.#subscriptions = new Subscriptions(parts.schema, this.#compiler);
  }

  async openSubscription(given: NewSubscription): Promise<SubscriptionRecord> {
    const { subscription, kind, shares, definition, tables, continues = false } = given;
    const row = await this.#parts.write(async (transaction) => {
      await this.#subscriptions.lockName(transaction, subscription.name);
      const existing = await this.#subscriptions.row(transaction, subscription);
      if (existing !== undefined) return existing;
      const [previous] = await transaction.run(
        this.#compiler
          .selectFrom('subscriptions')
          .selectAll()
          .where('name', '=', storable(subscription.name))
          .where(sql<boolean>`active`),
      );
      const values = {
        name: storable(subscription.name),
        version: storable(subscription.version),
        definition: storable(definition),
        tables: tables === undefined ? null : storable(JSON.stringify(tables)),
      };
      if (continues && previous?.kind === kind) {
        const held = await this.#subscriptions.sharesOf(transaction, subscription, previous.id);
        await this.#subscriptions.rename(transaction, previous.id, { ...values, active: true }, newToken(held));
        return this.#subscriptions.row(transaction, subscription);
      }
      const [added] = await transaction.run(
        this.#compiler
          .insertInto('subscriptions')
          .values({ ...values, kind, shares, active: previous === undefined })
          .returning('id'),
      );
      await runStatements(transaction, this.#parts.schema, tables?.create ?? []);
      await transaction.run(
        this.#compiler
          .insertInto('shares')
          .columns(['subscription_id', 'share', 'token', 'expires_at'])
          .expression(sql`select ${added!.id}::bigint, share, 0, 0 from generate_series(0, ${shares - 1}::int) share`),
      );
      return this.#subscriptions.row(transaction, subscription);
    });
    if (row === undefined) throw new Error('expected the subscription that this transaction opened');
    return recordOf(row);
  }

  async listSubscriptions(): Promise<readonly SubscriptionRecord[]> {
    const query = this.#compiler.selectFrom('subscriptions').selectAll().orderBy('name').orderBy('version');
    return (await this.#parts.read((connection) => connection.run(query))).map(recordOf);
  }

  async listShares(subscription: SubscriptionId): Promise<readonly Share[]> {
    return this.#parts.read((connection) =>
      this.#subscriptions.sharesOf(connection, subscription, this.#subscriptions.idOf(subscription)),
    );
  }

  async activate(subscription: SubscriptionId): Promise<void> {
    await this.#change(subscription, async (transaction, { id, name }) => {
      await transaction.run(
        this.#compiler
          .updateTable('subscriptions')
          .set({ active: sql<boolean>`id = ${id}::bigint` })
          .where('name', '=', name),
      );
    });
  }

  async dropSubscription(subscription: SubscriptionId): Promise<void> {
    await this.#change(subscription, (transaction, row) => this.#subscriptions.drop(transaction, row));
  }

  async resetSubscription(subscription: SubscriptionId): Promise<void> {
    await this.#change(subscription, async (transaction, row) => {
      const tables = setupOf(row);
      // The shares are locked first, as a commit of a page does.
      await transaction.run(
        this.#compiler
          .updateTable('shares')
          .set({ checkpoint: null, holder: null, token: sql<string>`token + 1`, expires_at: 0 })
          .where('subscription_id', '=', row.id),
      );
      await runStatements(transaction, this.#parts.schema, [...(tables?.drop ?? []), ...(tables?.create ?? [])]);
      await this.#subscriptions.dropContents(transaction, row.id);
      await this.#subscriptions.update(transaction, row.id, { stopped: null });
    });
  }

  async redefine(subscription: SubscriptionId, definition: string): Promise<void> {
    await this.#change(subscription, (transaction, { id }) =>
      this.#subscriptions.update(transaction, id, { definition: storable(definition) }),
    );
  }

  async replaceSubscription(
    subscription: SubscriptionId,
    replacement: SubscriptionId,
    definition: string,
  ): Promise<boolean> {
    return this.#parts.write(async (transaction) => {
      for (const name of [subscription.name, replacement.name].sort())
        await this.#subscriptions.lockName(transaction, name);
      const [old, built] = [
        await this.#subscriptions.row(transaction, subscription),
        await this.#subscriptions.row(transaction, replacement),
      ];
      if (old === undefined || built === undefined) return false;
      const oldShares = await this.#subscriptions.sharesOf(transaction, subscription, old.id);
      const shares = await this.#subscriptions.sharesOf(transaction, replacement, built.id);
      if (!isAsFar(shares, oldShares)) return false;
      const replacing = setupOf(built)?.replacing;
      await this.#subscriptions.drop(transaction, old);
      await runStatements(transaction, this.#parts.schema, replacing?.rename ?? []);
      const values = {
        name: old.name,
        version: old.version,
        definition: storable(definition),
        active: old.active === 't',
        tables: replacing === undefined ? null : storable(JSON.stringify(replacing.setup)),
      };
      await this.#subscriptions.rename(transaction, built.id, values, newToken([...oldShares, ...shares]));
      return true;
    });
  }

  async setStopped(subscription: SubscriptionId, reason: StopReason | undefined): Promise<void> {
    await this.#change(subscription, (transaction, { id }) =>
      this.#subscriptions.update(transaction, id, { stopped: reason === undefined ? null : encodeStopReason(reason) }),
    );
  }

  async announceMember({ id, subscriptions, expiresAt }: GroupMember, now: number): Promise<void> {
    const values = { subscriptions: storable(JSON.stringify(subscriptions)), expires_at: Math.ceil(expiresAt) };
    await this.#parts.write(async (transaction) => {
      await transaction.run(this.#compiler.deleteFrom('members').where('expires_at', '<=', String(Math.floor(now))));
      await transaction.run(
        this.#compiler
          .insertInto('members')
          .values({ member: storable(id), ...values })
          .onConflict((conflict) => conflict.column('member').doUpdateSet(values)),
      );
    });
  }

  async removeMember(member: string): Promise<void> {
    await this.#parts.write((transaction) =>
      transaction.run(this.#compiler.deleteFrom('members').where('member', '=', storable(member))),
    );
  }

  async listMembers(now: number): Promise<readonly GroupMember[]> {
    const query = this.#compiler
      .selectFrom('members')
      .selectAll()
      .where('expires_at', '>', String(Math.floor(now)))
      .orderBy('member');
    return (await this.#parts.read((connection) => connection.run(query))).map(memberOf);
  }

  async claimShare(
    { subscription, share, token }: ShareToken,
    member: string,
    now: number,
    expiresAt: number,
  ): Promise<Share | undefined> {
    const holder = storable(member);
    const query = this.#compiler
      .updateTable('shares')
      .set({ holder, token: String(token + 1n), expires_at: Math.ceil(expiresAt) })
      .where('subscription_id', '=', this.#subscriptions.idOf(subscription))
      .where('share', '=', String(share))
      .where('token', '=', String(token))
      .where(({ or, eb }) =>
        or([eb('holder', 'is', null), eb('holder', '=', holder), eb('expires_at', '<=', String(Math.floor(now)))]),
      )
      .returningAll();
    const [claimed] = await this.#parts.write((transaction) => transaction.run(query));
    return claimed === undefined ? undefined : shareOf(subscription, claimed);
  }

  async renewShares<Held extends ShareToken>(shares: readonly Held[], expiresAt: number): Promise<readonly Held[]> {
    if (shares.length === 0) return [];
    const rows = await this.#parts.write((transaction) =>
      transaction.query(
        `with held as materialized (${this.#heldShares()})
         update ${this.#table('shares')} s set expires_at = $5::bigint
         from held where s.subscription_id = held.subscription_id and s.share = held.share
         returning held.place`,
        [...heldValues(shares), Math.ceil(expiresAt)],
      ),
    );
    const places = new Set(rows.map(([place]) => Number(place)));
    return shares.filter((_, index) => places.has(index + 1));
  }

  async releaseShares(shares: readonly ShareToken[]): Promise<void> {
    if (shares.length === 0) return;
    await this.#parts.write((transaction) =>
      transaction.query(
        `with held as materialized (${this.#heldShares()})
         update ${this.#table('shares')} s set holder = null, expires_at = 0
         from held where s.subscription_id = held.subscription_id and s.share = held.share`,
        heldValues(shares),
      ),
    );
  }

  async commit(commit: ProcessorCommit): Promise<void> {
    await this.#parts.write((transaction) => commitPage(transaction, this.#compiler, this.#parts.schema, commit));
  }

  async readDocument(subscription: SubscriptionId, key: string): Promise<StoredDocument | undefined> {
    const query = this.#documents(subscription).where('key', '=', storable(key));
    const [row] = await this.#parts.read((connection) => connection.run(query));
    return row === undefined ? undefined : documentOf(row);
  }

  async readDocuments(subscription: SubscriptionId, keys: readonly string[]): Promise<readonly StoredDocument[]> {
    const list = textArray(keys.map(storable));
    const query = this.#documents(subscription).where(sql<boolean>`key = any(${list}::text[])`);
    return (await this.#parts.read((connection) => connection.run(query))).map(documentOf);
  }

  async listDocuments(
    subscription: SubscriptionId,
    { from, to, after, limit = DEFAULT_LIST_LIMIT }: ListDocumentsOptions = {},
  ): Promise<readonly StoredDocument[]> {
    const query = this.#documents(subscription)
      .$if(from !== undefined, (documents) => documents.where('key', '>=', storable(from ?? '')))
      .$if(to !== undefined, (documents) => documents.where('key', '<', storable(to ?? '')))
      .$if(after !== undefined, (documents) => documents.where('key', '>', storable(after ?? '')))
      .orderBy('key')
      .limit(limit);
    return (await this.#parts.read((connection) => connection.run(query))).map(documentOf);
  }

  async listParked(filter: ParkedFilter = {}): Promise<readonly ParkedEvent[]> {
    const { subscription, key, requested, after, limit = DEFAULT_LIST_LIMIT } = filter;
    const query = this.#compiler
      .selectFrom('parked_events as p')
      .innerJoin('subscriptions as s', 's.id', 'p.subscription_id')
      .select([
        's.name',
        's.version',
        'p.key',
        'p.share',
        'p.event',
        'p.reason',
        'p.attempts',
        'p.parked_at',
        'p.requested',
      ])
      .$if(subscription !== undefined, (parked) => parked.where('s.id', '=', this.#subscriptions.idOf(subscription!)))
      .$if(key !== undefined, (parked) => parked.where('p.key', '=', storable(key ?? '')))
      .$if(requested !== undefined, (parked) => parked.where('p.requested', '=', requested ?? null))
      .$if(after !== undefined, (parked) =>
        parked.where(
          sql<boolean>`(s.name, s.version, p.key, p.position) > (${storable(after!.subscription.name)},
            ${storable(after!.subscription.version)}, ${storable(after!.key)}, ${String(after!.position)}::bigint)`,
        ),
      )
      .orderBy('s.name')
      .orderBy('s.version')
      .orderBy('p.key')
      .orderBy('p.position')
      .limit(limit);
    const rows = await this.#parts.read((connection) => connection.run(query));
    return rows.map((row) => parkedOf(subscriptionOf(row), row));
  }

  async requestRetry(subscription: SubscriptionId, key: string): Promise<number> {
    const query = this.#compiler
      .updateTable('parked_events')
      .set({ requested: 'retry' })
      .where('subscription_id', '=', this.#subscriptions.idOf(subscription))
      .where('key', '=', storable(key))
      .returning('position');
    return (await this.#parts.write((transaction) => transaction.run(query))).length;
  }

  async dropParked(subscription: SubscriptionId, key: string, which: 'first' | 'all'): Promise<number> {
    const ofKey = this.#compiler
      .deleteFrom('parked_events')
      .where('subscription_id', '=', this.#subscriptions.idOf(subscription))
      .where('key', '=', storable(key));
    const query = ofKey
      .$if(which === 'first', (parked) =>
        parked.where('position', '=', (first) =>
          first
            .selectFrom('parked_events as f')
            .select(({ fn }) => fn.min('f.position').as('position'))
            .where('f.subscription_id', '=', this.#subscriptions.idOf(subscription))
            .where('f.key', '=', storable(key)),
        ),
      )
      .returning('position');
    return (await this.#parts.write((transaction) => transaction.run(query))).length;
  }

  async listDeadlines(
    subscription: SubscriptionId,
    { shares, dueBefore, after, limit = DEFAULT_LIST_LIMIT }: ListDeadlinesOptions = {},
  ): Promise<readonly StoredDeadline[]> {
    const query = this.#compiler
      .selectFrom('deadlines')
      .select(['stream', 'id', 'share', 'due_at', 'command_id', 'content'])
      .where('subscription_id', '=', this.#subscriptions.idOf(subscription))
      .$if(shares !== undefined, (deadlines) =>
        deadlines.where(sql<boolean>`share = any(${int8Array((shares ?? []).map(BigInt))}::bigint[])`),
      )
      .$if(dueBefore !== undefined, (deadlines) => deadlines.where(sql<boolean>`due_at < ${dueBefore}::numeric`))
      .$if(after !== undefined, (deadlines) =>
        deadlines.where(
          sql<boolean>`(due_at, stream, id) > (${after?.dueAt}::numeric, ${after?.stream ?? ''}, ${storable(after?.id ?? '')})`,
        ),
      )
      .orderBy('due_at')
      .orderBy('stream')
      .orderBy('id')
      .limit(limit);
    const rows = await this.#parts.read((connection) => connection.run(query));
    return rows.map((row) => deadlineOf(subscription, row));
  }

  async awaitChange(signal?: AbortSignal): Promise<void> {
    this.#parts.checkOpen();
    await this.#parts.commits.wait(this.#parts.commits.count, signal);
  }

  #table(name: keyof ProcessorTables): string {
    return `${quoted(this.#parts.schema)}.${name}`;
  }

  /** Selects the shares that are held with the tokens of $1 to $4, and locks them in a fixed order. */
  #heldShares(): string {
    return `
      select s.subscription_id, s.share, g.place
      from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) with ordinality g(name, version, share, token, place)
      join ${this.#table('subscriptions')} u on u.name = g.name and u.version = g.version
      join ${this.#table('shares')} s on s.subscription_id = u.id and s.share = g.share and s.token = g.token
      where s.holder is not null
      order by s.subscription_id, s.share
      for update of s`;
  }

  #documents(subscription: SubscriptionId) {
    return this.#compiler
      .selectFrom('documents')
      .select(['key', 'state', 'position'])
      .where('subscription_id', '=', this.#subscriptions.idOf(subscription));
  }

  async #change(
    subscription: SubscriptionId,
    change: (transaction: Transaction, row: SubscriptionRow) => Promise<unknown>,
  ): Promise<void> {
    await this.#parts.write(async (transaction) => {
      await this.#subscriptions.lockName(transaction, subscription.name);
      const row = await this.#subscriptions.row(transaction, subscription);
      if (row !== undefined) await change(transaction, row);
    });
  }
}

/** Returns the parameters of `#heldShares`. */
function heldValues(shares: readonly ShareToken[]): unknown[] {
  return [
    textArray(shares.map(({ subscription }) => storable(subscription.name))),
    textArray(shares.map(({ subscription }) => storable(subscription.version))),
    int8Array(shares.map(({ share }) => BigInt(share))),
    int8Array(shares.map(({ token }) => token)),
  ];
}
