/**
 * The values that a commit of a page writes. A batch has at most 1,000 messages. If the page has changed more, its
 * documents and parked events are written first, in separate batches. The rest follows with the checkpoints. If the
 * process ends in between, the next member reads the same events again: a document skips events that it has folded, and
 * an event that is parked again is unchanged.
 */
import type { ProcessorCommit, SubscriptionId } from '../../../core/processors/processor-store.ts';
import { ServerFailure } from './failures.ts';
import { deadlineOf, deadlineValue, documentValue, type ProcessorSubjects, parkedValue } from './processors-values.ts';
import type { NewValue, StateValues } from './state-values.ts';
import { subscriptionName } from './subscription-name.ts';

/** The maximum number of messages of one batch, without those of the shares. The server accepts 1,000. */
const MOST_VALUES = 900;

/**
 * Returns the values in batches. The last batch belongs to the checkpoints.
 *
 * @param ids the ids of the versions that are fenced, by `subscriptionName`.
 */
export async function changedValues(
  values: StateValues,
  subjects: ProcessorSubjects,
  ids: ReadonlyMap<string, string>,
  commit: ProcessorCommit,
): Promise<readonly (readonly NewValue[])[]> {
  /** The changes by subject, because only the last change of a value is written. */
  const early = new Map<string, NewValue>();
  const late = new Map<string, NewValue>();
  const idOf = (subscription: SubscriptionId): string => {
    const id = ids.get(subscriptionName(subscription));
    if (id === undefined) throw new Error('expected a fence on a share of each subscription that the commit changes');
    return id;
  };
  const put = (to: Map<string, NewValue>, value: NewValue): void => {
    early.delete(value.subject);
    late.delete(value.subject);
    to.set(value.subject, value);
  };
  for (const change of commit.documents ?? []) {
    const subject = subjects.document(idOf(change.subscription), change.key);
    put(change.state === undefined ? late : early, documentValue(subject, change));
  }
  for (const { subscription, key, position } of commit.unpark ?? []) {
    put(late, { subject: subjects.parked(idOf(subscription), key, position), record: undefined });
  }
  for (const event of commit.park ?? []) {
    const subject = subjects.parked(idOf(event.subscription), event.key, event.event.context.position);
    put(early, parkedValue(subject, event));
  }
  for (const deadline of commit.setDeadlines ?? []) {
    put(late, deadlineValue(subjects.deadline(idOf(deadline.subscription), deadline.stream, deadline.id), deadline));
  }
  for (const { subscription, stream, id } of commit.removeDeadlines ?? []) {
    put(late, { subject: subjects.deadline(idOf(subscription), stream, id), record: undefined });
  }
  for (const { subscription, stream } of commit.endProcesses ?? []) {
    const id = idOf(subscription);
    const stored = await values.list(subjects.deadlines(id, stream));
    for (const value of stored) {
      if (deadlineOf(subscription, value).stream === stream) put(late, { subject: value.subject, record: undefined });
    }
    for (const deadline of commit.setDeadlines ?? []) {
      if (deadline.stream === stream)
        put(late, { subject: subjects.deadline(id, stream, deadline.id), record: undefined });
    }
  }
  if (late.size > MOST_VALUES) {
    const message = `a commit of a processor changes ${late.size} values, and a NATS server stores at most ${MOST_VALUES} in one batch`;
    throw new ServerFailure('full', `${message}; use smaller pages for the processor`);
  }
  const batches: NewValue[][] = [];
  const first = [...early.values()];
  const rest = MOST_VALUES - late.size;
  for (let at = rest; at < first.length; at += MOST_VALUES) batches.push(first.slice(at, at + MOST_VALUES));
  batches.push([...first.slice(0, rest), ...late.values()]);
  return batches;
}
