/**
 * The suite of the bank for any host. The module must return the same events, byte for byte, the same rejections and
 * the same states as `examples/bank/account.ts`, whatever language it is written in. Each host injects its module.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { account } from '../../../../examples/bank/account.ts';
import { createMemoryStore } from '../../../../src/adapters/stores/memory/index.ts';
import { createEventSourcer } from '../../../../src/core/index.ts';
import { parity } from '../../../../src/core/verification/index.ts';
import type { CommandHandler } from '../../../../src/core/worlds.ts';
import { broken, command, commands, envelope, event, state } from './bank-arbitraries.ts';
import { play, replay, reread } from './bank-story.ts';

export interface BankHost {
  readonly name: string;
  module(): Promise<CommandHandler<unknown, unknown, unknown>>;
  /** The number of handles that are still held. It is undefined if the module has no handles. */
  handles?(): number;
  /** Fewer runs of each property, for hosts that are slow. */
  readonly runs: number;
  /** True if the histories of accounts are shortened. */
  readonly isSlow?: boolean;
}

const LIFE = [
  envelope('Deposit', { accountId: '0001', amount: 5 }),
  envelope('OpenAccount', { accountId: '0001', owner: 'Łucja 山田 🎈' }),
  envelope('OpenAccount', { accountId: '0001', owner: '🎈'.repeat(200) }),
  envelope('Deposit', { accountId: '0001', amount: 100_000_000 }),
  envelope('Deposit', { accountId: '0001', amount: 1, transferId: 't-1' }),
  envelope('Withdraw', { accountId: '0001', amount: 1_000_001 }),
  envelope('Withdraw', { accountId: '0001', amount: 1_000_000, transferId: 't-2' }),
  envelope('CloseAccount', { accountId: '0001' }),
  ...Array.from({ length: 99 }, () => envelope('Withdraw', { accountId: '0001', amount: 1_000_000 })),
  envelope('Withdraw', { accountId: '0001', amount: 1 }),
  envelope('CloseAccount', { accountId: '0001' }),
  envelope('Deposit', { accountId: '0001', amount: 1 }),
  envelope('OpenAccount', { accountId: '0001', owner: 'anew' }),
];

/**
 * Messages that are not commands of the bank. Each causes a fault with the same code as in the module in the process.
 */
const NO_COMMANDS = {
  'an unknown type': envelope('Steal', { accountId: '0001' }),
  'an event': envelope('Deposited', { accountId: '0001', amount: 5 }),
  'a newer schema version': envelope('CloseAccount', { accountId: '0001' }, 2),
  'schema version 0': { ...envelope('CloseAccount', { accountId: '0001' }), schemaVersion: 0 },
  'no bytes': { type: 'CloseAccount', schemaVersion: 1, payload: new Uint8Array(0) },
  'a number': envelope('CloseAccount', 5),
  'a list': envelope('CloseAccount', ['0001']),
  'a missing field': envelope('Deposit', { accountId: '0001' }),
  'a field too many': envelope('CloseAccount', { accountId: '0001', reason: { text: ['because', -1, null, 1.5] } }),
  'an empty text': envelope('CloseAccount', { accountId: '' }),
  'a long text': envelope('OpenAccount', { accountId: 'a'.repeat(65), owner: 'x' }),
  'a long text of characters beyond 16 bits': envelope('OpenAccount', { accountId: 'a', owner: '🎈'.repeat(201) }),
  'a string for a number': envelope('Deposit', { accountId: '0001', amount: '5' }),
  'a number for a string': envelope('CloseAccount', { accountId: 1 }),
  'amount 0': envelope('Deposit', { accountId: '0001', amount: 0 }),
  'a negative amount': envelope('Deposit', { accountId: '0001', amount: -5 }),
  'too large an amount': envelope('Deposit', { accountId: '0001', amount: 100_000_001 }),
  'an amount of 64 bits': envelope('Deposit', { accountId: '0001', amount: 2n ** 64n - 1n }),
  'a fraction': envelope('Deposit', { accountId: '0001', amount: 1.5 }),
  'an empty transfer id': envelope('Deposit', { accountId: '0001', amount: 1, transferId: '' }),
  'invalid UTF-8': bytes('CloseAccount', [0x81, 0xa9, ...ascii('accountId'), 0xa1, 0xff]),
  'a surrogate in UTF-8': bytes('CloseAccount', [0x81, 0xa9, ...ascii('accountId'), 0xa3, 0xed, 0xa0, 0x80]),
  'a duplicate key': bytes('CloseAccount', [0x82, ...entry('accountId', 'a'), ...entry('accountId', 'a')]),
  'bytes after the message': bytes('CloseAccount', [0x81, ...entry('accountId', 'a'), 0xc0]),
  'a map that ends early': bytes('CloseAccount', [0x82, ...entry('accountId', 'a')]),
  'a map of 2^32 - 1 entries': bytes('CloseAccount', [0xdf, 0xff, 0xff, 0xff, 0xff]),
};

function bytes(type: string, payload: number[]) {
  return { type, schemaVersion: 1, payload: Uint8Array.from(payload) };
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function entry(key: string, value: string): number[] {
  return [0xa0 | key.length, ...ascii(key), 0xa0 | value.length, ...ascii(value)];
}

export function bankSuite(host: BankHost): void {
  const options = { numRuns: host.runs };

  describe(`the bank ${host.name}`, () => {
    test('has the same description as the module in the process', async () => {
      const { routing } = await host.module();
      const { digest: _, ...description } = routing.describe();
      const { digest: none, ...expected } = account.routing.describe();
      assert.equal(none, undefined);
      assert.deepEqual(plain(description), plain(expected));
    });

    test('accepts and rejects the same commands in the history of an account', async () => {
      const life = host.isSlow ? LIFE.slice(0, 9) : LIFE;
      assert.deepEqual(play(await host.module(), life), play(account, life));
    });

    test('decides any commands like the module in the process, byte for byte', async () => {
      const module = await host.module();
      fc.assert(
        fc.property(commands, (some) => assert.deepEqual(play(module, some), play(account, some))),
        options,
      );
    });

    test('folds any events like the module in the process, even in an order that no decision produces', async () => {
      const module = await host.module();
      const history = fc.array(event, { maxLength: 30 });
      fc.assert(
        fc.property(history, (some) => assert.deepEqual(replay(module, some), replay(account, some))),
        options,
      );
    });

    test('reads and writes any state like the module in the process', async () => {
      const module = await host.module();
      fc.assert(
        fc.property(state, (some) => assert.deepEqual(reread(module, some), some)),
        options,
      );
    });

    for (const [what, envelope] of Object.entries(NO_COMMANDS)) {
      test(`reports a fault for ${what}`, async () => {
        const [step] = play(await host.module(), [envelope]);
        assert.ok(step !== undefined && 'fault' in step);
        assert.deepEqual([step], play(account, [envelope]));
      });
    }

    test('reads integers and strings in encodings that are longer than necessary', async () => {
      const module = await host.module();
      const long = [
        bytes('Deposit', [
          0xde,
          0,
          2,
          ...entry('accountId', 'a'),
          0xda,
          0,
          6,
          ...ascii('amount'),
          0xd3,
          0,
          0,
          0,
          0,
          0,
          0,
          0,
          5,
        ]),
        bytes('Deposit', [
          0x82,
          0xa6,
          ...ascii('amount'),
          0xcb,
          0x40,
          0x14,
          0,
          0,
          0,
          0,
          0,
          0,
          ...entry('accountId', 'a'),
        ]),
        bytes('Deposit', [0x82, 0xa6, ...ascii('amount'), 0xca, 0x40, 0xa0, 0, 0, ...entry('accountId', 'a')]),
      ];
      const deposit = envelope('Deposit', { accountId: 'a', amount: 5 });
      for (const step of play(module, long)) assert.deepEqual('command' in step && step.command, deposit);
    });

    test('skips fields of an event that it does not declare', async () => {
      const more = envelope('Deposited', {
        accountId: 'a',
        amount: 5,
        note: { by: ['x', 1n << 63n, 0.5, new Uint8Array(9)] },
      });
      assert.deepEqual(replay(await host.module(), [more]), replay(account, [more]));
    });

    test('reports a fault for corrupt bytes, or reads the same value as the module in the process', async () => {
      const module = await host.module();
      const payload = broken(command.map((it) => it.payload));
      const type = fc.constantFrom('OpenAccount', 'Deposit', 'Withdraw', 'CloseAccount');
      fc.assert(
        fc.property(type, payload, (type, payload) => {
          const envelope = { type, schemaVersion: 1, payload };
          assert.deepEqual(play(module, [envelope]).map(outcome), play(account, [envelope]).map(outcome));
        }),
        options,
      );
      fc.assert(
        fc.property(broken(state), (bytes) =>
          assert.equal(typeof reread(module, bytes), typeof reread(account, bytes)),
        ),
        options,
      );
    });

    test('has the same results, events and states in the event sourcer', async () => {
      const module = await host.module();
      await fc.assert(
        fc.asyncProperty(commands, async (some) => {
          assert.deepEqual(await handled(module, some), await handled(account, some));
        }),
        { numRuns: Math.ceil(host.runs / 4) },
      );
    });

    test('has parity with the module in the process on recorded decisions', async () => {
      const module = await host.module();
      await using store = createMemoryStore();
      await using sourcer = createEventSourcer({ store, modules: [account] });
      for (const envelope of LIFE.slice(0, 9)) await sourcer.handleCommand(envelope);
      for (const [current, candidate] of [
        [account, module],
        [module, account],
      ] as const) {
        const { divergence, decisions } = await parity(current as never, candidate as never, store);
        assert.deepEqual([divergence, decisions], [undefined, 9]);
      }
    });

    test('releases every handle', async () => {
      await host.module();
      assert.equal(host.handles?.() ?? 0, 0);
    });
  });
}

/** Represents a fault with any code, because modules may find different mistakes first in bytes with two of them. */
function outcome(step: object): object {
  return 'fault' in step ? { fault: true } : step;
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** Returns the results of an event sourcer for the commands, on a separate store, and the events that it reads back. */
async function handled(module: CommandHandler<unknown, unknown, unknown>, some: readonly { type: string }[]) {
  const store = createMemoryStore({ now: () => 1_700_000_000_000 });
  const sourcer = createEventSourcer({ store, modules: [module] });
  const results: unknown[] = [];
  const streams = new Set<string>();
  for (const [index, envelope] of some.entries()) {
    const options = { commandId: `command ${index}` };
    const result = await sourcer.handleCommand(envelope as never, options);
    streams.add(result.stream);
    const events = result.events.map(({ context, event }) => ({ context: { ...context, id: context.id }, event }));
    results.push({ ...result, events });
  }
  for (const stream of streams) results.push(await sourcer.readState(stream));
  await sourcer.close();
  await store.close();
  return results;
}
