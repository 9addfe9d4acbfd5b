/** The queries of the processors' tables, built and typed by Kysely, and prepared once for each connection. */
import type { Database, Statement } from 'better-sqlite3';
import { sql } from 'kysely';
import { processorCompiler as compiler } from './processors-schema.ts';
import { bound } from './schema.ts';
import { rows, statement } from './statements.ts';

export type SubscriptionRow = [
  id: number,
  name: string,
  version: string,
  kind: string,
  shares: number,
  definition: string,
  active: number,
  stopped: string | null,
  tables: string | null,
];

export type ShareRow = [
  share: number,
  checkpoint: number | null,
  holder: string | null,
  token: number,
  expiresAt: number,
];

/** The columns of a member. The subscriptions are JSON. */
export type MemberRow = [id: string, subscriptions: string, expiresAt: number];

export type DocumentRow = [key: string, state: Buffer, position: number];

export type DocumentValues = [subscriptionId: number, key: string, state: Uint8Array, position: number];

/**
 * The number of documents that one statement writes. In the order of their keys, one statement with 50 documents takes
 * half the time of 50 statements. With 100 or more, the gain is smaller.
 */
export const PUT_AT_ONCE = 50;

export type ParkedRow = [
  subscriptionId: number,
  key: string,
  share: number,
  event: Buffer,
  reason: string | null,
  attempts: number,
  parkedAt: number,
  requested: string | null,
];

export type DeadlineRow = [
  stream: string,
  id: string,
  share: number,
  dueAt: number,
  commandId: string,
  content: Buffer,
];

const number = bound<number>();
const text = bound<string>();
const bytes = bound<Uint8Array>();

/** Returns a condition that is also true if the bound value is null. The value must be bound twice. */
const unless = (condition: string) => sql<boolean>`(? is null or ${sql.raw(condition)})`;

export interface ProcessorStatements {
  readonly subscriptions: Statement<[], SubscriptionRow>;
  readonly subscription: Statement<[name: string, version: string], SubscriptionRow>;
  readonly addSubscription: Statement<
    [
      name: string,
      version: string,
      kind: string,
      shares: number,
      definition: string,
      active: number,
      tables: string | null,
    ]
  >;
  readonly activeVersion: Statement<[name: string], [id: number, kind: string]>;
  readonly deactivate: Statement<[name: string]>;
  readonly activate: Statement<[id: number]>;
  readonly setStopped: Statement<[stopped: string | null, id: number]>;
  readonly shares: Statement<[subscriptionId: number], ShareRow>;
  readonly share: Statement<[subscriptionId: number, share: number], ShareRow>;
  readonly addShare: Statement<[subscriptionId: number, share: number]>;
  readonly claimShare: Statement<
    [holder: string, token: number, expiresAt: number, subscriptionId: number, share: number]
  >;
  readonly renewShare: Statement<[expiresAt: number, subscriptionId: number, share: number, token: number]>;
  readonly releaseShare: Statement<[subscriptionId: number, share: number, token: number]>;
  readonly moveCheckpoint: Statement<[checkpoint: number, subscriptionId: number, share: number]>;
  readonly announce: Statement<[member: string, subscriptions: string, expiresAt: number]>;
  readonly removeMember: Statement<[member: string]>;
  readonly forgetMembers: Statement<[now: number]>;
  readonly members: Statement<[now: number], MemberRow>;
  readonly document: Statement<[subscriptionId: number, key: string], DocumentRow>;
  /** Selects documents. The keys are a JSON array. */
  readonly documents: Statement<[subscriptionId: number, keys: string], DocumentRow>;
  readonly listDocuments: Statement<
    [
      subscriptionId: number,
      from: string | null,
      from: string | null,
      to: string | null,
      to: string | null,
      after: string | null,
      after: string | null,
      limit: number,
    ],
    DocumentRow
  >;
  readonly putDocument: Statement<DocumentValues>;
  /** Writes {@link PUT_AT_ONCE} documents, whose values follow one another. It is prepared when it is first read. */
  readonly putDocuments: Statement<[values: readonly DocumentValues[number][]]>;
  readonly dropDocument: Statement<[subscriptionId: number, key: string]>;
  readonly parkedOf: Statement<[subscriptionId: number, key: string], ParkedRow>;
  readonly listParked: Statement<
    [
      name: string | null,
      name: string | null,
      version: string | null,
      version: string | null,
      key: string | null,
      key: string | null,
      requested: string | null,
      requested: string | null,
      afterName: string | null,
      afterName: string | null,
      afterVersion: string | null,
      afterKey: string | null,
      afterPosition: number | null,
      limit: number,
    ],
    [...ParkedRow, name: string, version: string]
  >;
  readonly park: Statement<
    [
      subscriptionId: number,
      key: string,
      position: number,
      share: number,
      event: Uint8Array,
      reason: string | null,
      attempts: number,
      parkedAt: number,
      requested: string | null,
    ]
  >;
  readonly unpark: Statement<[subscriptionId: number, key: string, position: number]>;
  readonly requestRetry: Statement<[subscriptionId: number, key: string]>;
  readonly dropParked: Statement<[subscriptionId: number, key: string]>;
  readonly dropFirstParked: Statement<[subscriptionId: number, key: string, subscriptionId: number, key: string]>;
  readonly setDeadline: Statement<
    [
      subscriptionId: number,
      stream: string,
      id: string,
      share: number,
      dueAt: number,
      commandId: string,
      content: Uint8Array,
    ]
  >;
  readonly removeDeadline: Statement<[subscriptionId: number, stream: string, id: string]>;
  readonly endProcess: Statement<[subscriptionId: number, stream: string]>;
  readonly listDeadlines: Statement<
    [
      subscriptionId: number,
      shares: string | null,
      shares: string | null,
      dueBefore: number | null,
      dueBefore: number | null,
      afterTime: number | null,
      afterTime: number | null,
      afterStream: string | null,
      afterId: string | null,
      limit: number,
    ],
    DeadlineRow
  >;
  readonly resetShares: Statement<[subscriptionId: number]>;
  readonly redefine: Statement<[definition: string, id: number]>;
  readonly renameSubscription: Statement<
    [name: string, version: string, definition: string, active: number, tables: string | null, id: number]
  >;
  readonly freeShares: Statement<[token: number, subscriptionId: number]>;
  /** Deletes the documents, parked events and deadlines of a subscription. */
  readonly dropContents: readonly Statement<[subscriptionId: number]>[];
  readonly dropShares: Statement<[subscriptionId: number]>;
  readonly dropSubscription: Statement<[subscriptionId: number]>;
}

export function prepareProcessorStatements(database: Database): ProcessorStatements {
  const subscriptions = compiler
    .selectFrom('subscriptions')
    .select(['id', 'name', 'version', 'kind', 'shares', 'definition', 'active', 'stopped', 'tables']);
  const shares = compiler
    .selectFrom('shares')
    .select(['share', 'checkpoint', 'holder', 'token', 'expires_at'])
    .where('subscription_id', '=', number);
  const documents = compiler
    .selectFrom('documents')
    .select(['key', 'state', 'position'])
    .where('subscription_id', '=', number);
  const parked = compiler
    .selectFrom('parked_events')
    .select([
      'parked_events.subscription_id',
      'parked_events.key',
      'parked_events.share',
      'parked_events.event',
      'parked_events.reason',
      'parked_events.attempts',
      'parked_events.parked_at',
      'parked_events.requested',
    ]);
  const ofShare = compiler.updateTable('shares').where('subscription_id', '=', number).where('share', '=', number);
  const ofKey = compiler.deleteFrom('parked_events').where('subscription_id', '=', number).where('key', '=', text);
  // A replaced row is overwritten in place, because no other index, trigger or foreign key has to follow (the
  // connection enforces none). `on conflict do update` searches for the row twice.
  const putDocuments = (count: number) =>
    compiler
      .replaceInto('documents')
      .values(
        Array.from({ length: count }, () => ({ subscription_id: number, key: text, state: bytes, position: number })),
      );
  let many: ProcessorStatements['putDocuments'] | undefined;
  return {
    subscriptions: rows(database, subscriptions.orderBy('name').orderBy('version')),
    subscription: rows(database, subscriptions.where('name', '=', text).where('version', '=', text)),
    addSubscription: statement(
      database,
      compiler.insertInto('subscriptions').values({
        name: text,
        version: text,
        kind: text,
        shares: number,
        definition: text,
        active: number,
        tables: text,
      }),
    ),
    activeVersion: rows(
      database,
      compiler
        .selectFrom('subscriptions')
        .select(['id', 'kind'])
        .where('name', '=', text)
        .where('active', '=', sql.lit(1)),
    ),
    deactivate: statement(
      database,
      compiler
        .updateTable('subscriptions')
        .set({ active: sql.lit(0) })
        .where('name', '=', text),
    ),
    activate: statement(
      database,
      compiler
        .updateTable('subscriptions')
        .set({ active: sql.lit(1) })
        .where('id', '=', number),
    ),
    setStopped: statement(
      database,
      compiler.updateTable('subscriptions').set({ stopped: text }).where('id', '=', number),
    ),
    shares: rows(database, shares.orderBy('share')),
    share: rows(database, shares.where('share', '=', number)),
    addShare: statement(
      database,
      compiler
        .insertInto('shares')
        .values({ subscription_id: number, share: number, token: sql.lit(0), expires_at: sql.lit(0) }),
    ),
    claimShare: statement(database, ofShare.set({ holder: text, token: number, expires_at: number })),
    renewShare: statement(
      database,
      ofShare.where('token', '=', number).where('holder', 'is not', null).set({ expires_at: number }),
    ),
    releaseShare: statement(
      database,
      ofShare.where('token', '=', number).set({ holder: sql`null`, expires_at: sql.lit(0) }),
    ),
    moveCheckpoint: statement(database, ofShare.set({ checkpoint: number })),
    announce: statement(
      database,
      compiler.replaceInto('members').values({ member: text, subscriptions: text, expires_at: number }),
    ),
    removeMember: statement(database, compiler.deleteFrom('members').where('member', '=', text)),
    forgetMembers: statement(database, compiler.deleteFrom('members').where('expires_at', '<=', number)),
    members: rows(
      database,
      compiler
        .selectFrom('members')
        .select(['member', 'subscriptions', 'expires_at'])
        .where('expires_at', '>', number)
        .orderBy('member'),
    ),
    document: rows(database, documents.where('key', '=', text)),
    documents: rows(database, documents.where('key', 'in', sql<string>`(select value from json_each(?))`)),
    listDocuments: rows(
      database,
      documents
        .where(unless('key >= ?'))
        .where(unless('key < ?'))
        .where(unless('key > ?'))
        .orderBy('key')
        .limit(number),
    ),
    putDocument: statement(database, putDocuments(1)),
    get putDocuments() {
      many ??= statement(database, putDocuments(PUT_AT_ONCE));
      return many;
    },
    dropDocument: statement(
      database,
      compiler.deleteFrom('documents').where('subscription_id', '=', number).where('key', '=', text),
    ),
    parkedOf: rows(database, parked.where('subscription_id', '=', number).where('key', '=', text).orderBy('position')),
    listParked: rows(
      database,
      parked
        .innerJoin('subscriptions', 'subscriptions.id', 'parked_events.subscription_id')
        .select(['subscriptions.name', 'subscriptions.version'])
        .where(unless('subscriptions.name = ?'))
        .where(unless('subscriptions.version = ?'))
        .where(unless('parked_events.key = ?'))
        .where(unless('parked_events.requested = ?'))
        .where(
          unless(
            '(subscriptions.name, subscriptions.version, parked_events.key, parked_events.position) > (?, ?, ?, ?)',
          ),
        )
        .orderBy('subscriptions.name')
        .orderBy('subscriptions.version')
        .orderBy('parked_events.key')
        .orderBy('parked_events.position')
        .limit(number),
    ),
    park: statement(
      database,
      compiler.replaceInto('parked_events').values({
        subscription_id: number,
        key: text,
        position: number,
        share: number,
        event: bytes,
        reason: text,
        attempts: number,
        parked_at: number,
        requested: text,
      }),
    ),
    unpark: statement(database, ofKey.where('position', '=', number)),
    requestRetry: statement(
      database,
      compiler
        .updateTable('parked_events')
        .set({ requested: sql.lit('retry') })
        .where('subscription_id', '=', number)
        .where('key', '=', text),
    ),
    dropParked: statement(database, ofKey),
    dropFirstParked: statement(
      database,
      ofKey.where('position', '=', (query) =>
        query
          .selectFrom('parked_events as first')
          .select(({ fn }) => fn.min('first.position').as('position'))
          .where('first.subscription_id', '=', number)
          .where('first.key', '=', text),
      ),
    ),
    setDeadline: statement(
      database,
      compiler.replaceInto('deadlines').values({
        subscription_id: number,
        stream: text,
        id: text,
        share: number,
        due_at: number,
        command_id: text,
        content: bytes,
      }),
    ),
    removeDeadline: statement(
      database,
      compiler
        .deleteFrom('deadlines')
        .where('subscription_id', '=', number)
        .where('stream', '=', text)
        .where('id', '=', text),
    ),
    endProcess: statement(
      database,
      compiler.deleteFrom('deadlines').where('subscription_id', '=', number).where('stream', '=', text),
    ),
    listDeadlines: rows(
      database,
      compiler
        .selectFrom('deadlines')
        .select(['stream', 'id', 'share', 'due_at', 'command_id', 'content'])
        .where('subscription_id', '=', number)
        .where(unless('share in (select value from json_each(?))'))
        .where(unless('due_at < ?'))
        .where(unless('(due_at, stream, id) > (?, ?, ?)'))
        .orderBy('due_at')
        .orderBy('stream')
        .orderBy('id')
        .limit(number),
    ),
    resetShares: statement(
      database,
      compiler
        .updateTable('shares')
        .set({
          checkpoint: sql`null`,
          holder: sql`null`,
          token: sql<number>`token + 1`,
          expires_at: sql.lit(0),
        })
        .where('subscription_id', '=', number),
    ),
    redefine: statement(
      database,
      compiler.updateTable('subscriptions').set({ definition: text }).where('id', '=', number),
    ),
    renameSubscription: statement(
      database,
      compiler
        .updateTable('subscriptions')
        .set({ name: text, version: text, definition: text, active: number, tables: text, stopped: sql`null` })
        .where('id', '=', number),
    ),
    freeShares: statement(
      database,
      compiler
        .updateTable('shares')
        .set({ holder: sql`null`, token: number, expires_at: sql.lit(0) })
        .where('subscription_id', '=', number),
    ),
    dropContents: (['documents', 'parked_events', 'deadlines'] as const).map((table) =>
      statement<[number], unknown>(database, compiler.deleteFrom(table).where('subscription_id', '=', number)),
    ),
    dropShares: statement(database, compiler.deleteFrom('shares').where('subscription_id', '=', number)),
    dropSubscription: statement(database, compiler.deleteFrom('subscriptions').where('id', '=', number)),
  };
}
