/** Reads the documents of a read model. */
import type { ReadModel } from '../worlds.ts';
import type { ListDocumentsOptions, ProcessorStore, StoredDocument, SubscriptionId } from './processor-store.ts';

/** A document with its key. */
export interface Document<State> {
  readonly key: string;
  readonly document: State;
  /** The position of the last event that the document has folded. */
  readonly position: bigint;
}

/** Reads the documents of a read model, in their state after the last commit. */
export interface DocumentsReader<State> {
  /** Returns the document with this key, or `undefined` if it does not exist. */
  get(key: string): Promise<State | undefined>;
  /**
   * Returns the documents of a range of keys in the order of the keys, by default at most 100. To continue, pass the
   * last key of the page as `after`.
   */
  list(options?: ListDocumentsOptions): Promise<readonly Document<State>[]>;
}

/** Reads the documents of one version of a model. Documents are copies, so the caller may change them. */
export class ModelDocuments<State> implements DocumentsReader<State> {
  readonly #model: ReadModel<State, never, unknown>;
  readonly #processors: ProcessorStore;
  readonly #subscription: SubscriptionId;

  constructor(model: ReadModel<State, never, unknown>, processors: ProcessorStore) {
    const { name, version } = model.projector.describe();
    this.#model = model;
    this.#processors = processors;
    this.#subscription = { name, version };
  }

  async get(key: string): Promise<State | undefined> {
    const stored = await this.#processors.readDocument(this.#subscription, key);
    return stored === undefined ? undefined : this.#read(stored);
  }

  async list(options: ListDocumentsOptions = {}): Promise<readonly Document<State>[]> {
    const stored = await this.#processors.listDocuments(this.#subscription, options);
    return stored.map((one) => ({ key: one.key, document: this.#read(one), position: one.position }));
  }

  #read({ state }: StoredDocument): State {
    return this.#model.types.state.fromBytes(state);
  }
}
