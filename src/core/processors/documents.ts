/**
 * The processor of a document read model. It loads the documents of a page, folds its events, and stores the changes.
 */
import type { CodeFingerprints } from '../define/state-fingerprint.ts';
import { isFault } from '../errors.ts';
import type { EventName, RecordedEvent } from '../messages.ts';
import type { ReadModel } from '../worlds.ts';
import type { EventReading } from './event-reading.ts';
import { isStaleHandle } from './failure-policy.ts';
import type { InlineProcessor } from './inline-projection.ts';
import type { Batch, Item, Opened } from './processor.ts';
import type { DocumentChange, ProcessorStore, StoredDocument, SubscriptionId } from './processor-store.ts';

/** A read model with any type parameters. */
export type AnyReadModel = ReadModel<unknown, unknown, unknown> & CodeFingerprints;

/** The maximum number of documents that are kept decoded between pages. */
const MAX_CACHED = 20_000;

/** A document in memory. */
interface Document {
  readonly key: string;
  /** The state, or `undefined` if the document does not exist. */
  state: unknown;
  position: bigint;
  /** True if the document has folded events of the current page, so that it differs from the stored one. */
  isChanged: boolean;
  /** The folded events of the current page, if the states are handles. */
  applied: Item[] | undefined;
}

function subscriptionOf({ projector }: AnyReadModel): SubscriptionId {
  const { name, version } = projector.describe();
  return { name, version };
}

/** Processes a read model of `defineProjector`, or a component of the world `read-model`. */
export class Documents implements InlineProcessor {
  readonly subscription: SubscriptionId;
  readonly kind = 'documents';
  readonly definition: string;
  readonly events: readonly EventName[];
  readonly concurrency = 1;
  readonly pageSize = 1_000;
  readonly #model: AnyReadModel;
  readonly #processors: ProcessorStore;
  readonly #reading: EventReading;
  /** True if the states are handles, which `project` consumes even if it fails. */
  readonly #hasHandles: boolean;
  /** The documents after all applied events, whether committed or not. */
  readonly #cache = new Map<string, Document>();
  /** The documents that differ from the stored ones. */
  #changed: Document[] = [];
  /** The keys of the current page, if the states are handles. */
  #keys: ReadonlySet<string> = new Set();

  constructor(
    model: AnyReadModel,
    processors: ProcessorStore,
    definition: string,
    reading: EventReading,
    subscription: SubscriptionId = subscriptionOf(model),
  ) {
    this.subscription = subscription;
    this.definition = definition;
    this.events = reading.events;
    this.#reading = reading;
    this.#model = model;
    this.#processors = processors;
    this.#hasHandles = model.types.state.drop !== undefined;
  }

  open(recorded: RecordedEvent): Opened | undefined {
    const { types, projector } = this.#model;
    const message = types.event.fromEnvelope(this.#reading.envelopeOf(recorded));
    if (types.event.drop === undefined) {
      const key = projector.key(message);
      return key === undefined ? undefined : { key, message };
    }
    try {
      const key = projector.key(message);
      return key === undefined ? undefined : { key };
    } finally {
      types.event.drop(message);
    }
  }

  batch(): Batch {
    // A page that was not committed is processed again, from the stored documents.
    this.#release(this.#changed);
    this.#changed = [];
    return {
      load: (keys) => this.#load(keys),
      apply: (item) => this.#apply(item),
      changes: () => ({ documents: this.#changed.map((document) => this.#changeOf(document)) }),
      committed: () => this.#committed(),
    };
  }

  /** Makes a batch from documents that were read in the transaction that will store them. A failed batch is dropped. */
  inlineBatch(stored: readonly StoredDocument[]): Pick<Batch, 'apply' | 'changes'> {
    this.sharesLost();
    for (const one of stored) this.#keep(one);
    return {
      apply: (item) => {
        const document = this.#documentOf(item.key);
        this.#fold(document, item);
        this.#noteChange(document);
      },
      changes: () => ({ documents: this.#changed.map((document) => this.#changeOf(document)) }),
    };
  }

  sharesLost(): void {
    this.#release([...this.#cache.values()]);
    this.#changed = [];
  }

  async #load(keys: readonly string[]): Promise<void> {
    if (this.#hasHandles) this.#keys = new Set(keys);
    const unknown = new Set(keys.filter((key) => !this.#cache.has(key)));
    if (unknown.size === 0) return;
    if (this.#cache.size + unknown.size > MAX_CACHED) {
      const needed = new Set(keys);
      this.#release([...this.#cache.values()].filter(({ key, isChanged }) => !needed.has(key) && !isChanged));
    }
    for (const stored of await this.#processors.readDocuments(this.subscription, [...unknown])) this.#keep(stored);
  }

  #keep({ key, state, position }: StoredDocument): void {
    const document = this.#documentOf(key);
    document.state = this.#model.types.state.fromBytes(state);
    document.position = position;
  }

  /** Returns the document that is kept under the key. A new document has no state. */
  #documentOf(key: string): Document {
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const document: Document = { key, state: undefined, position: -1n, isChanged: false, applied: undefined };
    this.#cache.set(key, document);
    return document;
  }

  #apply(item: Item): void | Promise<void> {
    const document = this.#documentOf(item.key);
    try {
      this.#fold(document, item);
    } catch (error) {
      if (!this.#hasHandles) throw error;
      return this.#recover(document, item, error);
    }
    this.#noteApplied(document, item);
  }

  #noteApplied(document: Document, item: Item): void {
    this.#noteChange(document);
    if (this.#hasHandles) (document.applied ??= []).push(item);
  }

  /**
   * Restores documents after a failure, without this event. A fault consumes the handle of the document. A trap ends
   * the instance and all its handles.
   */
  async #recover(document: Document, item: Item, error: unknown): Promise<void> {
    await this.#restore(isFault(error) ? [document] : this.#documentsOfPage());
    if (!isStaleHandle(error)) throw error;
    // The instance ended at another event, so this event is not the cause.
    try {
      this.#fold(document, item);
    } catch (own) {
      await this.#restore(isFault(own) ? [document] : this.#documentsOfPage());
      throw own;
    }
    this.#noteApplied(document, item);
  }

  /** Returns the documents of the current page. All others are removed from the cache. */
  #documentsOfPage(): readonly Document[] {
    this.#release([...this.#cache.values()].filter(({ key, isChanged }) => !this.#keys.has(key) && !isChanged));
    return [...this.#cache.values()];
  }

  #noteChange(document: Document): void {
    if (document.isChanged) return;
    document.isChanged = true;
    this.#changed.push(document);
  }

  #committed(): void {
    for (const document of this.#changed) {
      document.isChanged = false;
      document.applied = undefined;
    }
    this.#changed = [];
  }

  #fold(document: Document, { event: recorded, message, wasParked }: Item): void {
    const { types, projector } = this.#model;
    const { context } = recorded;
    // A store may have written the document of a page whose checkpoint it did not write. A parked event may be older
    // than the document, if its true key was not known when it was parked.
    if (context.position <= document.position && wasParked !== true) return;
    const event = message ?? types.event.fromEnvelope(this.#reading.envelopeOf(recorded));
    try {
      const before = document.state ?? projector.initialState();
      if (this.#hasHandles) document.state = undefined;
      document.state = projector.project(before, event, context);
      if (context.position > document.position) document.position = context.position;
    } finally {
      if (message === undefined) types.event.drop?.(event);
    }
  }

  async #restore(documents: readonly Document[]): Promise<void> {
    const { state: states } = this.#model.types;
    for (const document of documents) {
      if (document.state !== undefined) states.drop?.(document.state);
      document.state = undefined;
      document.position = -1n;
    }
    const keys = documents.map(({ key }) => key);
    for (const stored of await this.#processors.readDocuments(this.subscription, keys)) this.#keep(stored);
    for (const document of documents) for (const item of document.applied ?? []) this.#fold(document, item);
  }

  #changeOf({ key, state, position }: Document): DocumentChange {
    const bytes = state === undefined ? undefined : this.#model.types.state.toBytes(state);
    return { subscription: this.subscription, key, state: bytes, position };
  }

  #release(documents: readonly Document[]): void {
    const { state: states } = this.#model.types;
    for (const { key, state } of documents) {
      this.#cache.delete(key);
      if (state !== undefined) states.drop?.(state);
    }
  }
}
