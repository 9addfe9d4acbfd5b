/** A small store with every kind of row, and the reads whose results are compared. */
import { createSqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import type { EventStore, SnapshotKey } from '../../../../src/core/event-store.ts';
import { commandUuid } from '../../../../src/core/ids.ts';
import type { Decision, Envelope } from '../../../../src/core/messages.ts';
import type { CommitSource } from '../../../../src/core/storage/verify-chain.ts';
import { ANY, decision, envelope } from '../commands.ts';

const SNAPSHOTS: readonly SnapshotKey[] = [
  { moduleName: 'bank', moduleVersion: '1.0.0', stream: 'account-1' },
  { moduleName: 'bank', moduleVersion: '1.0.0', stream: 'account-2' },
  { moduleName: 'bank', moduleVersion: '2.0.0', stream: 'account-1' },
];

/** Writes the same file at each call, because ids, times and payloads are fixed. */
export async function writeStory(file: string): Promise<void> {
  await using store = createSqliteStore({ file, durability: 'normal', now: storyClock() });
  await tellStory(store);
}

/** Returns the clock of a store that the story is written to. */
export function storyClock(): () => number {
  let time = 1_700_000_000_000;
  return () => time++;
}

/** Writes the story to an empty store. */
export async function tellStory(store: EventStore): Promise<void> {
  let commands = 0;
  const append = (stream: string, events: readonly Envelope[], changes: Partial<Decision> = {}): Promise<unknown> => {
    const commandId = commandUuid(`command ${commands++}`);
    return store.append(stream, events, ANY, decision({ commandId, correlationId: commandId, ...changes }));
  };
  const rejection = { code: 'no', message: 'not so', details: [['why', 'because'] as const] };
  const digest = new Uint8Array(32).fill(5);
  await append('account-1', [envelope('Opened'), envelope('Used', Uint8Array.of(9), 2)], { actor: 'kai' });
  await append('account-1', [], { outcome: { tag: 'rejected', val: rejection }, seenRevision: 1n });
  await append('account-2', [envelope('Opened', new Uint8Array(300).fill(7))], { causationId: 'request 1' });
  await append('account-1', [envelope('Used'), envelope('Used', Uint8Array.of()), envelope('Closed')], {
    correlationId: 'journey',
    module: { name: 'bank', version: '1.0.0', digest },
  });
  await append('card', [envelope('Opened')], { keyId: 'key 1', command: envelope('Order', Uint8Array.of(1), 3) });
  await append('account-2', []);
  await append('limit-7', [], { outcome: { tag: 'rejected', val: { ...rejection, details: [] } } });
  await append('account-2', [envelope('Used', new Uint8Array(5_000).fill(8))], { contentType: 'application/x' });
  await append('card', [envelope('Used'), envelope('Opened')], { seenRevision: 0n });
  await append('account-1', [envelope('Opened')], { actor: 'mo' });
  for (const [index, key] of SNAPSHOTS.entries()) {
    const state = new Uint8Array(20).fill(index);
    await store.saveSnapshot(key, { revision: BigInt(index), contentType: 'application/x', state });
  }
}

/** The result of each read: a value, `failure` and the code of a typed failure, or `RAW` and another error. */
export type Answers = ReadonlyMap<string, string>;

/** Performs all reads. @param commandIds the ids to look up. */
export async function ask(store: EventStore & CommitSource, commandIds: Iterable<string>): Promise<Answers> {
  const answers = new Map<string, string>();
  const put = async (question: string, answer: () => Promise<unknown>): Promise<void> => {
    answers.set(question, await answerOf(answer));
  };
  const streams = ['account-1', 'account-2', 'card', 'limit-7', 'unknown'];
  for (const direction of ['forward', 'backward'] as const) {
    for (const stream of streams) {
      await put(`readStream ${stream} ${direction}`, () => store.readStream(stream, { direction }));
      for (const fromRevision of [0n, 1n, 2n, 4n]) {
        await put(`readStream ${stream} ${direction} ${fromRevision}`, () =>
          store.readStream(stream, { direction, fromRevision, limit: 2 }),
        );
      }
    }
    await put(`readAll ${direction}`, () => store.readAll({ direction, categories: [], eventTypes: [], events: [] }));
    await put(`readAll ${direction} 3`, () =>
      store.readAll({ direction, afterPosition: 3n, limit: 4, categories: [], eventTypes: [], events: [] }),
    );
    for (const categories of [[], ['account'], ['card'], ['limit', 'card'], ['unknown']]) {
      for (const eventTypes of [[], ['Opened'], ['Used', 'Closed'], ['Unknown']]) {
        const question = `readAll ${direction} ${categories} ${eventTypes}`;
        await put(question, () => store.readAll({ direction, categories, eventTypes, events: [] }));
      }
    }
  }
  for (const commandId of commandIds) await put(`findDecision ${commandId}`, () => store.findDecision(commandId));
  for (const key of SNAPSHOTS) await put(`loadSnapshot ${Object.values(key)}`, () => store.loadSnapshot(key));
  for (const stream of streams) await put(`readCommits ${stream}`, () => store.readCommits(stream));
  await put('readStreams', () => store.readStreams());
  await put('awaitEvents', () => store.awaitEvents(undefined, AbortSignal.timeout(5_000)));
  return answers;
}

async function answerOf(answer: () => Promise<unknown>): Promise<string> {
  try {
    return inWords(await answer());
  } catch (error) {
    return failureCode(error) ?? `RAW ${String(error)}`;
  }
}

/** `failure` and the code of a typed failure. */
export function failureCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('payload' in error)) return undefined;
  const { payload } = error as { payload: { tag?: string; val?: { code?: string } } };
  return payload.tag === 'failure' && payload.val?.code !== undefined ? `failure ${payload.val.code}` : undefined;
}

function inWords(value: unknown): string {
  return (
    JSON.stringify(value, (_, part) => {
      if (typeof part === 'bigint') return `${part}n`;
      if (part instanceof Uint8Array) return Buffer.from(part).toString('hex');
      // An event's id is derived when it is read.
      return Object(part) === part && 'causationId' in part && 'index' in part ? { ...part, id: part.id } : part;
    }) ?? 'nothing'
  );
}
