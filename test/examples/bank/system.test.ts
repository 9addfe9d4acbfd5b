/** The whole bank in memory, with a clock that the tests control. */
import { describe, test } from 'node:test';
import { reject } from 'decidable';
import { eventsIn, testSystem, testTables } from 'decidable/testing';
import { account } from '../../../examples/bank/account.ts';
import { balances } from '../../../examples/bank/balances.ts';
import { statements } from '../../../examples/bank/statements.ts';
import { bank, bankWith } from '../../../examples/bank/system.ts';
import { transfer } from '../../../examples/bank/transfer.ts';

const { given } = testSystem(bank);
const [receipts] = bank.reactors;
const { OpenAccount, Deposit, Withdraw, CloseAccount } = account.commands;
const { AccountOpened, Deposited, Withdrawn } = account.events;
const { RequestTransfer } = transfer.commands;
const { TransferRequested, TransferCompleted, TransferRefused, TransferCompensated, TransferHeld } = transfer.events;

const movement = { transferId: 'x1', from: 'a', to: 'b', amount: 500 };
const half = { amount: 500, transferId: 'transfer x1' };

const twoAccounts = [
  OpenAccount({ accountId: 'a', owner: 'Ada' }),
  Deposit({ accountId: 'a', amount: 1_250 }),
  OpenAccount({ accountId: 'b', owner: 'Bo' }),
];

describe('a transfer', () => {
  test('moves the money and leads to a receipt', () =>
    given(...twoAccounts)
      .when(RequestTransfer(movement))
      .then(
        TransferRequested(movement),
        Withdrawn({ accountId: 'a', ...half }),
        Deposited({ accountId: 'b', ...half }),
        TransferCompleted(movement),
      )
      .thenDocument(balances, 'a', { owner: 'Ada', balance: 750, open: true })
      .thenDocument(balances, 'b', { owner: 'Bo', balance: 500, open: true })
      .thenRows(statements, 'transfers', [{ transfer_id: 'x1', status: 'completed', reason: null }])
      .thenReacted(receipts, TransferCompleted(movement))
      .thenScheduled());

  test('is compensated if the target is closed', () =>
    given(...twoAccounts, CloseAccount({ accountId: 'b' }))
      .when(RequestTransfer(movement))
      .then(
        TransferRequested(movement),
        Withdrawn({ accountId: 'a', ...half }),
        Deposited({ accountId: 'a', ...half }),
        TransferCompensated({ ...movement, reason: 'account-closed' }),
      )
      .thenDocument(balances, 'a', { owner: 'Ada', balance: 1_250, open: true })
      .thenReacted(receipts, TransferCompensated({ ...movement, reason: 'account-closed' })));

  test('is refused if the source cannot pay, without a receipt', () =>
    given(...twoAccounts)
      .when(RequestTransfer({ ...movement, amount: 1_251 }))
      .then(
        TransferRequested({ ...movement, amount: 1_251 }),
        TransferRefused({ ...movement, amount: 1_251, reason: 'insufficient-funds' }),
      )
      .thenReacted(receipts));

  test('to the same account is rejected', () =>
    given(...twoAccounts)
      .when(RequestTransfer({ ...movement, to: 'a' }))
      .thenRejected('same-account'));
});

/** An account that accepts money of a transfer only if its balance is 10.00 or more. */
const stubborn: typeof account = {
  ...account,
  decider: {
    ...account.decider,
    decide: (state, command) => {
      const isHalf = command.type === 'Deposit' && command.data.transferId !== undefined;
      if (isHalf && state.balance < 1_000) throw reject('stubborn');
      return account.decider.decide(state, command);
    },
  },
};

describe('money that neither account accepts', () => {
  const { given } = testSystem(bankWith(stubborn, 'no-receipts'));
  const held = given(...twoAccounts).when(RequestTransfer(movement));
  const giveBack = Deposit({ accountId: 'a', ...half });

  test('is held, and returned as soon as the source accepts it', () =>
    held
      .thenIn('transfer-x1', TransferRequested(movement), TransferHeld({ ...movement, reason: 'stubborn' }))
      .thenScheduled({ command: giveBack, in: { days: 1 } })
      .after({ days: 1 })
      .thenNothing()
      .thenScheduled({ command: giveBack, in: { days: 1 } })
      .when(Deposit({ accountId: 'a', amount: 1_000 }))
      .then(Deposited({ accountId: 'a', amount: 1_000 }))
      .after({ days: 1 })
      .then(Deposited({ accountId: 'a', ...half }), TransferCompensated({ ...movement, reason: 'stubborn' }))
      .thenScheduled()
      .thenDocument(balances, 'a', { owner: 'Ada', balance: 2_250, open: true }));

  test('stays with the bank if the source does not accept it for three days', () =>
    held
      .after({ days: 3 })
      .thenScheduled()
      .thenRows(statements, 'transfers', [{ transfer_id: 'x1', status: 'held', reason: 'stubborn' }]));
});

test('halves that clients send belong to no transfer of the bank', () =>
  given(
    eventsIn('account-a', AccountOpened({ accountId: 'a', owner: 'Ada' }), Deposited({ accountId: 'a', amount: 500 })),
  )
    .when(Withdraw({ accountId: 'a', amount: 500, transferId: 'x1' }))
    .then(Withdrawn({ accountId: 'a', amount: 500, transferId: 'x1' }))
    .thenRows(statements, 'transfers', []));

describe('the statements', () => {
  const opened = AccountOpened({ accountId: 'a', owner: 'Ada' });
  const context = { stream: 'account-a', revision: 1n, recordedAt: 1_000n };

  test('have a line for each event of an account', async () => {
    const { given } = await testTables(statements);
    given(opened)
      .when(Deposited({ accountId: 'a', amount: 500 }), context)
      .thenRows('lines', [
        { account_id: 'a', number: 0, text: 'opened', amount: 0 },
        { account_id: 'a', number: 1, text: 'deposit', amount: 500, reference: null, recorded_at: 1_000 },
      ])
      .thenRows('transfers', []);
  });

  test('name the transfer of a half that the bank has sent', async () => {
    const { given } = await testTables(statements);
    given(opened)
      .when(Withdrawn({ accountId: 'a', ...half }), context)
      .thenStatements({
        sql:
          'insert into "lines" ("account_id", "number", "text", "amount", "reference", "recorded_at") ' +
          'values (?, ?, ?, ?, ?, ?)',
        parameters: ['a', 1n, 'withdrawal', 500, 'transfer x1', 1_000n],
      });
  });
});
