/**
 * Moves the stored state of processors with effects (docs/decisions.md, "A store is copied commit by commit"). A
 * checkpoint is a position of its store, so it is translated to the position of the same event in the other store.
 * Without its checkpoint, a reactor would begin at the first event and repeat its effects.
 *
 * Read models are not copied. They are built from the events of the new store.
 */
import type { EventStore } from '../event-store.ts';
import type { EventContext, RecordedEvent } from '../messages.ts';
import { readParked } from '../processors/parked-events.ts';
import type {
  ParkedEvent,
  ProcessorStore,
  Share,
  StopReason,
  StoredDeadline,
  SubscriptionId,
  SubscriptionRecord,
} from '../processors/processor-store.ts';
import { CopyError } from './copy-error.ts';

/** A store with its storage of processors. */
export interface StoreWithProcessors extends Pick<EventStore, 'readAll' | 'readStream'> {
  readonly processors?: ProcessorStore | undefined;
}

/** The processors of a copy. */
export interface CopiedProcessors {
  /** The processors that continue in the copy at the event that they have reached in the source. */
  readonly moved: readonly SubscriptionId[];
  /** The read models, which are built from the first event in the copy. */
  readonly rebuilt: readonly SubscriptionId[];
}

const MOVED_KINDS: readonly SubscriptionRecord['kind'][] = ['process-manager', 'dispatcher', 'reactor'];

/** The member id with which the copy holds shares of the destination. */
const MEMBER = 'decidable copy';
const LEASE = 60_000;

/** The maximum number of parked events or deadlines of one commit. */
const MAX_CHANGES = 100;

/** Refuses a store on which processes run the system. @throws CopyError with the code `code`. */
export async function refuseRunning(
  processors: ProcessorStore,
  code: 'source-in-use' | 'destination-in-use',
): Promise<void> {
  const members = await processors.listMembers(Date.now());
  if (members.length === 0) return;
  const ids = members.map(({ id }) => id);
  const until = new Date(Math.max(...members.map(({ expiresAt }) => expiresAt))).toISOString();
  const side = code === 'source-in-use' ? 'source' : 'destination';
  const advice = code === 'source-in-use' ? ', or copy the commits alone (processors: false, --no-processors)' : '';
  throw new CopyError(
    code,
    ids,
    `the system runs on the ${side} (${ids.join(', ')}); stop it and copy again${advice}. ` +
      `The lease of a process that has ended without stopping lasts until ${until}`,
  );
}

/** Moves the processors. All events that they have processed must be in the destination. */
export async function copyProcessors(
  from: StoreWithProcessors,
  to: StoreWithProcessors,
  signal: AbortSignal | undefined,
): Promise<CopiedProcessors> {
  if (from.processors === undefined || to.processors === undefined) {
    throw new CopyError(
      'no-processors',
      [],
      'one of the two stores has no storage of processors; pass `processors: false`',
    );
  }
  await refuseRunning(from.processors, 'source-in-use');
  const move = new Move(from, from.processors, to, to.processors);
  const moved: SubscriptionId[] = [];
  const rebuilt: SubscriptionId[] = [];
  for (const record of await from.processors.listSubscriptions()) {
    signal?.throwIfAborted();
    if (MOVED_KINDS.includes(record.kind)) {
      await move.subscription(record);
      moved.push(record.subscription);
    } else if (record.active) {
      rebuilt.push(record.subscription);
    }
  }
  return { moved, rebuilt };
}

class Move {
  readonly #from: StoreWithProcessors;
  readonly #source: ProcessorStore;
  readonly #to: StoreWithProcessors;
  readonly #target: ProcessorStore;

  constructor(from: StoreWithProcessors, source: ProcessorStore, to: StoreWithProcessors, target: ProcessorStore) {
    this.#from = from;
    this.#source = source;
    this.#to = to;
    this.#target = target;
  }

  /** Moves one subscription. Every step can be repeated, so an interrupted copy can be started again. */
  async subscription({ subscription, kind, shares, definition, stopped }: SubscriptionRecord): Promise<void> {
    const target = this.#target;
    const opened = await target.openSubscription({ subscription, kind, shares, definition });
    if (opened.shares !== shares || opened.kind !== kind) {
      throw new CopyError(
        'other-contents',
        [subscription.name, subscription.version],
        `the destination has ${subscription.name} ${subscription.version} with ${opened.shares} shares, and the source ` +
          `has it with ${shares}; copy into an empty store`,
      );
    }
    await target.redefine(subscription, definition);
    await target.resetSubscription(subscription);
    const before = await this.#source.listShares(subscription);
    for (const share of await target.listShares(subscription)) {
      await this.#share(share, before.find((one) => one.share === share.share)?.checkpoint);
    }
    await target.setStopped(subscription, stopped && (await this.#reason(stopped)));
  }

  async #share(free: Share, before: bigint | undefined): Promise<void> {
    const { subscription, share } = free;
    const checkpoint = before === undefined ? undefined : await this.#position(before);
    if (checkpoint === undefined) return;
    const now = Date.now();
    const held = await this.#target.claimShare(free, MEMBER, now, now + LEASE);
    if (held === undefined) {
      throw new CopyError(
        'destination-in-use',
        [],
        `a process runs ${subscription.name} on the destination; stop the process`,
      );
    }
    const { token } = held;
    const fence = { subscription, share, token, before: undefined as bigint | undefined, checkpoint };
    const commit = async (changes: { park?: ParkedEvent[]; setDeadlines?: StoredDeadline[] }): Promise<void> => {
      await this.#target.commit({ fences: [{ ...fence }], ...changes });
      fence.before = checkpoint;
    };
    await commit({});
    let parked: ParkedEvent[] = [];
    for await (const event of readParked(this.#source, { subscription })) {
      if (event.share !== share) continue;
      parked.push(await this.#parked(event));
      if (parked.length < MAX_CHANGES) continue;
      await commit({ park: parked });
      parked = [];
    }
    if (parked.length > 0) await commit({ park: parked });
    let after: StoredDeadline | undefined;
    for (;;) {
      const page = await this.#source.listDeadlines(subscription, { shares: [share], after, limit: MAX_CHANGES });
      after = page.at(-1);
      if (after === undefined) break;
      const setDeadlines: StoredDeadline[] = [];
      for (const deadline of page) {
        setDeadlines.push({ ...deadline, context: (await this.#event(deadline.context)).context });
      }
      await commit({ setDeadlines });
    }
    await this.#target.releaseShares([held]);
  }

  async #parked(event: ParkedEvent): Promise<ParkedEvent> {
    return {
      ...event,
      event: await this.#event(event.event.context),
      reason: event.reason && (await this.#reason(event.reason)),
    };
  }

  async #reason(reason: StopReason): Promise<StopReason> {
    const { position } = reason;
    return { ...reason, position: position === undefined ? undefined : await this.#position(position) };
  }

  /** Returns the position in the destination of the last event at or before a position of the source. */
  async #position(position: bigint): Promise<bigint | undefined> {
    const [event] = await this.#from.readAll({
      direction: 'backward',
      afterPosition: position + 1n,
      limit: 1,
      categories: [],
      eventTypes: [],
      events: [],
    });
    return event && (await this.#event(event.context)).context.position;
  }

  /** Returns the event of the destination that has the same stream and revision. */
  async #event({ stream, revision }: EventContext): Promise<RecordedEvent> {
    const [event] = await this.#to.readStream(stream, { direction: 'forward', fromRevision: revision, limit: 1 });
    if (event !== undefined) return event;
    throw new CopyError(
      'source-in-use',
      [stream],
      `the processors of the source have processed event ${revision} of stream ${JSON.stringify(stream)}, which was added ` +
        'after the commits were copied; stop the system, and copy again',
    );
  }
}
