/** Follows the transfers of a store, so that the program can wait for the end of a transfer. */
import { type EventStore, subscribe } from 'decidable';
import { transfer } from '../transfer.ts';

/** The events that end the wait. A held transfer is retried the next day. */
const ENDS = ['TransferCompleted', 'TransferRefused', 'TransferCompensated', 'TransferHeld'] as const;

export class TransferWatch {
  readonly #ended = new Set<string>();
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #failure: { readonly error: unknown } | undefined;

  constructor(store: EventStore) {
    this.#running = this.#follow(store).catch((error: unknown) => this.fail(error));
  }

  /** Resolves when the transfer has ended or is held. @throws the error that was passed to {@link fail}. */
  async ended(transferId: string): Promise<void> {
    if (this.#ended.has(transferId)) return;
    if (this.#failure !== undefined) throw this.#failure.error;
    const waiting = this.#waiting.get(transferId) ?? Promise.withResolvers<void>();
    this.#waiting.set(transferId, waiting);
    await waiting.promise;
  }

  /** Ends all waits, because transfers cannot continue. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #follow(store: EventStore): Promise<void> {
    const { signal } = this.#stop;
    try {
      for await (const { events } of subscribe(store, { categories: ['transfer'], eventTypes: ENDS, signal })) {
        for (const { event } of events) {
          const { transferId } = transfer.types.event.fromEnvelope(event).data;
          this.#ended.add(transferId);
          this.#waiting.get(transferId)?.resolve();
          this.#waiting.delete(transferId);
        }
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}
