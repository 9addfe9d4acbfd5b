/** The filters, orders and limits of a store's lists, for stores that apply them to values in memory. */
import { compareUtf8 } from '../codec/values.ts';
import { DEFAULT_LIST_LIMIT } from '../limits.ts';
import type {
  GroupMember,
  ListDeadlinesOptions,
  ListDocumentsOptions,
  ParkedEvent,
  ParkedFilter,
  ParkedPlace,
  StoredDeadline,
  StoredDocument,
  SubscriptionId,
  SubscriptionRecord,
} from './processor-store.ts';

/**
 * Joins a name and a version to one string. The name follows its length, so different pairs have different strings.
 */
export function subscriptionKey({ name, version }: SubscriptionId): string {
  return `${name.length}:${name}${version}`;
}

/** Returns the value of a subscription that a commit changes. A fence has proved that the subscription exists. */
export function valueOfFenced<Value>(values: ReadonlyMap<string, Value>, subscription: SubscriptionId): Value {
  const value = values.get(subscriptionKey(subscription));
  if (value === undefined) throw new Error('expected a fence on a share of each subscription that the commit changes');
  return value;
}

export function sortedSubscriptions(records: readonly SubscriptionRecord[]): readonly SubscriptionRecord[] {
  return records.toSorted((a, b) => compareSubscriptions(a.subscription, b.subscription));
}

/** Returns the members whose announcement has not expired. */
export function currentMembers(members: readonly GroupMember[], now: number): readonly GroupMember[] {
  return members.filter(({ expiresAt }) => expiresAt > now).sort((a, b) => compareUtf8(a.id, b.id));
}

export function listedDocuments(
  documents: readonly StoredDocument[],
  { from, to, after, limit = DEFAULT_LIST_LIMIT }: ListDocumentsOptions = {},
): readonly StoredDocument[] {
  return documents
    .filter(
      ({ key }) =>
        (from === undefined || compareUtf8(key, from) >= 0) &&
        (to === undefined || compareUtf8(key, to) < 0) &&
        (after === undefined || compareUtf8(key, after) > 0),
    )
    .sort((a, b) => compareUtf8(a.key, b.key))
    .slice(0, limit);
}

export function listedParked(
  events: readonly ParkedEvent[],
  { subscription, key, requested, after, limit = DEFAULT_LIST_LIMIT }: ParkedFilter = {},
): readonly ParkedEvent[] {
  return events
    .filter(
      (event) =>
        (subscription === undefined || compareSubscriptions(event.subscription, subscription) === 0) &&
        (key === undefined || event.key === key) &&
        (requested === undefined || event.requested === requested) &&
        (after === undefined || compareParked(placeOf(event), after) > 0),
    )
    .sort((a, b) => compareParked(placeOf(a), placeOf(b)))
    .slice(0, limit);
}

export function listedDeadlines(
  deadlines: readonly StoredDeadline[],
  { shares, dueBefore, after, limit = DEFAULT_LIST_LIMIT }: ListDeadlinesOptions = {},
): readonly StoredDeadline[] {
  return deadlines
    .filter(
      (deadline) =>
        (shares === undefined || shares.includes(deadline.share)) &&
        (dueBefore === undefined || deadline.dueAt < dueBefore) &&
        (after === undefined || compareDeadlines(deadline, after) > 0),
    )
    .sort(compareDeadlines)
    .slice(0, limit);
}

type DeadlinePlace = Pick<StoredDeadline, 'dueAt' | 'stream' | 'id'>;

function compareDeadlines(a: DeadlinePlace, b: DeadlinePlace): number {
  return a.dueAt - b.dueAt || compareUtf8(a.stream, b.stream) || compareUtf8(a.id, b.id);
}

function compareSubscriptions(a: SubscriptionId, b: SubscriptionId): number {
  return compareUtf8(a.name, b.name) || compareUtf8(a.version, b.version);
}

function placeOf({ subscription, key, event }: ParkedEvent): ParkedPlace {
  return { subscription, key, position: event.context.position };
}

function compareParked(a: ParkedPlace, b: ParkedPlace): number {
  return (
    compareSubscriptions(a.subscription, b.subscription) ||
    compareUtf8(a.key, b.key) ||
    (a.position < b.position ? -1 : a.position > b.position ? 1 : 0)
  );
}
