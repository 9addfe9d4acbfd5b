/**
 * The system of examples/system is composed of components. With any of its parts in TypeScript, it returns the same
 * responses and stores the same events with the same ids and hashes.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commandUuid, reactionId } from 'decidable';
import { account } from '../../../examples/bank/account.ts';
import { GUESTS, type Guest, PARTS, type Part } from '../../../examples/system/options.ts';
import { composeSystem, type System } from '../../../examples/system/system.ts';
import { transfers } from '../../../examples/system/transfers.ts';
import { engine } from '../../../src/adapters/component/engine/web-assembly.ts';

const { OpenAccount, Deposit, Withdraw, CloseAccount } = account.commands;

/** Requests in order, by command id. Some are repeated, and some reuse an id with other content. */
const COMMANDS = [
  ['c1', Deposit({ accountId: 'a', amount: 5 })],
  ['c2', OpenAccount({ accountId: 'a', owner: 'Łucja "Lu" 🏦' })],
  ['c2', OpenAccount({ accountId: 'a', owner: 'Łucja "Lu" 🏦' })],
  ['018F4D1E-7A2B-7C3D-8E4F-5A6B7C8D9E0F', Deposit({ accountId: 'a', amount: 700, transferId: 't' })],
  ['018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e0f', Deposit({ accountId: 'a', amount: 700, transferId: 't' })],
  ['018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e0f', Deposit({ accountId: 'a', amount: 7 })],
  ['c3', OpenAccount({ accountId: 'ü', owner: 'Jörg' })],
  ['c4/4', Deposit({ accountId: 'ü', amount: 100_000_000 })],
  ['c5', Deposit({ accountId: 'ü', amount: 1 })],
  ['c5', Deposit({ accountId: 'ü', amount: 1 })],
  ['c6', Withdraw({ accountId: 'a', amount: 900 })],
  ['c7', Withdraw({ accountId: 'a', amount: 700 })],
  ['t1', OpenAccount({ accountId: 'b', owner: 'Bea' })],
  // The event handler deposits the money into the other account.
  ['t2', Withdraw({ accountId: 'ü', amount: 50, transferId: '1 to b' })],
  ['t3', Deposit({ accountId: 'b', amount: 10 })],
  // The account does not exist, so the event handler returns the money.
  ['t4', Withdraw({ accountId: 'b', amount: 20, transferId: '2 to nobody' })],
  ['c8', CloseAccount({ accountId: 'a' })],
  ['c9', OpenAccount({ accountId: 'a', owner: 'x' })],
  ['c2', CloseAccount({ accountId: 'a' })],
] as const;

const STATUSES = [422, 200, 200, 200, 200, 409, 200, 200, 422, 422, 422, 200, 200, 200, 200, 200, 200, 422, 409];

/** Commands that cannot be decided. The texts differ between guests. */
const REFUSED = [
  ['/commands/Deposit/r1', 400, Uint8Array.of(0xc1)],
  ['/commands/Deposit/r1', 400, Uint8Array.of(0x80)],
  ['/commands/Deposit/', 400, account.types.command.toEnvelope(Deposit({ accountId: 'a', amount: 5 })).payload],
  ['/commands/Borrow/r1', 404, Uint8Array.of(0x80)],
  ['/commands/Deposit', 404, Uint8Array.of()],
  ['/states/', 400, Uint8Array.of()],
  ['/', 404, Uint8Array.of()],
] as const;

const ALL = {
  direction: 'forward',
  categories: [],
  eventTypes: [],
  events: [],
} as const;

interface Composed extends System {
  /** Waits for a second. */
  tick(): void;
}

async function compose(typescript: readonly Part[], guest: Guest = 'rust'): Promise<Composed> {
  let time = 1_700_000_000_123;
  const system = await composeSystem({ typescript: new Set(typescript), guest, now: () => time });
  return { ...system, tick: () => void (time += 1_000) };
}

async function send({ gateway, tick }: Composed, [id, command]: (typeof COMMANDS)[number]) {
  tick();
  return gateway.request(`/commands/${command.type}/${id}`, account.types.command.toEnvelope(command).payload);
}

/** The observable results of a run: the responses, the stored events and the documents. */
async function run(system: Composed) {
  const answers = [];
  for (const command of COMMANDS) {
    answers.push(await send(system, command));
    await system.readers.catchUp();
  }
  for (const [path, status, body] of REFUSED) assert.equal((await system.gateway.request(path, body)).status, status);
  for (const name of ['a', 'ü', 'nobody']) {
    answers.push(await system.gateway.request(`/states/account-${name}`, new Uint8Array()));
  }
  const events = (await system.store.readAll(ALL)).map(({ context, event, contentType }) => {
    const { id, stream, revision, position, recordedAt, correlationId, causationId } = context;
    return { id, stream, revision, position, recordedAt, correlationId, causationId, event, contentType };
  });
  // Each commit contains the hash of the previous one. The event handler's commands are in the store too.
  const ids = new Set([...COMMANDS.map(([id]) => commandUuid(id)), ...events.map((each) => each.causationId)]);
  for (const { id } of events) ids.add(reactionId(id, transfers.eventHandler.describe().name, 0));
  const decisions = await Promise.all([...ids].map((id) => system.store.findDecision(id)));
  return { answers, events, decisions, documents: system.readers.documents(), processes: system.readers.processes() };
}

/** A component whose store or event sourcer returns promises must be suspended. */
function skipWithout(typescript: readonly Part[]): string | false {
  const needsSuspending = !typescript.includes('sourcer') || !typescript.includes('gateway');
  const cannot = engine.Suspending === undefined && needsSuspending;
  return cannot && 'this engine has no JavaScript promise integration';
}

describe('the system of examples/system', async () => {
  const expected = await run(await compose(PARTS));

  test('accepts and rejects commands, and recognizes commands that are sent again', () => {
    const statuses = expected.answers.map(({ status }) => status);
    assert.deepEqual(statuses.slice(0, COMMANDS.length), STATUSES);
    assert.equal(expected.events.length, 12);
    assert.equal(expected.decisions.filter((decision) => decision !== undefined).length, 17);
  });

  test('moves money between accounts, and returns it if there is no such account', () => {
    const balances = expected.documents.map(([key, document]) => {
      const { balance, status } = account.types.state.fromBytes(document);
      return [key, balance, status];
    });
    assert.deepEqual(balances, [
      ['a', 0, 'closed'],
      ['ü', 99_999_950, 'open'],
      ['b', 60, 'open'],
    ]);
    assert.deepEqual(expected.processes, []);
  });

  for (const guest of GUESTS) {
    test(`is the same if it consists of components, with the guest in ${guest} as the decider`, {
      skip: skipWithout([]),
    }, async () => {
      assert.deepEqual(await run(await compose([], guest)), expected);
    });
  }

  for (const part of PARTS) {
    test(`is the same with ${part} in TypeScript`, { skip: skipWithout([part]) }, async () => {
      assert.deepEqual(await run(await compose([part])), expected);
    });

    const others = PARTS.filter((each) => each !== part);
    test(`is the same with ${part} as the only component`, { skip: skipWithout(others) }, async () => {
      assert.deepEqual(await run(await compose(others)), expected);
    });
  }

  for (const typescript of [[], ['store'], ['sourcer'], ['gateway'], ['command-handler']] as const) {
    const how = typescript.length === 0 ? 'if it consists of components' : `with ${typescript[0]} in TypeScript`;
    test(`accepts concurrent requests ${how}`, { skip: skipWithout(typescript) }, async () => {
      const system = await compose(typescript);
      await send(system, ['open', OpenAccount({ accountId: 'a', owner: 'A' })] as never);
      const { payload } = account.types.command.toEnvelope(Deposit({ accountId: 'a', amount: 3 }));
      const requests = Array.from({ length: 60 }, (_, index) =>
        // Each command is sent twice.
        system.gateway.request(`/commands/Deposit/d${index >> 1}`, payload),
      );
      const answers = (await Promise.all(requests)).map(({ body }) => JSON.parse(body));
      assert.equal(answers.filter(({ duplicate }) => duplicate).length, 30);
      const { body } = await system.gateway.request('/states/account-a', new Uint8Array());
      const { revision, state } = JSON.parse(body);
      assert.equal(revision, 30);
      assert.deepEqual(account.types.state.fromBytes(Buffer.from(state, 'hex')), {
        status: 'open',
        owner: 'A',
        balance: 90,
      });
    });
  }
});
