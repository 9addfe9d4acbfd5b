/** The interface of processors: read models, process managers, dispatchers and reactors. The runner runs them. */
import type { EventName, RecordedEvent } from '../messages.ts';
import type {
  ProcessorCommit,
  StoredDeadline,
  SubscriptionId,
  SubscriptionRecord,
  TableSetup,
} from './processor-store.ts';

/**
 * The number of processes that a process manager decides concurrently, and whose commands are sent concurrently. Their
 * appends share transactions. With 64 processes, a transfer takes 8 % longer on SQLite.
 */
export const CONCURRENT_PROCESSES = 256;

/** A commit without the fences, which the runner adds. */
export type Changes = Omit<ProcessorCommit, 'fences'>;

/** An event that concerns a processor. */
export interface Item {
  readonly event: RecordedEvent;
  /** Events with one key are processed in order. */
  readonly key: string;
  /**
   * The decoded event, if it was kept. Handles into a guest are not kept, because they would have to be released.
   */
  readonly message?: unknown;
  /** True if the event was parked. If its key was not known, later events of the key may have been processed. */
  readonly wasParked?: boolean;
}

/** The key of an event and its decoded form, which a processor determines before it processes the event. */
export type Opened = Pick<Item, 'key' | 'message'>;

/** The uncommitted results of a page of events. It is dropped if the page cannot be committed. */
export interface Batch {
  /** Called once with the keys of the page's events, before the first event. */
  load?(keys: readonly string[]): Promise<void>;
  /** Processes one event. If it throws, the batch must not contain any effect of the event. */
  apply(item: Item, share: number): void | Promise<void>;
  /** Returns the changes to commit together with the checkpoints. */
  changes(): Changes;
  /** Called after the commit succeeded. */
  committed?(): void;
  /** Returns the event that made the commit fail, or `undefined` if the failure is not due to an event. */
  failedItem?(error: unknown): Item | undefined;
}

/** Processes events, and names the subscription under which its progress is stored. */
export interface Processor {
  readonly subscription: SubscriptionId;
  readonly kind: SubscriptionRecord['kind'];
  /** The canonical description of the definition, as JSON. */
  readonly definition: string;
  /** The tables of a table read model. */
  readonly tables?: TableSetup | undefined;
  /** The events that the processor reads. The store filters by them. */
  readonly events: readonly EventName[];
  /**
   * The number of keys that may be processed concurrently. If the number is 1, events are applied one by one in the
   * order of their positions. No event is applied after a failure.
   */
  readonly concurrency: number;
  readonly pageSize: number;
  /**
   * Reads an event and finds its key. Returns `undefined` if the event does not concern the processor.
   * @throws FaultError if the event cannot be read.
   */
  open(event: RecordedEvent): Opened | undefined;
  /** Begins a page. Uncommitted results of an earlier batch are dropped. */
  batch(signal: AbortSignal): Batch;
  /** Called when the member has lost shares. Cached values of their keys are stale. */
  sharesLost?(): void;
  /** The functions of a processor with deadlines. */
  readonly deadlines?: {
    /** The processor whose decisions set and cancel deadlines, with the events that it reads. */
    readonly source: { readonly subscription: SubscriptionId; readonly events: readonly EventName[] };
    /** Sends the command of the deadline. */
    fire(deadline: StoredDeadline): Promise<void>;
    /** Returns the event that set the deadline. If the command cannot be sent, this event is parked. */
    eventOf(deadline: StoredDeadline): RecordedEvent;
  };
}
