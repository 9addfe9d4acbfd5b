/**
 * Storage for processors: shares with checkpoints and leases, documents, parked events and deadlines.
 *
 * One {@link ProcessorStore.commit} writes everything that came of a page of events together with the new checkpoints,
 * in one transaction. Each share carries a fencing token. If a token has changed, the member has lost its share. The
 * commit then throws and writes nothing. Exactly-once processing follows from these two facts alone.
 *
 * All times are milliseconds since the Unix epoch. The caller passes them, so that tests can set the clock.
 */
import { DecidableError } from '../errors.ts';
import type { Envelope, EventContext, EventName, RecordedEvent } from '../messages.ts';

/** A subscription: one version of one processor. */
export interface SubscriptionId {
  /** The processor's name. It is unique in a system. */
  readonly name: string;
  readonly version: string;
}

/** A processor's progress over its part of the keys. */
export interface Share {
  readonly subscription: SubscriptionId;
  /** A number from 0, less than the number of shares of the subscription. */
  readonly share: number;
  /** Every event at or before this position is processed or parked. `undefined` if no event is. */
  readonly checkpoint: bigint | undefined;
  /** The member that holds the share. `undefined` if no member does. */
  readonly holder: string | undefined;
  /** Grows with each change of holder. */
  readonly token: bigint;
  /** The lease ends then. Another member may claim the share afterwards. */
  readonly expiresAt: number;
}

/** A process that runs processors. */
export interface GroupMember {
  readonly id: string;
  /** The subscriptions that it runs. It claims shares of no other ones. */
  readonly subscriptions: readonly SubscriptionId[];
  /** The member counts until then. */
  readonly expiresAt: number;
}

/** A subscription as it was created. */
export interface SubscriptionRecord {
  readonly subscription: SubscriptionId;
  readonly kind: 'documents' | 'tables' | 'process-manager' | 'dispatcher' | 'reactor';
  readonly shares: number;
  /** The canonical description of the definition, as JSON. A changed definition without a new version is refused. */
  readonly definition: string;
  /** True if this version answers the read model's readers. Other versions are being built or wait to be dropped. */
  readonly active: boolean;
  /**
   * Set when the processor has stopped because of a failure. It stays until the processor makes progress again or
   * someone clears it.
   */
  readonly stopped: StopReason | undefined;
}

/** The failure that stopped a processor or parked an event. */
export interface StopReason {
  /** The failure's own code, for example `handle-failed`. */
  readonly code: string;
  readonly message: string;
  /** The event that could not be processed. `undefined` if the failure concerns no single event. */
  readonly position: bigint | undefined;
  readonly at: number;
}

/** Proof that a member still holds a share, and the checkpoint that the share gets. */
export interface Fence {
  readonly subscription: SubscriptionId;
  readonly share: number;
  readonly token: bigint;
  /**
   * The checkpoint that the member has seen. If it is not the stored one, the commit is fenced off, because a commit
   * whose outcome was unknown may have succeeded and must not be written twice.
   */
  readonly before: bigint | undefined;
  readonly checkpoint: bigint;
}

/**
 * A member has lost a share: another member holds it now, or the subscription was dropped. Nothing of the commit was
 * written. The member that sees this error stops working on the share.
 */
export class FencedError extends DecidableError<'fenced', Pick<Fence, 'subscription' | 'share' | 'token'>> {
  override readonly name: string = 'FencedError';

  constructor({ subscription, share, token }: Pick<Fence, 'subscription' | 'share' | 'token'>) {
    super(
      'processor',
      'fenced',
      { subscription, share, token },
      `share ${share} of ${subscription.name} ${subscription.version} has moved on without the holder of token ${token}`,
    );
  }
}

/** A document after an event. */
export interface DocumentChange {
  readonly subscription: SubscriptionId;
  readonly key: string;
  /** The document's bytes. `undefined` drops the document. */
  readonly state: Uint8Array | undefined;
  /** The position of the last event that the document has folded. */
  readonly position: bigint;
}

/** A stored document. */
export interface StoredDocument {
  readonly key: string;
  readonly state: Uint8Array;
  readonly position: bigint;
}

/** The documents to list. Keys are compared by their UTF-8 bytes. */
export interface ListDocumentsOptions {
  /** The first key, inclusive. */
  readonly from?: string | undefined;
  /** The end of the range, exclusive. */
  readonly to?: string | undefined;
  /** Continues after this key, exclusive. */
  readonly after?: string | undefined;
  /** @default 100 */
  readonly limit?: number | undefined;
}

/** An event that waits because it, or an event before it with the same key, could not be processed. */
export interface ParkedEvent {
  readonly subscription: SubscriptionId;
  readonly share: number;
  readonly key: string;
  readonly event: RecordedEvent;
  /** `undefined` if the event itself did not fail, but waits for an earlier event of its key. */
  readonly reason: StopReason | undefined;
  readonly attempts: number;
  readonly parkedAt: number;
  /** `retry`: someone asked for it; the share's holder tries the key again. */
  readonly requested: 'retry' | undefined;
}

/** Selects parked events. */
export interface ParkedFilter {
  readonly subscription?: SubscriptionId | undefined;
  readonly key?: string | undefined;
  readonly requested?: 'retry' | undefined;
  /** Continue after this parked event, in the order of subscription, key and position. */
  readonly after?: Pick<ParkedEvent, 'subscription' | 'key'> & { readonly position: bigint };
  /** @default 100 */
  readonly limit?: number | undefined;
}

/** One parked event, by its place. */
export interface ParkedPlace {
  readonly subscription: SubscriptionId;
  readonly key: string;
  readonly position: bigint;
}

/** A command that a process has scheduled. It belongs to the process manager's dispatcher. */
export interface StoredDeadline {
  readonly subscription: SubscriptionId;
  readonly share: number;
  /** The stream of the process. */
  readonly stream: string;
  /** Unique in the process. */
  readonly id: string;
  readonly dueAt: number;
  /** The id of the reaction's event, which is the id of the command. So a deadline that fires twice has one effect. */
  readonly commandId: string;
  readonly command: Envelope;
  /** The context of the reaction's event. */
  readonly context: EventContext;
}

/** A compiled SQL statement of a table read model. */
export interface TableStatement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** The tables of one version of a read model. */
export interface TableSetup {
  /** Create the tables. Run in the transaction that creates or resets the subscription. */
  readonly create: readonly TableStatement[];
  /** Drop them again. Run in the transaction that drops or resets the subscription. */
  readonly drop: readonly TableStatement[];
  /** Set for tables that will replace others. Used by {@link ProcessorStore.replaceSubscription}. */
  readonly replacing?:
    | {
        /** Give the tables the names of those that they replace. */
        readonly rename: readonly TableStatement[];
        /** The tables under those names. */
        readonly setup: TableSetup;
      }
    | undefined;
}

/**
 * A statement of a table read model failed, for example because of a constraint. Nothing of the commit was written. The
 * index tells which statement it was, and so which event.
 */
export class StatementFailed extends Error {
  override readonly name: string = 'StatementFailed';
  readonly code = 'statement-failed';
  /** The place in `ProcessorCommit.statements`. */
  readonly index: number;

  constructor(index: number, cause: unknown) {
    super(`statement ${index} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.index = index;
  }
}

/** Reading the tables of read models. */
export interface TableReading {
  /** A dialect of Kysely for one more connection, which can only read. The adapter of the tables knows its type. */
  readDialect(): unknown;
}

/** Everything that came of one page of events. It is written as a whole, or not at all. */
export interface ProcessorCommit {
  readonly fences: readonly Fence[];
  readonly documents?: readonly DocumentChange[];
  /** Run in order, in the same transaction. Only stores with the capability `tables` take them. */
  readonly statements?: readonly TableStatement[];
  readonly park?: readonly ParkedEvent[];
  readonly unpark?: readonly ParkedPlace[];
  readonly setDeadlines?: readonly StoredDeadline[];
  readonly removeDeadlines?: readonly Pick<StoredDeadline, 'subscription' | 'stream' | 'id'>[];
  /** Removes all deadlines of processes that have ended. */
  readonly endProcesses?: readonly Pick<StoredDeadline, 'subscription' | 'stream'>[];
}

/**
 * The capabilities of a store of processors. It refuses everything else with a typed error that names a store with the
 * capability.
 */
export interface ProcessorCapabilities {
  readonly documents: true;
  /** True if it runs the statements of table read models in the transaction of the checkpoint. */
  readonly tables: boolean;
  /** True if it can update read models in the transaction of an append. */
  readonly inline: boolean;
}

/** A subscription that may have to be created. */
export interface NewSubscription extends Pick<SubscriptionRecord, 'subscription' | 'kind' | 'shares' | 'definition'> {
  readonly tables?: TableSetup | undefined;
  /**
   * True if the name has one version at a time. If another version of the same kind exists, this one takes over its
   * shares, checkpoints, parked events and deadlines instead of beginning at the first event, and the members of the
   * other one lose their shares.
   * @default false
   */
  readonly continues?: boolean | undefined;
}

/** A read model in the transaction of an append. Everything is synchronous. */
export interface InlineProjection {
  readonly subscription: SubscriptionId;
  /** Returns whether the projection has the stored definition. If not, the store does not ask it for changes. */
  isCurrent(definition: string): boolean;
  /** The filter that the store applies. */
  readonly events: readonly EventName[];
  /**
   * Returns the changes that the events lead to, in the order of their positions.
   * @throws FaultError if an event cannot be processed. The append is then refused.
   */
  changes(events: readonly RecordedEvent[], stored: InlineReading): Omit<ProcessorCommit, 'fences'>;
}

/** The contents of the subscription, in the same transaction. */
export interface InlineReading {
  readonly shares: readonly Share[];
  documents(keys: readonly string[]): readonly StoredDocument[];
  isParked(key: string): boolean;
}

/**
 * Storage for processors. The memory store and the SQLite store implement it in addition to the event store;
 * `processorStoreSuite` of `decidable/testing` checks an implementation.
 *
 * Every method throws a `StoreFailure` if the store is closed, an argument is invalid or the engine fails.
 */
export interface ProcessorStore {
  readonly capabilities: ProcessorCapabilities;

  /** Present if the store has the capability `tables`. */
  readonly tables?: TableReading | undefined;

  /**
   * Present if the store has the capability `inline`. From now on, each append of this process that stores events also
   * stores what the projection makes of all events after its checkpoints, and moves the checkpoints, in its
   * transaction. If the projection throws, the append throws a `FaultError` with the code `inline-projection-failed`,
   * and nothing is stored.
   *
   * @returns the function that ends it.
   */
  inline?(projection: InlineProjection): () => void;

  /**
   * Creates the subscription and its shares if they do not exist, and returns the record as it is stored. The first
   * version of a name is active.
   */
  openSubscription(record: NewSubscription): Promise<SubscriptionRecord>;

  /** All subscriptions, in the order of their names and versions. */
  listSubscriptions(): Promise<readonly SubscriptionRecord[]>;

  /** All shares of a subscription, in order. Empty if the subscription does not exist. */
  listShares(subscription: SubscriptionId): Promise<readonly Share[]>;

  /** Makes a version the one that answers readers, instead of the previous version. */
  activate(subscription: SubscriptionId): Promise<void>;

  /** Removes a version: its shares, documents, parked events and deadlines. Members that run it lose their shares. */
  dropSubscription(subscription: SubscriptionId): Promise<void>;

  /**
   * Starts a version again from nothing: without documents, rows, parked events, deadlines and checkpoints. Members
   * lose their shares and claim them again.
   */
  resetSubscription(subscription: SubscriptionId): Promise<void>;

  /**
   * Puts `replacement`, which was built next to `subscription`, in its place: checkpoints, documents, tables, parked
   * events and deadlines. The definition becomes the given one, and the active version stays. Members that hold shares
   * of either lose them. All of it is one transaction, so that readers see the old contents or the new ones.
   *
   * Changes nothing and returns false if one of the two does not exist, or a share of the replacement has a lower
   * checkpoint: readers would see older contents.
   */
  replaceSubscription(subscription: SubscriptionId, replacement: SubscriptionId, definition: string): Promise<boolean>;

  /** Changes the stored definition of a subscription, and nothing else. */
  redefine(subscription: SubscriptionId, definition: string): Promise<void>;

  /** Records or clears the reason why a processor stopped. */
  setStopped(subscription: SubscriptionId, reason: StopReason | undefined): Promise<void>;

  /**
   * Announces a member of the group of all processes that run a system on this store, or replaces what it announced
   * before. Members whose announcement has expired are forgotten.
   */
  announceMember(member: GroupMember, now: number): Promise<void>;

  /** Removes a member that leaves. */
  removeMember(member: string): Promise<void>;

  /** The members whose announcement has not expired, in the order of their ids. */
  listMembers(now: number): Promise<readonly GroupMember[]>;

  /**
   * Claims a share if it has the token that the caller has seen, and it is free, expired, or held by the caller.
   * Returns the share with its new token, or `undefined` if another member was faster.
   */
  claimShare(
    share: Pick<Share, 'subscription' | 'share' | 'token'>,
    member: string,
    now: number,
    expiresAt: number,
  ): Promise<Share | undefined>;

  /**
   * Extends the leases of shares that are held with these tokens. Returns those that are still held: the objects of the
   * argument.
   */
  renewShares<Held extends Pick<Share, 'subscription' | 'share' | 'token'>>(
    shares: readonly Held[],
    expiresAt: number,
  ): Promise<readonly Held[]>;

  /** Gives up shares. Those that are not held with these tokens any more are left alone. */
  releaseShares(shares: readonly Pick<Share, 'subscription' | 'share' | 'token'>[]): Promise<void>;

  /**
   * Writes what came of a page, and moves the checkpoints.
   * @throws FencedError if a token or a checkpoint is not the one that the member has seen. Nothing was written.
   * @throws StatementFailed if a statement fails. Nothing was written.
   */
  commit(commit: ProcessorCommit): Promise<void>;

  readDocument(subscription: SubscriptionId, key: string): Promise<StoredDocument | undefined>;

  /** The documents with these keys, in any order. Keys without a document are left out. */
  readDocuments(subscription: SubscriptionId, keys: readonly string[]): Promise<readonly StoredDocument[]>;

  /** Returns the documents in the order of keys. A list that is shorter than the limit ends the range. */
  listDocuments(subscription: SubscriptionId, options?: ListDocumentsOptions): Promise<readonly StoredDocument[]>;

  /** Returns the parked events in the order of subscription, key and position. */
  listParked(filter?: ParkedFilter): Promise<readonly ParkedEvent[]>;

  /** Asks the holder of the share to try a key again. Returns how many parked events the key has. */
  requestRetry(subscription: SubscriptionId, key: string): Promise<number>;

  /** Drops parked events of a key: the first one, or all of them. Returns how many were dropped. */
  dropParked(subscription: SubscriptionId, key: string, which: 'first' | 'all'): Promise<number>;

  /** The deadlines of these shares in the order in which they fall due, with the earliest first. */
  listDeadlines(
    subscription: SubscriptionId,
    options?: { readonly shares?: readonly number[]; readonly dueBefore?: number; readonly limit?: number },
  ): Promise<readonly StoredDeadline[]>;

  /**
   * Resolves when something in this store may have changed since the call: a commit of this process or of another one.
   * It may resolve without a change.
   */
  awaitChange(signal?: AbortSignal): Promise<void>;
}
