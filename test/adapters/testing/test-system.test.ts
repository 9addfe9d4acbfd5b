/** Sentences about a whole system. Sentences that are false must fail, and show their parts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { defineReactor, defineSystem, inline } from 'decidable';
import { loadModule } from 'decidable/component/host';
import { ExpectationError, eventsIn, storedEvent, testSystem } from 'decidable/testing';
import { account as bankAccount } from '../../../examples/bank/account.ts';
import { bankWith } from '../../../examples/bank/system.ts';
import { transfer as bankTransfer } from '../../../examples/bank/transfer.ts';
import { account, balances, bankOf, transfer } from '../../core/processors/transfers.ts';

const { Open, Deposit, Withdraw, Close } = account.commands;
const { Opened, Deposited, Withdrawn } = account.events;
const { Request } = transfer.commands;
const { Requested, Finished } = transfer.events;

const receipts: string[] = [];
const bank = bankOf(receipts);
const { given } = testSystem(bank);

const opened = Open({ accountId: 'a' });
const deposit = Deposit({ accountId: 'a', amount: 5 });
const request = { transferId: 't', from: 'a', to: 'b', amount: 5 };

/** Converts a sentence to a promise, because its own `then` is a word of the sentence. */
async function run(sentence: unknown): Promise<void> {
  await (sentence as PromiseLike<void>);
}

async function failureOf(sentence: unknown): Promise<ExpectationError> {
  const failure = await run(sentence).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(failure instanceof ExpectationError, `it failed otherwise: ${failure}`);
  return failure;
}

describe('a sentence about a system', () => {
  test('passes if the events, the rejection and the documents are the expected ones', () =>
    given(opened)
      .when(deposit)
      .then(Deposited({ accountId: 'a', amount: 5 }))
      .thenDocument(balances, 'a', { balance: 5 })
      .thenNoDocument(balances, 'b')
      .when(Withdraw({ accountId: 'a', amount: 6 }))
      .thenRejected('insufficient-funds'));

  test('shows the given events, the actual events and the expected events if it is false', async () => {
    const { message, expected, actual, code } = await failureOf(
      given(opened)
        .when(deposit)
        .after({ days: 1, hours: 2 })
        .then(Deposited({ accountId: 'a', amount: 6 })),
    );
    assert.equal(code, 'ERR_ASSERTION');
    assert.equal(expected, "Deposited { accountId: 'a', amount: 6 }");
    assert.equal(actual, "Deposited { accountId: 'a', amount: 5 }");
    assert.match(message, /given .*Open.*\nwhen .*Deposit.*\nafter .*1 day, 2 hours\n/);
  });

  test('fails for each kind of false expectation', async () => {
    const sentence = given(opened).when(deposit);
    const [receiptsOfBank] = bank.reactors;
    for (const wrong of [
      sentence.then(),
      sentence.thenNothing(),
      sentence.thenIn('account-b', Deposited({ accountId: 'a', amount: 5 })),
      sentence.thenRejected('not-open'),
      sentence.thenDocument(balances, 'a', { balance: 6 }),
      sentence.thenDocument(balances, 'b', { balance: 6 }),
      sentence.thenNoDocument(balances, 'a'),
      sentence.thenScheduled({ command: deposit }),
      sentence.thenReacted(receiptsOfBank),
      given().when(deposit).then(),
      given().when(deposit).thenRejected('closed'),
    ]) {
      await failureOf(wrong);
    }
  });

  test('checks the events that were stored since the last expectation', () =>
    given(opened)
      .when(deposit)
      .then(Deposited({ accountId: 'a', amount: 5 }))
      .thenIn('account-a', Deposited({ accountId: 'a', amount: 5 }))
      .when(Withdraw({ accountId: 'a', amount: 2 }))
      .when(Withdraw({ accountId: 'a', amount: 3 }))
      .then(Withdrawn({ accountId: 'a', amount: 2 }), Withdrawn({ accountId: 'a', amount: 3 }))
      .after({ days: 10 })
      .thenNothing());

  test('expects the documents of an inline read model', () => {
    const system = defineSystem({ name: 'bank', deciders: [account], readModels: [inline(balances)] });
    return testSystem(system).given(opened).when(deposit).thenDocument(balances, 'a', { balance: 5 });
  });

  test('can be continued in two ways, which do not affect each other', async () => {
    const start = given(opened).when(deposit);
    await run(start.when(Withdraw({ accountId: 'a', amount: 5 })).thenDocument(balances, 'a', { balance: 0 }));
    await run(start.thenDocument(balances, 'a', { balance: 5 }));
  });

  test('fails without an expectation', () => assert.rejects(run(given(opened).when(deposit)), TypeError));

  test('fails if a given command is rejected', async () => {
    const { actual } = await failureOf(given(deposit).when(opened).thenNothing());
    assert.match(String(actual), /^rejected: not-open/);
  });

  test('fails with an unhandled rejection if it is not awaited', async () => {
    // The runner listens for unhandled rejections too, and would fail this test.
    const listeners = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    try {
      given(opened).when(deposit).thenNothing();
      const [failure] = await once(process, 'unhandledRejection');
      assert.ok(failure instanceof ExpectationError);
    } finally {
      for (const listener of listeners) process.on('unhandledRejection', listener);
    }
  });

  test('refuses unknown options and messages that the system does not have', async () => {
    assert.throws(() => testSystem(bank, { reactor: 'run' } as never), { code: 'invalid-definition' });
    await assert.rejects(run(given({ type: 'Steal', data: {} } as never).thenNothing()), TypeError);
    await assert.rejects(run(given(eventsIn('account-a', Requested(request))).thenNothing()), TypeError);
  });
});

describe('the time of a sentence', () => {
  test('fires a deadline when it is due', () =>
    given(opened, deposit, Open({ accountId: 'b' }), Close({ accountId: 'b' }))
      .when(Request({ ...request, amount: 6 }))
      .then(Requested({ ...request, amount: 6 }), Finished({ transferId: 't', outcome: 'insufficient-funds' }))
      .thenScheduled()
      .after({ days: 1 })
      .thenNothing());

  test('names the deadlines that are not due yet', async () => {
    const late = transfer.commands.Finish({ transferId: 't', outcome: 'late' });
    // The withdrawal belongs to another account, so the process still waits.
    const { given } = testSystem(bankWithoutWithdrawals());
    await run(
      given(opened)
        .when(Request(request))
        .thenScheduled({ command: late, in: { days: 1 } })
        .after({ hours: 23 })
        .thenScheduled({ command: late, in: { hours: 1 } })
        .after({ hours: 1 })
        .then(Finished({ transferId: 't', outcome: 'late' }))
        .thenScheduled(),
    );
    const { actual } = await failureOf(given(opened).when(Request(request)).thenScheduled());
    assert.equal(actual, "Finish { outcome: 'late', transferId: 't' } in 1 day");
  });
});

/** The bank with accounts that accept withdrawals without an event. */
function bankWithoutWithdrawals(): typeof bank {
  const idle: typeof account = {
    ...account,
    decider: {
      ...account.decider,
      decide: (state, command) => (command.type === 'Withdraw' ? [] : account.decider.decide(state, command)),
    },
  };
  const { processManagers, readModels, reactors } = bank;
  return defineSystem({ name: 'bank', deciders: [idle, transfer], processManagers, readModels, reactors });
}

describe('events that are given', () => {
  test('are in their stream before the commands', () =>
    given(eventsIn('account-a', Opened({ accountId: 'a' }), storedEvent('Deposited', 1, { accountId: 'a', amount: 5 })))
      .when(Withdraw({ accountId: 'a', amount: 5 }))
      .then(Withdrawn({ accountId: 'a', amount: 5 }))
      .thenDocument(balances, 'a', { balance: 0 }));
});

describe('the reactors of a sentence', () => {
  const [reactor] = bank.reactors;

  test('are recorded, and do nothing', async () => {
    receipts.length = 0;
    await run(
      given(opened)
        .when(deposit)
        .thenReacted(reactor, Deposited({ accountId: 'a', amount: 5 })),
    );
    assert.deepEqual(receipts, []);
  });

  test('run if the test asks for it', async () => {
    receipts.length = 0;
    const { given } = testSystem(bank, { reactors: 'run' });
    await run(
      given(opened)
        .when(deposit)
        .thenReacted(reactor, Deposited({ accountId: 'a', amount: 5 })),
    );
    assert.equal(receipts.length, 1);
  });

  test('end the sentence with the first failure', async () => {
    const broken = defineReactor({
      name: 'broken',
      version: '1',
      events: { Opened },
      react: {
        Opened: () => {
          throw new Error('the printer is out of paper');
        },
      },
    });
    const system = defineSystem({ name: 'broken-bank', deciders: [account], reactors: [broken] });
    const { given } = testSystem(system, { reactors: 'run' });
    await assert.rejects(run(given().when(opened).thenNothing()), { code: 'processor-stopped' });
  });
});

describe('a system with a component', () => {
  const binary = readFileSync(new URL('../../../examples/guests/rust/bank.wasm', import.meta.url));
  const { OpenAccount } = bankAccount.commands;
  const { AccountOpened } = bankAccount.events;
  const ada = { accountId: 'a', owner: 'Ada' };

  test('is tested with the definitions in TypeScript', async () => {
    const { given } = testSystem(bankWith(await loadModule(binary), 'no-receipts'), {
      messages: [bankAccount, bankTransfer],
    });
    await run(given().when(OpenAccount(ada)).then(AccountOpened(ada)));
  });

  test('cannot be tested without them', async () => {
    const { given } = testSystem(bankWith(await loadModule(binary), 'no-receipts'));
    await assert.rejects(
      run(
        given()
          .when(OpenAccount(ada) as never)
          .thenNothing(),
      ),
      TypeError,
    );
  });
});
