/** The commit of a page of events: the changes that it caused, and the new checkpoints, in one transaction. */
import { type Kysely, sql } from 'kysely';
import { encodeDeadline, encodeRecordedEvent, encodeStopReason } from '../../../core/processors/fields.ts';
import { subscriptionKey, valueOfFenced } from '../../../core/processors/listing.ts';
import {
  type DocumentChange,
  FencedError,
  type ParkedEvent,
  type ProcessorCommit,
  type StoredDeadline,
} from '../../../core/processors/processor-store.ts';
import { quoted } from '../../../core/storage/sql-identifier.ts';
import { byteaArray, int8Array, textArray } from './binary-arrays.ts';
import { storable } from './columns.ts';
import type { Transaction } from './connections.ts';
import { shareOf, subscriptionOf } from './processors-rows.ts';
import type { ProcessorTables } from './processors-schema.ts';
import { runStatements } from './processors-tables.ts';

/** Commits a page of events. @throws FencedError, StatementFailed */
export async function commitPage(
  transaction: Transaction,
  compiler: Kysely<ProcessorTables>,
  schema: string,
  commit: ProcessorCommit,
): Promise<void> {
  const ids = await checkFences(transaction, compiler, commit);
  const moved = commit.fences.filter(({ checkpoint, before }) => checkpoint !== before);
  if (moved.length > 0) {
    await transaction.query(
      `update ${quoted(schema)}.shares s set checkpoint = f.checkpoint
       from unnest($1::bigint[], $2::bigint[], $3::bigint[]) f(id, share, checkpoint)
       where s.subscription_id = f.id and s.share = f.share`,
      [
        int8Array(moved.map(({ subscription }) => BigInt(valueOfFenced(ids, subscription)))),
        int8Array(moved.map(({ share }) => BigInt(share))),
        int8Array(moved.map(({ checkpoint }) => checkpoint)),
      ],
    );
  }
  await writeDocuments(transaction, schema, ids, commit.documents ?? []);
  await runStatements(transaction, schema, commit.statements ?? []);
  for (const { subscription, key, position } of commit.unpark ?? []) {
    await transaction.run(
      compiler
        .deleteFrom('parked_events')
        .where('subscription_id', '=', valueOfFenced(ids, subscription))
        .where('key', '=', storable(key))
        .where('position', '=', String(position)),
    );
  }
  for (const event of commit.park ?? []) await parkEvent(transaction, compiler, ids, event);
  for (const deadline of commit.setDeadlines ?? []) await setDeadline(transaction, compiler, ids, deadline);
  for (const { subscription, stream, id } of commit.removeDeadlines ?? []) {
    await transaction.run(
      compiler
        .deleteFrom('deadlines')
        .where('subscription_id', '=', valueOfFenced(ids, subscription))
        .where('stream', '=', stream)
        .where('id', '=', storable(id)),
    );
  }
  for (const { subscription, stream } of commit.endProcesses ?? []) {
    await transaction.run(
      compiler
        .deleteFrom('deadlines')
        .where('subscription_id', '=', valueOfFenced(ids, subscription))
        .where('stream', '=', stream),
    );
  }
}

/** The ids of the subscriptions that are fenced, by name and version. */
type Ids = ReadonlyMap<string, string>;

/** Locks the shares in a fixed order, and checks that the member still holds them. @throws FencedError */
async function checkFences(
  transaction: Transaction,
  compiler: Kysely<ProcessorTables>,
  { fences }: ProcessorCommit,
): Promise<Ids> {
  const names = fences.map(({ subscription }) => subscription);
  const rows = await transaction.run(
    compiler
      .selectFrom('shares')
      .innerJoin('subscriptions', 'subscriptions.id', 'shares.subscription_id')
      .select([
        'subscriptions.name',
        'subscriptions.version',
        'shares.subscription_id',
        'shares.share',
        'shares.checkpoint',
        'shares.holder',
        'shares.token',
        'shares.expires_at',
      ])
      .where(
        sql<boolean>`(subscriptions.name, subscriptions.version, shares.share) in (select * from unnest(
          ${textArray(names.map(({ name }) => storable(name)))}::text[],
          ${textArray(names.map(({ version }) => storable(version)))}::text[],
          ${int8Array(fences.map(({ share }) => BigInt(share)))}::bigint[]))`,
      )
      .orderBy('shares.subscription_id')
      .orderBy('shares.share')
      .forUpdate('shares'),
  );
  const ids = new Map<string, string>();
  const shares = new Map(
    rows.map((row) => {
      const subscription = subscriptionOf(row);
      ids.set(subscriptionKey(subscription), row.subscription_id);
      const share = shareOf(subscription, row);
      return [`${share.share} ${subscriptionKey(subscription)}`, share];
    }),
  );
  for (const fence of fences) {
    const share = shares.get(`${fence.share} ${subscriptionKey(fence.subscription)}`);
    if (share?.token !== fence.token || share.holder === undefined || share.checkpoint !== fence.before) {
      throw new FencedError(fence);
    }
  }
  return ids;
}

/** Writes the last change of each key, in the order of the keys, so that two commits cannot deadlock. */
async function writeDocuments(
  transaction: Transaction,
  schema: string,
  ids: Ids,
  documents: readonly DocumentChange[],
): Promise<void> {
  if (documents.length === 0) return;
  const last = new Map<string, DocumentChange>();
  for (const change of documents) last.set(`${subscriptionKey(change.subscription)}\0${change.key}`, change);
  const changes = [...last.values()];
  const puts = changes.filter(({ state }) => state !== undefined);
  const drops = changes.filter(({ state }) => state === undefined);
  const idsOf = (list: readonly DocumentChange[]) =>
    int8Array(list.map(({ subscription }) => BigInt(valueOfFenced(ids, subscription))));
  const keysOf = (list: readonly DocumentChange[]) => textArray(list.map(({ key }) => storable(key)));
  if (drops.length > 0) {
    await transaction.query(
      `delete from ${quoted(schema)}.documents d using unnest($1::bigint[], $2::text[]) g(id, key)
       where d.subscription_id = g.id and d.key = g.key`,
      [idsOf(drops), keysOf(drops)],
    );
  }
  if (puts.length === 0) return;
  await transaction.query(
    `insert into ${quoted(schema)}.documents (subscription_id, key, state, position)
     select * from unnest($1::bigint[], $2::text[], $3::bytea[], $4::bigint[]) g(id, key, state, position)
     order by id, key collate "C"
     on conflict (subscription_id, key) do update set state = excluded.state, position = excluded.position`,
    [
      idsOf(puts),
      keysOf(puts),
      byteaArray(puts.map(({ state }) => state!)),
      int8Array(puts.map(({ position }) => position)),
    ],
  );
}

async function parkEvent(
  transaction: Transaction,
  compiler: Kysely<ProcessorTables>,
  ids: Ids,
  parked: ParkedEvent,
): Promise<void> {
  const { subscription, key, share, event, reason, attempts, parkedAt, requested = null } = parked;
  const values = {
    share,
    event: encodeRecordedEvent(event),
    reason: reason === undefined ? null : encodeStopReason(reason),
    attempts,
    parked_at: Math.floor(parkedAt),
    requested,
  };
  await transaction.run(
    compiler
      .insertInto('parked_events')
      .values({
        subscription_id: valueOfFenced(ids, subscription),
        key: storable(key),
        position: event.context.position,
        ...values,
      })
      .onConflict((conflict) => conflict.columns(['subscription_id', 'key', 'position']).doUpdateSet(values)),
  );
}

async function setDeadline(
  transaction: Transaction,
  compiler: Kysely<ProcessorTables>,
  ids: Ids,
  deadline: StoredDeadline,
): Promise<void> {
  const { subscription, stream, id, share, dueAt, commandId } = deadline;
  const values = { share, due_at: Math.ceil(dueAt), command_id: commandId, content: encodeDeadline(deadline) };
  await transaction.run(
    compiler
      .insertInto('deadlines')
      .values({ subscription_id: valueOfFenced(ids, subscription), stream, id: storable(id), ...values })
      .onConflict((conflict) => conflict.columns(['subscription_id', 'stream', 'id']).doUpdateSet(values)),
  );
}
