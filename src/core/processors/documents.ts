/** The step of a document read model: load the documents of a page, fold its events into them, and store what changed. */
import type { CodeFingerprints } from '../define/state-fingerprint.ts';
import type { EventName, RecordedEvent } from '../messages.ts';
import type { ReadModel } from '../worlds.ts';
import type { EventReading } from './event-reading.ts';
import type { InlineProcessor } from './inline-projection.ts';
import type { Batch, Item, Opened } from './processor.ts';
import type { DocumentChange, ProcessorStore, StoredDocument, SubscriptionId } from './processor-store.ts';

/** A read model of whatever types. */
export type AnyReadModel = ReadModel<unknown, unknown, unknown> & CodeFingerprints;

/** Documents that are kept decoded between pages. */
const MAX_CACHED = 20_000;

/** A document in memory. `state` is `undefined` if there is none. */
interface Document {
  readonly state: unknown;
  readonly position: bigint;
}

const NO_DOCUMENT: Document = { state: undefined, position: -1n };

function subscriptionOf({ projector }: AnyReadModel): SubscriptionId {
  const { name, version } = projector.describe();
  return { name, version };
}

/** A read model whose documents are folded by `defineProjector`, or by a component of the world `read-model`. */
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
  /** The documents as they are after the events that were applied, committed or not. */
  readonly #cache = new Map<string, Document>();
  /** The events of the present page that were applied, by key. Their documents differ from the stored ones. */
  #uncommitted = new Map<string, Item[]>();

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
    this.#release(this.#uncommitted.keys());
    this.#uncommitted = new Map();
    return {
      load: (keys) => this.#load(keys),
      apply: (item) => this.#apply(item),
      changes: () => ({ documents: [...this.#uncommitted.keys()].map((key) => this.#changeOf(key)) }),
      committed: () => {
        this.#uncommitted = new Map();
      },
    };
  }

  /** A batch of documents that were read in the transaction that will store them. If it fails, it is dropped. */
  inlineBatch(stored: readonly StoredDocument[]): Pick<Batch, 'apply' | 'changes'> {
    this.sharesLost();
    this.#keep(stored);
    return {
      apply: (item) => {
        this.#fold(item);
        this.#uncommitted.set(item.key, []);
      },
      changes: () => ({ documents: [...this.#uncommitted.keys()].map((key) => this.#changeOf(key)) }),
    };
  }

  sharesLost(): void {
    this.#release([...this.#cache.keys()]);
    this.#uncommitted = new Map();
  }

  async #load(keys: ReadonlySet<string>): Promise<void> {
    const unknown = [...keys].filter((key) => !this.#cache.has(key));
    if (unknown.length === 0) return;
    if (this.#cache.size + unknown.length > MAX_CACHED) {
      this.#release([...this.#cache.keys()].filter((key) => !keys.has(key) && !this.#uncommitted.has(key)));
    }
    this.#keep(await this.#processors.readDocuments(this.subscription, unknown));
  }

  #keep(stored: readonly StoredDocument[]): void {
    const { state: states } = this.#model.types;
    for (const { key, state, position } of stored) this.#cache.set(key, { state: states.fromBytes(state), position });
  }

  #apply(item: Item): void | Promise<void> {
    const { key } = item;
    try {
      this.#fold(item);
    } catch (error) {
      if (this.#model.types.state.drop === undefined) throw error;
      // The module took the handle of the document and failed: the document is folded again, without this event.
      return this.#restore(key).then(() => {
        throw error;
      });
    }
    const applied = this.#uncommitted.get(key);
    if (applied === undefined) this.#uncommitted.set(key, [item]);
    else applied.push(item);
  }

  #fold({ event: recorded, key, message }: Item): void {
    const { types, projector } = this.#model;
    const { context } = recorded;
    const before = this.#cache.get(key) ?? NO_DOCUMENT;
    const event = message ?? types.event.fromEnvelope(this.#reading.envelopeOf(recorded));
    try {
      const state = projector.project(before.state ?? projector.initialState(), event, context);
      this.#cache.set(key, { state, position: context.position });
    } finally {
      if (message === undefined) types.event.drop?.(event);
    }
  }

  async #restore(key: string): Promise<void> {
    this.#cache.delete(key);
    await this.#load(new Set([key]));
    for (const item of this.#uncommitted.get(key) ?? []) this.#fold(item);
  }

  #changeOf(key: string): DocumentChange {
    const { state, position } = this.#cache.get(key) ?? NO_DOCUMENT;
    const bytes = state === undefined ? undefined : this.#model.types.state.toBytes(state);
    return { subscription: this.subscription, key, state: bytes, position };
  }

  #release(keys: Iterable<string>): void {
    const { state: states } = this.#model.types;
    for (const key of keys) {
      const state = this.#cache.get(key)?.state;
      this.#cache.delete(key);
      if (state !== undefined) states.drop?.(state);
    }
  }
}
