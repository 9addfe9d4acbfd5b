/** A processor as the runner sees it: read models, process managers, dispatchers and reactors are all of this shape. */
import type { EventName, RecordedEvent } from '../messages.ts';
import type {
  ProcessorCommit,
  StoredDeadline,
  SubscriptionId,
  SubscriptionRecord,
  TableSetup,
} from './processor-store.ts';

/** Everything of a commit but the fences, which are the runner's. */
export type Changes = Omit<ProcessorCommit, 'fences'>;

/** An event that concerns a processor. */
export interface Item {
  readonly event: RecordedEvent;
  /** Events with one key are processed in order. */
  readonly key: string;
  /**
   * The event as the processor's module reads it, if it was kept. Handles into a guest are not kept, because they would
   * have to be released.
   */
  readonly message?: unknown;
}

/** The facts about an event that a processor determines before it processes the event. */
export type Opened = Pick<Item, 'key' | 'message'>;

/** The uncommitted results of a page of events. It is dropped if the page cannot be committed. */
export interface Batch {
  /** Called once with the keys of the page's events, before the first event. */
  load?(keys: readonly string[]): Promise<void>;
  /** Processes one event. If it throws, nothing of the event may remain. */
  apply(item: Item, share: number): void | Promise<void>;
  /** Everything that has to be committed together with the checkpoints. */
  changes(): Changes;
  /** The commit succeeded. */
  committed?(): void;
  /** The event that made the commit fail; `undefined` if the failure is not an event's. */
  culprit?(error: unknown): Item | undefined;
}

/** One kind of work on events, with the names under which its progress is stored. */
export interface Processor {
  readonly subscription: SubscriptionId;
  readonly kind: SubscriptionRecord['kind'];
  /** The canonical description of the definition, as JSON. */
  readonly definition: string;
  /** The tables of a table read model. */
  readonly tables?: TableSetup | undefined;
  /** The events that it reads. The store filters. */
  readonly events: readonly EventName[];
  /**
   * The number of keys that may be processed at the same time. If it is 1, events are applied one after another in the
   * order of their positions, and none is applied after one that failed.
   */
  readonly concurrency: number;
  readonly pageSize: number;
  /**
   * Reads an event and finds its key; `undefined` if the event does not concern the processor.
   * @throws FaultError if the event cannot be read.
   */
  open(event: RecordedEvent): Opened | undefined;
  /** Begins a page. Uncommitted results of an earlier batch are forgotten. */
  batch(signal: AbortSignal): Batch;
  /** Shares that the member does not hold any more. Cached values of their keys are stale. */
  sharesLost?(): void;
  /** The functions of a processor with deadlines. */
  readonly deadlines?: {
    /** Sends the command of the deadline. */
    fire(deadline: StoredDeadline): Promise<void>;
    /** The event that set the deadline. If the command cannot be sent, this event is parked. */
    eventOf(deadline: StoredDeadline): RecordedEvent;
  };
}
