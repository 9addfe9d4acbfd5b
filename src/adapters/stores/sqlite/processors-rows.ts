/** Converts rows of the processors' tables to the records of src/core/processors/processor-store.ts. */
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
import type {
  DeadlineRow,
  DocumentRow,
  MemberRow,
  ParkedRow,
  ShareRow,
  SubscriptionRow,
} from './processors-statements.ts';

export function recordOf([
  ,
  name,
  version,
  kind,
  shares,
  definition,
  active,
  stopped,
]: SubscriptionRow): SubscriptionRecord {
  return {
    subscription: { name, version },
    kind: kind as SubscriptionRecord['kind'],
    shares,
    definition,
    active: active === 1,
    stopped: stopped === null ? undefined : decodeStopReason(stopped),
  };
}

export function memberOf([id, subscriptions, expiresAt]: MemberRow): GroupMember {
  return { id, subscriptions: JSON.parse(subscriptions) as SubscriptionId[], expiresAt };
}

/** Returns the tables of the subscription, if it has tables. */
export function setupOf(row: SubscriptionRow | undefined): TableSetup | undefined {
  const tables = row?.[8];
  return typeof tables === 'string' ? (JSON.parse(tables) as TableSetup) : undefined;
}

export function shareOf(subscription: SubscriptionId, [share, checkpoint, holder, token, expiresAt]: ShareRow): Share {
  return {
    subscription,
    share,
    checkpoint: checkpoint === null ? undefined : BigInt(checkpoint),
    holder: holder ?? undefined,
    token: BigInt(token),
    expiresAt,
  };
}

export function documentOf([key, state, position]: DocumentRow): StoredDocument {
  return { key, state: new Uint8Array(state), position: BigInt(position) };
}

export function parkedOf(
  subscription: SubscriptionId,
  [, key, share, event, reason, attempts, parkedAt, requested]: ParkedRow,
): ParkedEvent {
  return {
    subscription,
    share,
    key,
    event: decodeRecordedEvent(new Uint8Array(event)),
    reason: reason === null ? undefined : decodeStopReason(reason),
    attempts,
    parkedAt,
    requested: requested === 'retry' ? 'retry' : undefined,
  };
}

export function deadlineOf(
  subscription: SubscriptionId,
  [stream, id, share, dueAt, commandId, content]: DeadlineRow,
): StoredDeadline {
  return { subscription, stream, id, share, dueAt, commandId, ...decodeDeadline(new Uint8Array(content)) };
}
