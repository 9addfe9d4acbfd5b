/** Writers that continue through faults, and the proof that nothing was lost. */
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { type Decision, isAppendFailure, readEvents } from 'decidable';
import type { NatsStore } from 'decidable/nats';
import { verifyChain } from 'decidable/storage';
import { ANY, decision, envelope } from '../commands.ts';

/** Writers that continue through faults. A command without an acknowledgement is sent again with its id. */
export class Writers implements AsyncDisposable {
  readonly acknowledged = new Map<string, string>();
  readonly #stores: readonly NatsStore[];
  readonly #pause: number;
  readonly #running: Promise<unknown>;
  #isOver = false;
  #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  /** @param pause the milliseconds between two commits of a writer. A test with long waits limits the load by them. */
  constructor(stores: readonly NatsStore[], writers: number, pause = 0) {
    this.#stores = stores;
    this.#pause = pause;
    this.#running = Promise.all(Array.from({ length: writers }, (_, index) => this.#write(index)));
    this.#running.catch(() => {}); // `more` and `stop` report it
  }

  /** Resolves when this many further commits are acknowledged. Rejects if a writer fails. */
  async more(commits: number): Promise<void> {
    const count = this.acknowledged.size + commits;
    await Promise.race([new Promise<void>((resolve) => this.#waiting.push({ count, resolve })), this.#running]);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  /** Ends the writers if the test has failed before. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await this.#running.catch(() => {});
  }

  async #write(writer: number): Promise<void> {
    const store = this.#stores[writer % this.#stores.length]!;
    while (!this.#isOver) {
      if (this.#pause > 0) await setTimeout(this.#pause);
      const given = decision();
      const stream = `s-${writer % 5}`;
      await send(store, stream, given, this.#pause);
      this.acknowledged.set(given.commandId, stream);
      this.#waiting = this.#waiting.filter(({ count, resolve }) => {
        if (this.acknowledged.size < count) return true;
        resolve();
        return false;
      });
    }
  }
}

/** Sends a command until the store acknowledges it, with two events, as a program does after a failure. */
export async function send(store: NatsStore, stream: string, command: Decision, pause = 0): Promise<void> {
  for (;;) {
    try {
      await store.append(stream, [envelope('A'), envelope('B')], ANY, command);
      return;
    } catch (error) {
      if (isAppendFailure(error, 'duplicate')) return;
      assert.ok(isAppendFailure(error, 'failure'), String(error));
      assert.ok(['busy', 'io', 'unknown-outcome'].includes(error.payload.val.code), String(error));
      if (pause > 0) await setTimeout(pause);
    }
  }
}

/** Every acknowledged commit is there once, revisions have no gaps, and the chains are intact. */
export async function examine(store: NatsStore, acknowledged: ReadonlyMap<string, string>): Promise<void> {
  const revisions = new Map<string, bigint>();
  const ids = new Map<string, number>();
  let position = -1n;
  for await (const { context } of readEvents(store)) {
    assert.equal(context.revision, revisions.get(context.stream) ?? 0n);
    revisions.set(context.stream, context.revision + 1n);
    assert.ok(context.position > position);
    position = context.position;
    ids.set(context.causationId, (ids.get(context.causationId) ?? 0) + 1);
  }
  for (const [commandId, stream] of acknowledged) {
    assert.equal(ids.get(commandId), 2, `commit ${commandId}`);
    assert.equal((await store.findDecision(commandId))?.stream, stream);
  }
  for (const [commandId, events] of ids) assert.equal(events, 2, `commit ${commandId}`);
  const verdict = await verifyChain(store);
  assert.equal(
    verdict.intact,
    true,
    JSON.stringify(verdict, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
  );
}
