/**
 * Finds the transactions that hide events. An open transaction that has written to any database of the server hides the
 * events that were stored since it began. A forgotten transaction hides them until it is ended by hand.
 */
import { wholeNumber } from './columns.ts';
import type { Connection } from './connections.ts';

/** A transaction that hides events from readers until it ends. */
export interface HidingTransaction {
  /** The server process, for `pg_terminate_backend`. It is undefined for a prepared transaction. */
  readonly processId: number | undefined;
  /** The id of a prepared transaction, for `ROLLBACK PREPARED`. */
  readonly prepared: string | undefined;
  readonly database: string | undefined;
  readonly user: string | undefined;
  readonly application: string | undefined;
  /** The time at which the transaction began, in milliseconds since the Unix epoch. */
  readonly since: number | undefined;
  /** The state of the transaction's connection, such as `idle in transaction`. */
  readonly state: string | undefined;
}

/**
 * Returns the open transactions that hide events. Every transaction with an id has a lock on it, which every role can
 * read. The details of other roles' connections need the role `pg_read_all_stats`. A store without hidden events has no
 * such transaction.
 */
export async function findHidingTransactions(connection: Connection, own: string): Promise<HidingTransaction[]> {
  const rows = await connection.query(`
    select l.pid, p.gid, coalesce(a.datname, p.database), coalesce(a.usename, p.owner), a.application_name,
      floor(extract(epoch from coalesce(a.xact_start, p.prepared)) * 1000), a.state
    from pg_locks l
    left join pg_stat_activity a on a.pid = l.pid
    left join pg_prepared_xacts p on p.transaction = l.transactionid and l.pid is null
    where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted
      and exists (select from ${own}.commits where event_count > 0 and position >= ${own}.first_hidden())
    order by age(l.transactionid) desc`);
  return rows.map(([processId, prepared, database, user, application, since, state]) => ({
    processId: processId === null ? undefined : wholeNumber(processId, 'pg_locks.pid'),
    prepared: prepared ?? undefined,
    database: database ?? undefined,
    user: user ?? undefined,
    application: application ?? undefined,
    since: since === null ? undefined : Number(since),
    state: state ?? undefined,
  }));
}
