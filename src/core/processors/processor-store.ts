/**
 * The interface of the storage for processors: shares with checkpoints and leases, documents, parked events and
 * deadlines.
 *
 * One {@link ProcessorStore.commit} writes all results of a page of events together with the new checkpoints, in one
 * transaction. Each share has a fencing token. If the token has changed, the member has lost the share. The commit then
 * throws, and nothing is written. Exactly-once processing follows from these two rules.
 *
 * All times are milliseconds since the Unix epoch. The caller passes them, so that tests can set the clock.
 */
import { DecidableError } from '../errors.ts';
import type { Envelope, EventContext, EventName, RecordedEvent } from '../messages.ts';

/** A subscription: one version of one processor. */
export interface SubscriptionId {
  /** The processor's name. It is unique in a system. */
  readonly name: string;
  /** The version of the processor. Each version has its own progress. */
  readonly version: string;
}

/** One part of the keys of a subscription, with the progress and the holder. */
export interface Share {
  readonly subscription: SubscriptionId;
  /** The number of the share, from 0 and less than the number of shares of the subscription. */
  readonly share: number;
  /** The position up to which every event is processed or parked. It is `undefined` before the first event. */
  readonly checkpoint: bigint | undefined;
  /** The member that holds the share, or `undefined` if no member holds it. */
  readonly holder: string | undefined;
  /** The fencing token, which grows with each change of the holder. */
  readonly token: bigint;
  /** The time at which the lease ends. Another member may then claim the share. */
  readonly expiresAt: number;
}

/** Identifies a share and its holder, as a member has read them. */
export type ShareToken = Pick<Share, 'subscription' | 'share' | 'token'>;

/** A process that runs processors. */
export interface GroupMember {
  /** The id of the process, which is unique in the group. */
  readonly id: string;
  /** The subscriptions that the member runs. It claims only shares of these subscriptions. */
  readonly subscriptions: readonly SubscriptionId[];
  /** The time until which the member belongs to the group. */
  readonly expiresAt: number;
}

/** A stored subscription. */
export interface SubscriptionRecord {
  readonly subscription: SubscriptionId;
  /** The kind of the processor. */
  readonly kind: 'documents' | 'tables' | 'process-manager' | 'dispatcher' | 'reactor';
  /** The number of shares into which the keys are divided. */
  readonly shares: number;
  /** The canonical description of the definition, as JSON. A changed definition without a new version is refused. */
  readonly definition: string;
  /** True if readers of the read model read this version. Other versions are being built, or were replaced. */
  readonly active: boolean;
  /**
   * The failure that has stopped the processor. It is kept until the processor makes progress or
   * {@link ProcessorStore.setStopped} clears it.
   */
  readonly stopped: StopReason | undefined;
}

/** The failure that stopped a processor or parked an event. */
export interface StopReason {
  /** The failure's own code, for example `handle-failed`. */
  readonly code: string;
  /** The failure's message, for a person to read. */
  readonly message: string;
  /**
   * The position of the event that could not be processed, or `undefined` if the failure does not concern a single
   * event.
   */
  readonly position: bigint | undefined;
  /** The time of the failure, in milliseconds since the Unix epoch. */
  readonly at: number;
}

/** Proves that a member still holds a share, and sets the new checkpoint of the share. */
export interface Fence {
  readonly subscription: SubscriptionId;
  readonly share: number;
  /** The fencing token that the member has read. */
  readonly token: bigint;
  /**
   * The checkpoint that the member has read. If it differs from the stored one, the commit is refused, because an
   * earlier commit whose outcome was unknown may have succeeded and must not be written twice.
   */
  readonly before: bigint | undefined;
  /** The position up to which every event is processed or parked, after this commit. */
  readonly checkpoint: bigint;
}

/**
 * A member has lost a share, because another member holds it now or the subscription was dropped. Nothing of the commit
 * was written. The member stops working on the share.
 */
export class FencedError extends DecidableError<'fenced', ShareToken> {
  override readonly name: string = 'FencedError';

  constructor({ subscription, share, token }: ShareToken) {
    super(
      'processor',
      'fenced',
      { subscription, share, token },
      `the token ${token} of share ${share} of ${subscription.name} ${subscription.version} is outdated, because another ` +
        'member has claimed the share or the subscription was dropped',
    );
  }
}

/** The change of a document. */
export interface DocumentChange {
  readonly subscription: SubscriptionId;
  readonly key: string;
  /** The document's bytes, or `undefined` to drop the document. */
  readonly state: Uint8Array | undefined;
  /** The position of the last event that the document has folded. */
  readonly position: bigint;
}

/** A stored document. */
export interface StoredDocument {
  readonly key: string;
  /** The document's bytes. */
  readonly state: Uint8Array;
  /** The position of the last event that the document has folded. */
  readonly position: bigint;
}

/** Selects the documents to list. Keys are compared by their UTF-8 bytes. */
export interface ListDocumentsOptions {
  /** The first key, inclusive. */
  readonly from?: string | undefined;
  /** The end of the range, exclusive. */
  readonly to?: string | undefined;
  /** Continues after this key, exclusive. */
  readonly after?: string | undefined;
  /** The maximum number of items to return. @default 100 */
  readonly limit?: number | undefined;
}

/** An event that waits because it, or an event before it with the same key, could not be processed. */
export interface ParkedEvent {
  readonly subscription: SubscriptionId;
  /** The number of the share that the key belongs to. */
  readonly share: number;
  /** The key of the event: later events of this key are parked, too. */
  readonly key: string;
  readonly event: RecordedEvent;
  /** The failure of the event. It is `undefined` if the event only waits for an earlier event of its key. */
  readonly reason: StopReason | undefined;
  /** The number of times that the event was processed without success. */
  readonly attempts: number;
  /** The time at which the event was parked, in milliseconds since the Unix epoch. */
  readonly parkedAt: number;
  /** `retry` if a retry was requested. The share's holder then processes the key again. */
  readonly requested: 'retry' | undefined;
}

/** Selects parked events. */
export interface ParkedFilter {
  /** Selects the events of one processor. @default the events of all processors */
  readonly subscription?: SubscriptionId | undefined;
  /** Selects the events of one key. @default the events of all keys */
  readonly key?: string | undefined;
  /** Selects the events for which a retry was requested. @default all events */
  readonly requested?: 'retry' | undefined;
  /** Continues after this parked event, in the order of subscription, key and position. */
  readonly after?: Pick<ParkedEvent, 'subscription' | 'key'> & { readonly position: bigint };
  /** The maximum number of items to return. @default 100 */
  readonly limit?: number | undefined;
}

/** Identifies a parked event. */
export interface ParkedPlace {
  readonly subscription: SubscriptionId;
  readonly key: string;
  /** The position of the event in the store. */
  readonly position: bigint;
}

/** A command that a process has scheduled. It belongs to the process manager's dispatcher. */
export interface StoredDeadline {
  readonly subscription: SubscriptionId;
  /** The number of the share that the stream belongs to. */
  readonly share: number;
  /** The stream of the process. */
  readonly stream: string;
  /** The id of the deadline, which is unique in the process. */
  readonly id: string;
  /** The time at which the command is sent, in milliseconds since the Unix epoch. */
  readonly dueAt: number;
  /**
   * The id of the reaction's event, which is also the id of the command. So a deadline that fires twice has one effect.
   */
  readonly commandId: string;
  /** The command to send. */
  readonly command: Envelope;
  /** The context of the reaction's event. */
  readonly context: EventContext;
}

/** Selects the deadlines to list. */
export interface ListDeadlinesOptions {
  /** Lists only the deadlines of these shares. */
  readonly shares?: readonly number[] | undefined;
  /** The end of the range of times, exclusive. */
  readonly dueBefore?: number | undefined;
  /** Continues after this deadline, in the order of time, stream and id. */
  readonly after?: Pick<StoredDeadline, 'dueAt' | 'stream' | 'id'> | undefined;
  /** The maximum number of items to return. @default 100 */
  readonly limit?: number | undefined;
}

/** A compiled SQL statement of a table read model. */
export interface TableStatement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

/** The tables of one version of a read model. */
export interface TableSetup {
  /** The statements that create the tables. They run in the transaction that creates or resets the subscription. */
  readonly create: readonly TableStatement[];
  /** The statements that drop the tables. They run in the transaction that drops or resets the subscription. */
  readonly drop: readonly TableStatement[];
  /** The renaming of the tables, if they will replace others. {@link ProcessorStore.replaceSubscription} uses it. */
  readonly replacing?:
    | {
        /** The statements that rename the tables to the names of the replaced tables. */
        readonly rename: readonly TableStatement[];
        /** The tables under their new names. */
        readonly setup: TableSetup;
      }
    | undefined;
}

/**
 * A statement of a table read model failed, for example because of a constraint. Nothing of the commit was written. The
 * index identifies the statement and therefore the event.
 */
export class StatementFailed extends Error {
  override readonly name: string = 'StatementFailed';
  readonly code = 'statement-failed';
  /** The index in `ProcessorCommit.statements`. */
  readonly index: number;

  constructor(index: number, cause: unknown) {
    super(`statement ${index} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.index = index;
  }
}

/** Reads the tables of read models. */
export interface TableReading {
  /** Returns a Kysely dialect with a separate, read-only connection. `decidable/tables` declares its type. */
  readDialect(): unknown;

  /**
   * The engine of the tables.
   * @default SQLite
   */
  readonly engine?: TableEngine | undefined;
}

/** The differences between an engine and SQLite, in the tables of read models. */
export interface TableEngine {
  /** Returns a Kysely dialect that compiles statements without running them. `decidable/tables` declares its type. */
  compileDialect(): unknown;
  /**
   * The maximum number of bytes of the name of a table, index or constraint. Longer names are shortened, with a hash.
   */
  readonly longestName: number;
  /** Returns whether the engine stores a value that SQLite does not, such as a boolean. */
  canStore(value: unknown): boolean;
}

/** All results of one page of events. They are written atomically. */
export interface ProcessorCommit {
  /** The shares that the page belongs to, with their new checkpoints. */
  readonly fences: readonly Fence[];
  /** The changes of documents. */
  readonly documents?: readonly DocumentChange[];
  /** Statements that run in order, in the same transaction. Only stores with the capability `tables` accept them. */
  readonly statements?: readonly TableStatement[];
  /** The events to park. */
  readonly park?: readonly ParkedEvent[];
  /** The parked events to remove. */
  readonly unpark?: readonly ParkedPlace[];
  /** The deadlines to store. Each replaces the one with the same stream and id. */
  readonly setDeadlines?: readonly StoredDeadline[];
  /** The deadlines to remove. */
  readonly removeDeadlines?: readonly Pick<StoredDeadline, 'subscription' | 'stream' | 'id'>[];
  /** Removes all deadlines of processes that have ended. */
  readonly endProcesses?: readonly Pick<StoredDeadline, 'subscription' | 'stream'>[];
}

/**
 * The capabilities of a processor store. A part that needs a missing capability is refused with a typed error, which
 * names a store that has it.
 */
export interface ProcessorCapabilities {
  readonly documents: true;
  /** True if the store runs the statements of table read models in the transaction of the checkpoint. */
  readonly tables: boolean;
  /** True if the store can update read models in the transaction of an append. */
  readonly inline: boolean;
}

/** A subscription to open. If it does not exist, it is created. */
export interface NewSubscription extends Pick<SubscriptionRecord, 'subscription' | 'kind' | 'shares' | 'definition'> {
  readonly tables?: TableSetup | undefined;
  /**
   * True if the name has only one version at a time. If another version of the same kind exists, this version takes
   * over its shares, checkpoints, parked events and deadlines instead of starting at the first event, and the members
   * of the other version lose their shares.
   * @default false
   */
  readonly continues?: boolean | undefined;
}

/** A read model that is updated in the transaction of an append. All its functions are synchronous. */
export interface InlineProjection {
  readonly subscription: SubscriptionId;
  /**
   * Returns whether the stored definition is that of the projection. If it is not, the store does not call `changes`.
   */
  isCurrent(definition: string): boolean;
  /** The events that the store passes to `changes`. */
  readonly events: readonly EventName[];
  /**
   * Returns the changes for these events, which are in the order of their positions.
   * @throws FaultError if an event cannot be processed. The append then fails.
   */
  changes(events: readonly RecordedEvent[], stored: InlineReading): Omit<ProcessorCommit, 'fences'>;
}

/** Reads the contents of the subscription in the same transaction. */
export interface InlineReading {
  readonly shares: readonly Share[];
  documents(keys: readonly string[]): readonly StoredDocument[];
  isParked(key: string): boolean;
}

/**
 * The storage for processors. The stores of the package implement it in addition to the event store.
 * `processorStoreSuite` of `decidable/testing` tests an implementation.
 *
 * Every method throws a `StoreFailure` if the store is closed, an argument is invalid or the engine fails.
 */
export interface ProcessorStore {
  readonly capabilities: ProcessorCapabilities;

  /** The reader of tables. It is present if the store has the capability `tables`. */
  readonly tables?: TableReading | undefined;

  /**
   * Adds an inline projection. The method is present if the store has the capability `inline`. Each later append of
   * this process that stores events also stores the projection's changes for all events after its checkpoints, and
   * moves the checkpoints, in the same transaction. If the projection throws, the append throws a `FaultError` with the
   * code `inline-projection-failed`, and nothing is stored.
   *
   * @returns a function that removes the projection.
   */
  inline?(projection: InlineProjection): () => void;

  /**
   * Creates the subscription and its shares if they do not exist, and returns the stored record. The first version of a
   * name is active.
   * @throws UnsupportedByStore if the subscription has tables, and the store lacks the capability `tables`.
   */
  openSubscription(record: NewSubscription): Promise<SubscriptionRecord>;

  /** Returns all subscriptions in the order of their names and versions. */
  listSubscriptions(): Promise<readonly SubscriptionRecord[]>;

  /** Returns all shares of a subscription in order. The list is empty if the subscription does not exist. */
  listShares(subscription: SubscriptionId): Promise<readonly Share[]>;

  /** Makes a version active, so that readers read it instead of the previous version. */
  activate(subscription: SubscriptionId): Promise<void>;

  /** Removes a version: its shares, documents, parked events and deadlines. Members that run it lose their shares. */
  dropSubscription(subscription: SubscriptionId): Promise<void>;

  /**
   * Resets a version, so that it has no documents, rows, parked events, deadlines and checkpoints. Members lose their
   * shares and claim them again.
   */
  resetSubscription(subscription: SubscriptionId): Promise<void>;

  /**
   * Replaces the contents of `subscription` by those of `replacement`: checkpoints, documents, tables, parked events
   * and deadlines. The definition becomes the given one. The active version is not changed. Members that hold shares of
   * either lose them. Everything is changed in one transaction, so readers read either the old or the new contents.
   *
   * If one of the two does not exist, the method returns false without a change. It also returns false if a share of
   * the replacement has a lower checkpoint, because readers would then read older contents.
   */
  replaceSubscription(subscription: SubscriptionId, replacement: SubscriptionId, definition: string): Promise<boolean>;

  /** Changes only the stored definition of a subscription. */
  redefine(subscription: SubscriptionId, definition: string): Promise<void>;

  /** Records or clears the reason why a processor stopped. */
  setStopped(subscription: SubscriptionId, reason: StopReason | undefined): Promise<void>;

  /**
   * Announces a member of the group of processes that run a system on this store, or replaces its earlier announcement.
   * Members whose announcement has expired are removed.
   */
  announceMember(member: GroupMember, now: number): Promise<void>;

  /** Removes a member that leaves. */
  removeMember(member: string): Promise<void>;

  /** Returns the members whose announcement has not expired, in the order of their ids. */
  listMembers(now: number): Promise<readonly GroupMember[]>;

  /**
   * Claims a share if its token is the one that the caller has read, and the share is free, expired, or held by the
   * caller. Returns the share with its new token, or `undefined` if another member was faster.
   */
  claimShare(share: ShareToken, member: string, now: number, expiresAt: number): Promise<Share | undefined>;

  /**
   * Extends the leases of shares that are held with these tokens. Returns the objects of the argument whose shares are
   * still held.
   */
  renewShares<Held extends ShareToken>(shares: readonly Held[], expiresAt: number): Promise<readonly Held[]>;

  /** Releases shares. A share that is not held with its token is not changed. */
  releaseShares(shares: readonly ShareToken[]): Promise<void>;

  /**
   * Writes the results of a page, and moves the checkpoints.
   * @throws FencedError if a token or a checkpoint differs from the one that the member has read. Nothing was written.
   * @throws StatementFailed if a statement fails. Nothing was written.
   * @throws UnsupportedByStore if the commit has statements, and the store lacks the capability `tables`. Nothing was
   *   written.
   */
  commit(commit: ProcessorCommit): Promise<void>;

  readDocument(subscription: SubscriptionId, key: string): Promise<StoredDocument | undefined>;

  /** Returns the documents with these keys, in any order. Keys without a document are left out. */
  readDocuments(subscription: SubscriptionId, keys: readonly string[]): Promise<readonly StoredDocument[]>;

  /**
   * Returns the documents in the order of keys. A list that is shorter than the limit is the last list of the range.
   */
  listDocuments(subscription: SubscriptionId, options?: ListDocumentsOptions): Promise<readonly StoredDocument[]>;

  /** Returns the parked events in the order of subscription, key and position. */
  listParked(filter?: ParkedFilter): Promise<readonly ParkedEvent[]>;

  /** Requests that the holder of the share processes a key again. Returns the number of parked events of the key. */
  requestRetry(subscription: SubscriptionId, key: string): Promise<number>;

  /** Drops the first parked event of a key, or all of them. Returns the number of dropped events. */
  dropParked(subscription: SubscriptionId, key: string, which: 'first' | 'all'): Promise<number>;

  /** Returns the deadlines of these shares, in the order of time, stream and id. */
  listDeadlines(subscription: SubscriptionId, options?: ListDeadlinesOptions): Promise<readonly StoredDeadline[]>;

  /**
   * Resolves after the next commit of this process or of another one. It may resolve without a change.
   */
  awaitChange(signal?: AbortSignal): Promise<void>;
}
