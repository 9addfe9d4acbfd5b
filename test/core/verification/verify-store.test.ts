/** Deciding every recorded command again, and the first difference that is reported. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import {
  createEventSourcer,
  defineCommand,
  defineDecider,
  defineSystem,
  type Envelope,
  type EventStore,
  RejectionError,
} from 'decidable';
import { loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import type { CommitSource, RecordedCommit, StreamHead } from 'decidable/storage';
import { describeDifference, shadow, type Verification, verifyStore } from 'decidable/verification';
import fc from 'fast-check';
import { z } from 'zod';
import { account } from '../../../examples/bank/account.ts';
import { transfer } from '../../../examples/bank/transfer.ts';
import { transferProcess } from '../../../examples/bank/transfer-process.ts';

/** The bank without its read models. */
const bank = defineSystem({ name: 'bank', deciders: [account, transfer], processManagers: [transferProcess] });

type Store = EventStore & CommitSource;

/** Two accounts, a rejected withdrawal, a transfer that completes and one that is compensated. */
async function storyOf(system: Pick<typeof bank, 'start'>): Promise<Store> {
  const store = createMemoryStore({ now: () => 1_700_000_000_000 });
  await using running = await system.start({ store });
  const { OpenAccount, Deposit, Withdraw } = account.commands;
  const { RequestTransfer } = transfer.commands;
  // The commands are envelopes, because the accounts may be a component.
  const send = (command: Envelope, commandId: string) => running.handleCommand(command, { commandId });
  const toAccount = account.types.command.toEnvelope;
  const toTransfer = transfer.types.command.toEnvelope;
  for (const accountId of ['1', '2']) {
    await send(toAccount(OpenAccount({ accountId, owner: 'Ada' })), `open-${accountId}`);
  }
  await send(toAccount(Deposit({ accountId: '1', amount: 500 })), 'deposit');
  await send(toAccount(Withdraw({ accountId: '1', amount: 9_000 })), 'too-much');
  await send(toTransfer(RequestTransfer({ transferId: 'a', from: '1', to: '2', amount: 100 })), 'a');
  await send(toTransfer(RequestTransfer({ transferId: 'b', from: '1', to: '3', amount: 50 })), 'b');
  await running.settled();
  return store;
}

/** A store whose commits are changed when they are read. */
function changed(store: CommitSource, change: (commit: RecordedCommit, index: number) => RecordedCommit): CommitSource {
  return {
    readStreams: (options) => store.readStreams(options),
    readCommits: async (stream, options) => (await store.readCommits(stream, options)).map(change),
  };
}

function reasonOf({ difference }: Verification): string | undefined {
  return difference?.reason;
}

describe('a store that the system wrote', () => {
  let store: Store;
  before(async () => {
    store = await storyOf(bank);
  });

  test('is verified with all deciders and process managers', async () => {
    const { difference, unverified, ...counts } = await verifyStore(store, bank);
    assert.equal(difference, undefined, difference && describeDifference(difference));
    assert.deepEqual(unverified, []);
    const streams = await store.readStreams({});
    assert.equal(counts.streams, streams.length);
    assert.equal(counts.decisions, counts.commits);
    assert.ok(streams.some(({ stream }) => stream.startsWith('bank.transfers')));
    assert.equal(counts.last, streams.at(-1)?.stream);
  });

  test('is verified with a component that replaces one of its deciders', async () => {
    const bytes = readFileSync(new URL('../../../examples/guests/rust/bank.wasm', import.meta.url));
    const rust = await loadModule(bytes, { isolation: 'fresh' });
    const withRust = defineSystem({ name: 'bank', deciders: [rust, transfer], processManagers: [transferProcess] });
    const ours = await storyOf(withRust as unknown as typeof bank);
    const { difference, unverified } = await verifyStore(ours, withRust);
    assert.equal(difference, undefined, difference && describeDifference(difference));
    assert.deepEqual(unverified, []);
  });

  test('has unverified decisions if the system lacks their module or its version', async () => {
    const { difference, unverified, decisions, commits } = await verifyStore(store, { deciders: [transfer] });
    assert.equal(difference, undefined);
    assert.ok(decisions > 0);
    assert.equal(
      unverified.reduce((sum, each) => sum + each.decisions, decisions),
      commits,
    );
    assert.deepEqual(unverified.map(({ module }) => module.name).sort(), ['bank.account', 'bank.transfers']);
  });

  test('is verified stream by stream, and part by part', async () => {
    const one = await verifyStore(store, bank, { stream: 'account-1' });
    assert.deepEqual([reasonOf(one), one.streams], [undefined, 1]);
    const whole = await verifyStore(store, bank);
    const parts = await Promise.all(
      [0, 1].map((part) => verifyStore(store, bank, { select: (stream) => stream.length % 2 === part })),
    );
    assert.equal(
      parts.reduce((sum, { commits }) => sum + commits, 0),
      whole.commits,
    );
  });

  test('is verified to its end if the verification continues after a stream', async () => {
    const whole = await verifyStore(store, bank);
    for (const { stream } of await store.readStreams({})) {
      const seen: string[] = [];
      const before = await verifyUntil(store, stream, seen);
      const rest = await verifyStore(store, bank, { after: before });
      assert.equal(seen.length + rest.streams, whole.streams);
    }
  });

  test('ends with the reason of a signal', async () => {
    const reason = new Error('enough');
    await assert.rejects(verifyStore(store, bank, { signal: AbortSignal.abort(reason) }), reason);
  });

  test('ends with the reason of a signal that a timer aborts, although the store never waits', async () => {
    const [first] = await store.readStreams({});
    const endless: CommitSource = {
      readStreams: async ({ limit = 1_000 } = {}) => Array<StreamHead>(limit).fill(first!),
      readCommits: (stream, options) => store.readCommits(stream, options),
    };
    const signal = AbortSignal.timeout(1);
    await assert.rejects(verifyStore(endless, bank, { signal }), { name: 'TimeoutError' });
  });

  test('is refused with an unknown option', async () => {
    await assert.rejects(verifyStore(store, bank, { steam: 'account-1' } as object), { code: 'invalid-definition' });
  });
});

/** Verifies until a stream is done. Returns the last stream. */
async function verifyUntil(store: Store, stream: string, seen: string[]): Promise<string | undefined> {
  const halt = new AbortController();
  const onProgress = ({ last }: { last: string | undefined }): void => {
    if (last !== undefined && !seen.includes(last)) seen.push(last);
    if (last === stream) halt.abort();
  };
  await assert.rejects(verifyStore(store, bank, { onProgress, signal: halt.signal }));
  return seen.at(-1);
}

describe('the first difference', () => {
  let store: Store;
  before(async () => {
    store = await storyOf(bank);
  });

  const deposits = (decide: (amount: number) => number) =>
    ({
      ...account,
      decider: {
        ...account.decider,
        decide: (state: never, command: { type: string; data: { amount: number } }) => {
          const events = account.decider.decide(state, command as never) as readonly { data: { amount: number } }[];
          return command.type !== 'Deposit'
            ? events
            : events.map((event) => ({ ...event, data: { ...event.data, amount: decide(event.data.amount) } }));
        },
      },
    }) as unknown as typeof account;

  test('is an event that a changed decide would return', async () => {
    const { difference } = await verifyStore(store, {
      ...bank,
      deciders: [deposits((amount) => amount + 1), transfer],
    });
    assert.equal(difference?.reason, 'event');
    if (difference?.reason !== 'event') return;
    assert.deepEqual(
      [difference.place.stream, difference.place.command.type, difference.event],
      ['account-1', 'Deposit', 0],
    );
    assert.notDeepEqual(difference.recorded?.payload, difference.decided?.payload);
    assert.match(describeDifference(difference), /account-1.*Deposit/);
  });

  test('is the outcome if a command is rejected now', async () => {
    const refusing = deposits(() => {
      throw new RejectionError({ code: 'closed-today', message: 'not today', details: [] });
    });
    const { difference } = await verifyStore(store, { ...bank, deciders: [refusing, transfer] });
    assert.equal(difference?.reason, 'outcome');
    if (difference?.reason !== 'outcome') return;
    assert.equal(difference.decided.tag === 'rejected' && difference.decided.val.code, 'closed-today');
  });

  test('is the failure of the module if it throws', async () => {
    const failing = deposits(() => {
      throw new TypeError('a defect');
    });
    const { difference } = await verifyStore(store, { ...bank, deciders: [failing, transfer] });
    assert.equal(difference?.reason, 'failure');
  });

  test('is a later decision if the module decodes its events to values that differ from those it made', async () => {
    const { event } = account.types;
    const fromEnvelope = (envelope: Envelope) => {
      const decoded = event.fromEnvelope(envelope);
      return decoded.type === 'Deposited' ? { ...decoded, data: { ...decoded.data, amount: 0 } } : decoded;
    };
    const forgetful = { ...account, types: { ...account.types, event: { ...event, fromEnvelope } } };
    const { difference } = await verifyStore(store, { ...bank, deciders: [forgetful, transfer] });
    assert.equal(difference?.reason, 'outcome');
    assert.equal(difference?.reason === 'outcome' && difference.place.command.type, 'Withdraw');
  });

  test('is a decision of a process manager whose code has changed', async () => {
    const [manager] = bank.processManagers;
    const { eventHandler } = manager;
    const silent = { ...manager, eventHandler: { ...eventHandler, handle: () => [] } } as unknown as typeof manager;
    const { difference } = await verifyStore(store, { ...bank, processManagers: [silent] });
    assert.equal(difference?.reason, 'event');
    assert.equal(difference?.reason === 'event' && difference.place.module, 'bank.transfers');
  });

  test('is the broken commit after any change of a record', async () => {
    const bits = fc.record({
      stream: fc.nat(),
      commit: fc.nat(),
      field: fc.constantFrom('payload', 'hash', 'recordedAt', 'actor', 'eventCount', 'command'),
      bit: fc.nat(7),
    });
    const streams = await store.readStreams({});
    await fc.assert(
      fc.asyncProperty(bits, async ({ stream, commit, field, bit }) => {
        const name = streams[stream % streams.length]!.stream;
        const target = commit % (await store.readCommits(name)).length;
        const damaged = changed(store, (each, index) =>
          each.decision.stream === name && index === target ? damage(each, field, bit) : each,
        );
        const { difference } = await verifyStore(damaged, bank);
        assert.equal(difference?.reason, 'chain', `${name} ${target} ${field}`);
      }),
      { numRuns: 1_000 },
    );
  });
});

function damage(commit: RecordedCommit, field: string, bit: number): RecordedCommit {
  const { decision: recorded, events } = commit;
  const flipped = (bytes: Uint8Array): Uint8Array =>
    bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ (1 << bit) : byte));
  const { decision } = recorded;
  switch (field) {
    case 'hash':
      return { ...commit, decision: { ...recorded, hash: flipped(recorded.hash) } };
    case 'recordedAt':
      return { ...commit, decision: { ...recorded, recordedAt: recorded.recordedAt ^ (1n << BigInt(bit)) } };
    case 'actor':
      return { ...commit, decision: { ...recorded, decision: { ...decision, actor: `${decision.actor ?? ''}!` } } };
    case 'eventCount':
      return { ...commit, decision: { ...recorded, eventCount: recorded.eventCount + 1 + bit } };
    default: {
      const [first, ...others] = events;
      if (field === 'payload' && first !== undefined) {
        return { ...commit, events: [{ ...first, payload: flipped(first.payload) }, ...others] };
      }
      const command = { ...decision.command, payload: flipped(decision.command.payload) };
      return { ...commit, decision: { ...recorded, decision: { ...decision, command } } };
    }
  }
}

describe('heads that were kept elsewhere', () => {
  let store: Store;
  let heads: readonly StreamHead[];
  before(async () => {
    store = await storyOf(bank);
    heads = await store.readStreams({});
  });

  test('still exist after more commits', async () => {
    const running = await bank.start({ store: store as never, process: false });
    await running.dispatch(account.commands.OpenAccount({ accountId: '9', owner: 'Bo' }));
    await running.dispatch(account.commands.Deposit({ accountId: '1', amount: 1 }));
    await running.stop();
    assert.equal(reasonOf(await verifyStore(store, bank, { heads })), undefined);
    assert.equal(reasonOf(await verifyStore(store, bank, { heads: [...heads].reverse() })), undefined);
  });

  test('show that commits were removed from the end of a stream', async () => {
    const truncated: CommitSource = {
      readStreams: async (options) =>
        Promise.all(
          (await store.readStreams(options)).map(async (head) => {
            if (head.stream !== 'account-2') return head;
            const [first] = await store.readCommits('account-2');
            return { stream: 'account-2', revision: 0n, hash: first!.decision.hash };
          }),
        ),
      readCommits: async (stream, options) =>
        (await store.readCommits(stream, options)).slice(0, stream === 'account-2' ? 1 : undefined),
    };
    assert.equal(reasonOf(await verifyStore(truncated, bank)), undefined);
    const { difference } = await verifyStore(truncated, bank, { heads });
    assert.deepEqual(difference, {
      reason: 'head',
      stream: 'account-2',
      revision: heads.find(({ stream }) => stream === 'account-2')?.revision,
    });
  });

  for (const gone of ['first', 'last'] as const) {
    test(`show that the ${gone} stream was dropped`, async () => {
      const dropped = heads.at(gone === 'first' ? 0 : -1)!;
      const without: CommitSource = {
        readStreams: async (options) =>
          (await store.readStreams(options)).filter(({ stream }) => stream !== dropped.stream),
        readCommits: (stream, options) => store.readCommits(stream, options),
      };
      const { difference } = await verifyStore(without, bank, { heads });
      assert.deepEqual(difference, { reason: 'head', stream: dropped.stream, revision: dropped.revision });
    });
  }

  test('are expected again if the verification continues', async () => {
    const after = heads[1]!.stream;
    assert.equal(reasonOf(await verifyStore(store, bank, { heads, after })), undefined);
    const invented = { stream: 'account-404', revision: 0n, hash: new Uint8Array(32) };
    const { difference } = await verifyStore(store, bank, { heads: [...heads, invented], after });
    assert.deepEqual(difference, { reason: 'head', stream: 'account-404', revision: 0n });
  });
});

describe('a decision that is based on an earlier revision', () => {
  test('is made again on that revision', async () => {
    const counter = defineDecider({
      name: 'counter',
      version: '1',
      state: z.object({ count: z.int() }),
      commands: { Count: defineCommand('Count', z.object({ id: z.string() }), { precondition: 'any' }) },
      events: { Counted: z.object({ seen: z.int() }) },
      category: 'counter',
      streamId: ({ data }) => data.id,
      initialState: { count: 0 },
      evolve: {
        Counted: (state) => {
          state.count += 1;
        },
      },
      decide: { Count: ({ count }) => [{ type: 'Counted', data: { seen: count } }] },
    });
    const store = createMemoryStore();
    await using shadowing = await shadow(counter, counter, store, { onDivergence: () => {} });
    const other = createEventSourcer({ store, modules: [counter] });
    const { Count } = counter.commands;
    await other.dispatch(Count({ id: '1' }));
    // The other sourcer appends after this one has decided, and before it appends.
    const slow = new Proxy(store, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name !== 'append') return value.bind(target);
        return async (...args: Parameters<EventStore['append']>) => {
          await other.dispatch(Count({ id: '1' }));
          return target.append(...args);
        };
      },
    });
    await createEventSourcer({ store: slow, modules: [counter] }).dispatch(Count({ id: '1' }));
    const last = (await store.readCommits('counter-1')).at(-1)?.decision;
    assert.deepEqual([last?.firstRevision, last?.decision.seenRevision], [2n, 0n]);
    const { difference, decisions } = await verifyStore(store, { deciders: [counter] });
    assert.equal(difference, undefined, difference && describeDifference(difference));
    assert.equal(decisions, 3);
    await shadowing.caughtUp();
    assert.deepEqual([shadowing.decisions, shadowing.divergences], [3, 0]);
  });
});
