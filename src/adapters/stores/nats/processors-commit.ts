/**
 * The commit of a page. It replaces the shares under a guard, together with the documents, parked events and deadlines.
 *
 * A batch has at most 1,000 messages. If the page has changed more, its
 * documents and parked events are written first, in separate batches. The rest follows with the checkpoints. If the
 * process ends in between, the next member reads the same events again. A document skips events that it has folded, and
 * an event that is parked again is unchanged.
 */
import { subscriptionKey, valueOfFenced } from '../../../core/processors/listing.ts';
import { FencedError, type ProcessorCommit, type SubscriptionId } from '../../../core/processors/processor-store.ts';
import { isHeld, type ShareState } from '../../../core/processors/share-state.ts';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import { CONFLICT, type Conflict, type ProcessorAccess } from './processors-access.ts';
import { bySubscription, type Shares } from './processors-shares.ts';
import {
  deadlineOf,
  deadlineValue,
  documentValue,
  type ProcessorSubjects,
  parkedValue,
  sharesValue,
} from './processors-values.ts';
import type { NewValue, StateValues } from './state-values.ts';

/** The maximum number of messages of one batch, without those of the shares. The server accepts 1,000. */
const MOST_VALUES = 900;

/** The shares of a version before and after a commit. */
interface ShareMove {
  readonly id: string;
  readonly before: readonly ShareState[];
  readonly after: readonly ShareState[];
  /** The guard of the next batch. */
  sequence: number;
}

/**
 * Writes a page. If another writer has replaced the shares, removes them from the cache of this process.
 * @throws FencedError
 */
export async function commitPage(
  access: ProcessorAccess,
  shares: Shares,
  commit: ProcessorCommit,
): Promise<undefined | Conflict> {
  const { values, subjects } = access;
  const ids = new Map<string, string>();
  const moves: ShareMove[] = [];
  for (const [subscription, fences] of bySubscription(commit.fences)) {
    const known = await shares.known(subscription);
    const lost = fences.find((fence) => {
      const state = known?.shares[fence.share];
      return !isHeld(state, fence) || state.checkpoint !== fence.before;
    });
    if (known === undefined || lost !== undefined) throw new FencedError(lost ?? fences[0]!);
    const { id, sequence, shares: before } = known;
    ids.set(subscriptionKey(subscription), id);
    const moved = new Map(fences.map(({ share, checkpoint }) => [share, checkpoint]));
    const after = before.map((state, share) => {
      const checkpoint = moved.get(share);
      const isLater = checkpoint !== undefined && (state.checkpoint === undefined || checkpoint > state.checkpoint);
      return isLater ? { ...state, checkpoint } : state;
    });
    moves.push({ id, before, after, sequence });
  }
  const batches = await changedValues(values, subjects, ids, commit);
  for (const [index, changes] of batches.entries()) {
    const isLast = index === batches.length - 1;
    const guarded = moves.map(({ id, before, after, sequence }) =>
      sharesValue(subjects.shares(id), sequence, isLast ? after : before),
    );
    const first = await access.write([...guarded, ...changes]);
    if (first === CONFLICT) {
      // A lease was renewed, or a share was lost. The next read of the shares shows which.
      shares.forget(moves.map(({ id }) => id));
      return CONFLICT;
    }
    for (const [place, move] of moves.entries()) {
      move.sequence = first + place;
      shares.remember(move.id, { sequence: move.sequence, shares: isLast ? move.after : move.before });
    }
  }
  return undefined;
}

/**
 * Returns the values in batches. The last batch is written together with the checkpoints.
 *
 * @param ids the ids of the versions that are fenced, by `subscriptionKey`.
 */
async function changedValues(
  values: StateValues,
  subjects: ProcessorSubjects,
  ids: ReadonlyMap<string, string>,
  commit: ProcessorCommit,
): Promise<readonly (readonly NewValue[])[]> {
  /** The changes by subject, because only the last change of a value is written. */
  const early = new Map<string, NewValue>();
  const late = new Map<string, NewValue>();
  const idOf = (subscription: SubscriptionId): string => valueOfFenced(ids, subscription);
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
    throw new EngineFailure('full', `${message}; use smaller pages for the processor`);
  }
  const batches: NewValue[][] = [];
  const first = [...early.values()];
  const rest = MOST_VALUES - late.size;
  for (let at = rest; at < first.length; at += MOST_VALUES) batches.push(first.slice(at, at + MOST_VALUES));
  batches.push([...first.slice(0, rest), ...late.values()]);
  return batches;
}
