/** Converts rows of the processors' tables to the records of the contract (src/core/processors/processor-store.ts). */
import type { Selectable } from 'kysely';
import { decodeDeadline, decodeRecordedEvent, decodeStopReason } from '../../../core/processors/fields.ts';
import type {
  GroupMember,
  ParkedEvent,
  Share,
  StoredDeadline,
  StoredDocument,
  SubscriptionId,
  SubscriptionRecord,
  TableSetup,
} from '../../../core/processors/processor-store.ts';
import { bytes, integer, optionalInteger, restored, wholeNumber } from './columns.ts';
import type { ProcessorTables } from './processors-schema.ts';

export type SubscriptionRow = Selectable<ProcessorTables['subscriptions']>;
export type ShareRow = Selectable<ProcessorTables['shares']>;

export function recordOf(row: SubscriptionRow): SubscriptionRecord {
  return {
    subscription: subscriptionOf(row),
    kind: row.kind as SubscriptionRecord['kind'],
    shares: wholeNumber(row.shares, 'subscriptions.shares'),
    definition: restored(row.definition),
    active: row.active === 't',
    stopped: row.stopped === null ? undefined : decodeStopReason(row.stopped),
  };
}

export function subscriptionOf({ name, version }: Pick<SubscriptionRow, 'name' | 'version'>): SubscriptionId {
  return { name: restored(name), version: restored(version) };
}

/** Returns the tables of the subscription, if it has tables. */
export function setupOf({ tables }: Pick<SubscriptionRow, 'tables'>): TableSetup | undefined {
  return tables === null ? undefined : (JSON.parse(restored(tables)) as TableSetup);
}

export function shareOf(subscription: SubscriptionId, row: ShareRow): Share {
  return {
    subscription,
    share: wholeNumber(row.share, 'shares.share'),
    checkpoint: optionalInteger(row.checkpoint, 'shares.checkpoint'),
    holder: row.holder === null ? undefined : restored(row.holder),
    token: integer(row.token, 'shares.token'),
    expiresAt: Number(row.expires_at),
  };
}

export function memberOf({ member, subscriptions, expires_at }: Selectable<ProcessorTables['members']>): GroupMember {
  return {
    id: restored(member),
    subscriptions: JSON.parse(restored(subscriptions)) as SubscriptionId[],
    expiresAt: Number(expires_at),
  };
}

export function documentOf({
  key,
  state,
  position,
}: Pick<Selectable<ProcessorTables['documents']>, 'key' | 'state' | 'position'>): StoredDocument {
  return {
    key: restored(key),
    state: bytes(state, 'documents.state'),
    position: integer(position, 'documents.position'),
  };
}

export function parkedOf(
  subscription: SubscriptionId,
  row: Omit<Selectable<ProcessorTables['parked_events']>, 'position' | 'subscription_id'>,
): ParkedEvent {
  return {
    subscription,
    share: wholeNumber(row.share, 'parked_events.share'),
    key: restored(row.key),
    event: decodeRecordedEvent(bytes(row.event, 'parked_events.event')),
    reason: row.reason === null ? undefined : decodeStopReason(row.reason),
    attempts: wholeNumber(row.attempts, 'parked_events.attempts'),
    parkedAt: Number(row.parked_at),
    requested: row.requested === 'retry' ? 'retry' : undefined,
  };
}

export function deadlineOf(
  subscription: SubscriptionId,
  row: Omit<Selectable<ProcessorTables['deadlines']>, 'subscription_id'>,
): StoredDeadline {
  return {
    subscription,
    stream: row.stream,
    id: restored(row.id),
    share: wholeNumber(row.share, 'deadlines.share'),
    dueAt: Number(row.due_at),
    commandId: row.command_id,
    ...decodeDeadline(bytes(row.content, 'deadlines.content')),
  };
}
