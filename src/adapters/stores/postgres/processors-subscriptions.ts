/** The statements on subscriptions and their shares, in the transaction of a caller. Kysely builds them. */
import type { Expression, Kysely, Updateable } from 'kysely';
import type { Share, SubscriptionId } from '../../../core/processors/processor-store.ts';
import { storable } from './columns.ts';
import type { Connection, Transaction } from './connections.ts';
import { type SubscriptionRow, setupOf, shareOf } from './processors-rows.ts';
import type { ProcessorTables } from './processors-schema.ts';
import { runStatements } from './processors-tables.ts';

const CONTENTS = ['documents', 'parked_events', 'deadlines'] as const;

export class Subscriptions {
  readonly #schema: string;
  readonly #compiler: Kysely<ProcessorTables>;

  constructor(schema: string, compiler: Kysely<ProcessorTables>) {
    this.#schema = schema;
    this.#compiler = compiler;
  }

  /** Prevents other processes from opening and replacing versions of a name until the end of the transaction. */
  async lockName(transaction: Transaction, name: string): Promise<void> {
    await transaction.query('select pg_advisory_xact_lock(hashtextextended($1, 1))', [
      `${this.#schema}/${storable(name)}`,
    ]);
  }

  /** Returns a subquery for the id of a subscription. */
  idOf({ name, version }: SubscriptionId): Expression<string> {
    return this.#compiler
      .selectFrom('subscriptions as named')
      .select('named.id')
      .where('named.name', '=', storable(name))
      .where('named.version', '=', storable(version))
      .$asScalar();
  }

  async row(connection: Connection, { name, version }: SubscriptionId): Promise<SubscriptionRow | undefined> {
    const [row] = await connection.run(
      this.#compiler
        .selectFrom('subscriptions')
        .selectAll()
        .where('name', '=', storable(name))
        .where('version', '=', storable(version)),
    );
    return row;
  }

  async sharesOf(
    connection: Connection,
    subscription: SubscriptionId,
    id: string | Expression<string>,
  ): Promise<readonly Share[]> {
    const rows = await connection.run(
      this.#compiler.selectFrom('shares').selectAll().where('subscription_id', '=', id).orderBy('share'),
    );
    return rows.map((row) => shareOf(subscription, row));
  }

  async update(
    transaction: Transaction,
    id: string,
    values: Updateable<ProcessorTables['subscriptions']>,
  ): Promise<void> {
    await transaction.run(this.#compiler.updateTable('subscriptions').set(values).where('id', '=', id));
  }

  /** Renames a subscription. Afterwards, no member holds its shares. */
  async rename(
    transaction: Transaction,
    id: string,
    values: Updateable<ProcessorTables['subscriptions']>,
    token: bigint,
  ): Promise<void> {
    await this.update(transaction, id, { ...values, stopped: null });
    await transaction.run(
      this.#compiler
        .updateTable('shares')
        .set({ holder: null, token, expires_at: 0 })
        .where('subscription_id', '=', id),
    );
  }

  async drop(transaction: Transaction, row: SubscriptionRow): Promise<void> {
    // The shares are deleted first, so that a commit of a page that has locked them ends before the documents are
    // deleted.
    await transaction.run(this.#compiler.deleteFrom('shares').where('subscription_id', '=', row.id));
    await runStatements(transaction, this.#schema, setupOf(row)?.drop ?? []);
    await this.dropContents(transaction, row.id);
    await transaction.run(this.#compiler.deleteFrom('subscriptions').where('id', '=', row.id));
  }

  async dropContents(transaction: Transaction, id: string): Promise<void> {
    for (const table of CONTENTS) {
      await transaction.run(this.#compiler.deleteFrom(table).where('subscription_id', '=', id));
    }
  }
}
