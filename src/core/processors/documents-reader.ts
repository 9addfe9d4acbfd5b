/** Reads the documents of a read model. */
import { DefinitionError } from '../errors.ts';
import { checkOptionNames } from '../option-names.ts';
import { isPositiveU32, isText, mustBe } from '../predicates.ts';
import type { OptionNames } from '../unknown-names.ts';
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
  /**
   * Returns the document with this key, or `undefined` if it does not exist.
   * @throws DefinitionError if the key is not a string that UTF-8 can encode, because a replacement character could
   * make it equal to another key.
   */
  get(key: string): Promise<State | undefined>;
  /**
   * Returns the documents of a range of keys in the order of the keys, by default at most 100. To continue, pass the
   * last key of the page as `after`.
   * @throws DefinitionError if an option is unknown or invalid.
   */
  list(options?: ListDocumentsOptions): Promise<readonly Document<State>[]>;
}

const LIST_OPTIONS: OptionNames<ListDocumentsOptions> = { from: true, to: true, after: true, limit: true };

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
    checkKey(key, `${this.#subscription.name}.get`);
    const stored = await this.#processors.readDocument(this.#subscription, key);
    return stored === undefined ? undefined : this.#read(stored);
  }

  async list(options: ListDocumentsOptions = {}): Promise<readonly Document<State>[]> {
    checkListOptions(options, `${this.#subscription.name}.list`);
    const stored = await this.#processors.listDocuments(this.#subscription, options);
    return stored.map((one) => ({ key: one.key, document: this.#read(one), position: one.position }));
  }

  #read({ state }: StoredDocument): State {
    return this.#model.types.state.fromBytes(state);
  }
}

/** Checks the key of a document. @throws DefinitionError if the value cannot be a key. */
export function checkKey(key: unknown, place: string): void {
  if (!isText(key)) throw new DefinitionError(place, mustBe('a key, which is a string without lone surrogates', key));
}

function checkListOptions(options: ListDocumentsOptions, place: string): void {
  checkOptionNames(options, LIST_OPTIONS, place);
  for (const name of ['from', 'to', 'after'] as const) {
    if (options[name] !== undefined) checkKey(options[name], `${place}.${name}`);
  }
  const { limit } = options;
  if (limit !== undefined && !isPositiveU32(limit)) {
    throw new DefinitionError(`${place}.limit`, mustBe('a whole number from 1', limit));
  }
}
