/**
 * A complete transfer: the request, the process that sends two commands, and both accounts. These are five appends, so
 * it is compared with five appends of the same events, on the store and on the raw driver.
 */
import { commandUuid, defineDecider, defineEventHandler, defineSystem, dispatchCommand, reject } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { Packr } from 'msgpackr';
import { z } from 'zod';
import { type Benchmark, type Contestant, timed } from '../measure.ts';
import { openRaw, rawHandler } from '../raw-driver.ts';
import { inScratch } from '../scratch.ts';

const IN_FLIGHT = 64;
const ACCOUNTS = 1_000;

const id = z.string();
const amount = z.int().min(1);

const account = defineDecider({
  name: 'account',
  version: '1',
  state: z.object({ balance: z.int() }),
  commands: {
    Deposit: z.object({ account: id, transfer: id, amount }),
    Withdraw: z.object({ account: id, transfer: id, amount }),
  },
  events: {
    Deposited: z.object({ transfer: id, amount }),
    Withdrawn: z.object({ transfer: id, amount }),
  },
  category: 'account',
  streamId: ({ data }) => data.account,
  initialState: { balance: 1_000_000 },
  evolve: {
    Deposited: (state, { amount }) => {
      state.balance += amount;
    },
    Withdrawn: (state, { amount }) => {
      state.balance -= amount;
    },
  },
  decide: {
    Deposit: (_state, { transfer, amount }) => [{ type: 'Deposited', data: { transfer, amount } }],
    Withdraw: ({ balance }, { transfer, amount }) =>
      balance < amount ? reject('insufficient-funds') : [{ type: 'Withdrawn', data: { transfer, amount } }],
  },
});

const transfer = defineDecider({
  name: 'transfer',
  version: '1',
  state: z.object({}),
  commands: { Request: z.object({ transfer: id, from: id, to: id, amount }) },
  events: { Requested: z.object({ transfer: id, from: id, to: id, amount }) },
  category: 'transfer',
  streamId: ({ data }) => data.transfer,
  initialState: {},
  evolve: { Requested: () => undefined },
  decide: { Request: (_state, data) => [{ type: 'Requested', data }] },
});

const { Deposit, Withdraw } = account.commands;

const transfers = defineEventHandler({
  name: 'transfers',
  version: '1',
  state: z.object({ from: id, to: id, amount: z.int() }),
  events: { Requested: transfer.events.Requested, Withdrawn: account.events.Withdrawn },
  commands: { Deposit, Withdraw },
  key: ({ data }) => data.transfer,
  initialState: { from: '', to: '', amount: 0 },
  evolve: {
    Requested: (state, { from, to, amount }) => {
      Object.assign(state, { from, to, amount });
    },
  },
  handle: {
    Requested: (_state, { transfer, from, amount }) => [dispatchCommand(Withdraw({ account: from, transfer, amount }))],
    Withdrawn: ({ to }, { transfer, amount }) => [dispatchCommand(Deposit({ account: to, transfer, amount }))],
  },
});

const bank = defineSystem({ name: 'bank', deciders: [account, transfer], processManagers: [transfers] });

export function transferring(quick: boolean): Benchmark {
  const count = quick ? 500 : 3_000;
  return {
    name: 'transfers',
    about: `${count.toLocaleString('en')} transfers, 64 requests in flight, SQLite WAL, synchronous = FULL`,
    unit: 'transfers/s',
    rounds: quick ? 3 : 5,
    contestants: [ours(count), storeByHand(count), rawByHand(count)],
    targets: [
      { of: 'decidable', against: 'five appends to the store', atLeast: 0.5 },
      { of: 'decidable', against: 'five commits of the raw driver', atLeast: 0.5 },
    ],
  };
}

const request = (index: number) => ({
  transfer: `t${index}`,
  from: `a${index % ACCOUNTS}`,
  to: `a${(index * 7 + 1) % ACCOUNTS}`,
  amount: 1 + (index % 90),
});

async function inFlight(count: number, one: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await one(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
}

function ours(count: number): Contestant {
  return {
    name: 'decidable',
    run: () =>
      inScratch(async (file) => {
        await using store = createSqliteStore({ file, durability: 'full' });
        await using running = await bank.start({ store });
        const measured = await timed(count, async () => {
          await inFlight(count, (index) => running.dispatch(transfer.commands.Request(request(index))));
          await running.settled();
        });
        let ended = 0;
        for (const { name, parked } of await running.status()) if (name.startsWith('transfers')) ended += parked;
        if (ended !== 0) throw new Error('a transfer is parked');
        return measured;
      }),
  };
}

const packr = new Packr({ useRecords: false, variableMapSize: true });

/** The five appends of a transfer, with the payloads that ours have. */
function appendsOf(index: number): readonly { stream: string; type: string; data: object }[] {
  const { transfer, from, to, amount } = request(index);
  return [
    { stream: `transfer-${transfer}`, type: 'Requested', data: request(index) },
    { stream: `transfers-${transfer}`, type: 'Observed', data: request(index) },
    { stream: `account-${from}`, type: 'Withdrawn', data: { transfer, amount } },
    { stream: `transfers-${transfer}`, type: 'Observed', data: request(index) },
    { stream: `account-${to}`, type: 'Deposited', data: { transfer, amount } },
  ];
}

function storeByHand(count: number): Contestant {
  return {
    name: 'five appends to the store',
    run: () =>
      inScratch(async (file) => {
        await using store = createSqliteStore({ file, durability: 'full' });
        return await timed(count, () =>
          inFlight(count, async (index) => {
            let step = 0;
            for (const { stream, type, data } of appendsOf(index)) {
              const commandId = commandUuid(`${index}.${step++}`);
              const payload = packr.pack(data);
              await store.append(
                stream,
                [{ type, schemaVersion: 1, payload }],
                { tag: 'any' },
                {
                  commandId,
                  command: { type, schemaVersion: 1, payload },
                  contentType: 'application/vnd.msgpack',
                  module: { name: 'by hand', version: '1' },
                  outcome: { tag: 'accepted' },
                  correlationId: commandId,
                },
              );
            }
          }),
        );
      }),
  };
}

function rawByHand(count: number): Contestant {
  return {
    name: 'five commits of the raw driver',
    run: () =>
      inScratch(async (file) => {
        await createSqliteStore({ file }).close();
        const database = openRaw(file);
        const handle = rawHandler(database);
        const measured = await timed(count, () => {
          for (let index = 0; index < count; index++) {
            for (let step = 0; step < 5; step++) {
              handle({ type: 'Open', data: { accountId: `${index}.${step}`, owner: 'Ada Lovelace' } });
            }
          }
        });
        database.close();
        return measured;
      }),
  };
}
