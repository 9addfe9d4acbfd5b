/**
 * Names and keys may be any text: with separators, wildcards, control characters and characters outside of the basic
 * plane. The memory store keeps texts as they are, so every other store must answer as the memory store does.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { categoryOf, type ParkedEvent, type ReadAllOptions, type Share, type StoredDeadline } from 'decidable';
import { verifyChain } from 'decidable/storage';
import { type OpenedStore, openStore } from 'decidable/stores';
import { decision, envelope } from 'decidable/testing';
import fc from 'fast-check';
import { ENGINES, Engines, skipWithout } from '../../servers/engines.ts';

const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());

/** Characters that some engine or encoding treats specially. */
const SPECIAL = [
  ...['\u0001', '\u0002', '\t', '\n', '\r', '\u001f', '\u007f', '\u0085', '\u2028', '\ufeff', '\ufffd', '\uffff'],
  ...[' ', '.', '*', '>', '=', '==', '-', '%', '_', '\\', '"', "'", '/', ':', '$', '{}', ',', '@', '😀', 'e\u0301'],
];
const PLAIN = ['a', 'b', 'A', '0', 'é'];

const stored = (...more: string[]): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...SPECIAL, ...PLAIN, ...more), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join(''));
/** A name of a stream has no NUL. */
const stream = stored();
const text = stored('\0', '\0');

const NOW = 1_767_225_600_000;
const RUNS = { SQLite: 25, PostgreSQL: 12, NATS: 12 };

interface Given {
  readonly streams: readonly string[];
  readonly types: readonly string[];
  readonly keys: readonly string[];
  readonly name: string;
  readonly version: string;
  readonly asked: readonly string[];
}

const given: fc.Arbitrary<Given> = fc.record({
  streams: fc.array(stream, { minLength: 1, maxLength: 3 }),
  types: fc.uniqueArray(text, { minLength: 1, maxLength: 3 }),
  keys: fc.uniqueArray(text, { minLength: 1, maxLength: 5 }),
  name: text,
  version: text,
  asked: fc.array(text, { minLength: 1, maxLength: 2 }),
});

const all: ReadAllOptions = { direction: 'forward', categories: [], eventTypes: [], events: [], limit: 10_000 };

const idOf = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

async function append(store: OpenedStore, { streams, types, name, version }: Given): Promise<void> {
  for (const [index, target] of streams.entries()) {
    const events = types.slice(index % types.length).map((type) => envelope(type));
    const commandId = idOf(index);
    await store.append(target, events, { tag: 'any' }, decision({ commandId, correlationId: `${name}${version}` }));
  }
}

/** Returns the results of all reads of the store's events. */
async function eventsOf(store: OpenedStore, { streams, types, name, version, asked }: Given): Promise<unknown> {
  const answers: unknown[] = [await verifyChain(store), (await store.readStreams()).map((head) => head.stream)];
  const seen = async (options: Partial<ReadAllOptions>): Promise<void> => {
    const events = await store.readAll({ ...all, ...options });
    answers.push(
      options,
      events.map(({ context, event }) => [context.stream, context.revision, event.type]),
    );
  };
  for (const [index, target] of streams.entries()) {
    answers.push((await store.findDecision(idOf(index)))?.decision.correlationId);
    const key = { stream: target, moduleName: name, moduleVersion: version };
    const snapshot = { revision: 0n, contentType: version, state: new Uint8Array([index]) };
    await store.saveSnapshot(key, snapshot);
    answers.push(await store.loadSnapshot(key), await store.loadSnapshot({ ...key, moduleName: version }));
  }
  for (const target of streams) {
    const events = await store.readStream(target, { direction: 'forward', limit: 1_000 });
    answers.push(
      target,
      events.map(({ event }) => event.type),
    );
    answers.push((await store.readCommits(target, {})).map(({ decision: { firstRevision } }) => firstRevision));
  }
  const names = [...streams.map(categoryOf), ...asked];
  for (const category of names) {
    await seen({ categories: [category] });
    for (const type of [...types, ...asked]) await seen({ events: [{ category, type }], direction: 'backward' });
  }
  for (const type of [...types, ...asked]) await seen({ eventTypes: [type] });
  await seen({ categories: names, eventTypes: types });
  return answers;
}

/** Commits results of processors, and returns what the store answers to questions about them. */
async function tellResults(store: OpenedStore, { streams, keys, name, version, asked }: Given): Promise<unknown> {
  const { processors } = store;
  const answers: unknown[] = [];
  const subscription = { name, version };
  await processors.openSubscription({ subscription, kind: 'documents', shares: 1, definition: name });
  const [free] = await processors.listShares(subscription);
  const share = await processors.claimShare(free!, keys[0]!, NOW, NOW + 1_000);
  assert.ok(share !== undefined);
  const bytes = new TextEncoder().encode(name);
  const parked = keys.map((key, index) => parkedEvent(share, key, streams[0]!, BigInt(index)));
  const deadlines = streams.flatMap((target) => keys.map((key) => deadline(share, target, key)));
  await processors.commit({
    fences: [{ subscription, share: 0, token: share.token, before: undefined, checkpoint: 5n }],
    documents: keys.map((key) => ({ subscription, key, state: bytes, position: 1n })),
    park: parked,
    setDeadlines: deadlines,
  });
  await processors.announceMember({ id: name, subscriptions: [subscription], expiresAt: NOW + 1_000 }, NOW);
  answers.push(await processors.listMembers(NOW));
  answers.push(
    (await processors.listSubscriptions()).map(({ subscription: { name }, definition }) => [name, definition]),
  );
  answers.push((await processors.listShares(subscription)).map(({ holder, checkpoint }) => [holder, checkpoint]));
  for (const key of [...keys, ...asked]) {
    answers.push(key, await processors.readDocument(subscription, key));
    answers.push((await processors.readDocuments(subscription, [key, 'no document'])).map((one) => one.key).sort());
    for (const range of [{ from: key }, { to: key }, { after: key }]) {
      answers.push(
        range,
        (await processors.listDocuments(subscription, range)).map((one) => one.key),
      );
    }
    answers.push((await processors.listParked({ subscription, key })).map(({ event }) => event.context.position));
    const place = { subscription, key, position: 0n };
    answers.push((await processors.listParked({ subscription, after: place })).map((one) => one.key));
  }
  answers.push(await processors.listParked({ subscription }), await processors.listDeadlines(subscription));
  for (const last of deadlines) {
    const rest = await processors.listDeadlines(subscription, { after: last });
    answers.push(rest.map(({ stream, id }) => [stream, id]));
  }
  const [first, ...others] = keys;
  answers.push(await processors.requestRetry(subscription, first!));
  answers.push(await processors.dropParked(subscription, others.at(-1) ?? first!, 'all'));
  await processors.commit({
    fences: [{ subscription, share: 0, token: share.token, before: 5n, checkpoint: 6n }],
    documents: [{ subscription, key: first!, state: undefined, position: 2n }],
    removeDeadlines: [{ subscription, stream: streams[0]!, id: first! }],
    endProcesses: streams.length > 1 ? [{ subscription, stream: streams[1]! }] : [],
  });
  answers.push((await processors.listDocuments(subscription)).map(({ key }) => key));
  answers.push((await processors.listParked({ subscription })).map(({ key, requested }) => [key, requested]));
  answers.push((await processors.listDeadlines(subscription)).map(({ stream, id }) => [stream, id]));
  await processors.removeMember(name);
  answers.push(await processors.listMembers(NOW));
  await processors.dropSubscription(subscription);
  answers.push(await processors.listSubscriptions());
  return answers;
}

const CONTEXT = {
  id: '018f4d1e-7a2b-5c3d-8e4f-5a6b7c8d9e10',
  revision: 0n,
  recordedAt: BigInt(NOW),
  correlationId: 'journey',
  causationId: '018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e10',
};

function parkedEvent(share: Share, key: string, of: string, position: bigint): ParkedEvent {
  return {
    subscription: share.subscription,
    share: 0,
    key,
    event: { context: { ...CONTEXT, stream: of, position }, event: envelope('Done'), contentType: 'text' },
    reason: { code: key, message: key, position, at: NOW },
    attempts: 1,
    parkedAt: NOW,
    requested: undefined,
  };
}

function deadline(share: Share, of: string, id: string): StoredDeadline {
  const context = { ...CONTEXT, stream: of, position: 1n };
  const command = envelope('Do');
  return {
    subscription: share.subscription,
    share: 0,
    stream: of,
    id,
    dueAt: NOW,
    commandId: CONTEXT.id,
    command,
    context,
  };
}

for (const name of ENGINES) {
  if (name === 'memory') continue;
  test(`names and keys of any text mean the same on ${name} as in memory`, { skip: skipWithout(name) }, async () => {
    await fc.assert(
      fc.asyncProperty(given, fc.boolean(), async (one, imports) => {
        await using store = await openStore(await engines.newAddress(name));
        await using memory = await openStore('memory:');
        await append(memory, one);
        if (imports) await store.importCommits(await memory.readLog({}));
        else await append(store, one);
        assert.deepEqual(await eventsOf(store, one), await eventsOf(memory, one));
        assert.deepEqual(await tellResults(store, one), await tellResults(memory, one));
      }),
      { numRuns: RUNS[name] },
    );
  });
}
