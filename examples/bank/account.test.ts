/** Tests of the account: given these events, when this command, then these events. */
import { test } from 'node:test';
import { testDecider } from 'decidable/testing';
import { account, BALANCE_LIMIT, WITHDRAWAL_LIMIT } from './account.ts';

const { given } = testDecider(account);
const { OpenAccount, Deposit, Withdraw, CloseAccount } = account.commands;
const { AccountOpened, Deposited, Withdrawn, AccountClosed } = account.events;

const accountId = '0001';
const opened = AccountOpened({ accountId, owner: 'Ada' });
const full = Deposited({ accountId, amount: BALANCE_LIMIT });

test('an account is opened once', () => {
  const open = OpenAccount({ accountId, owner: 'Ada' });
  given().when(open).then(opened);
  given(opened).when(open).thenRejected('already-open');
});

test('money is moved within the limits', () => {
  given(opened)
    .when(Deposit({ accountId, amount: 5 }))
    .then(Deposited({ accountId, amount: 5 }));
  given(opened, full)
    .when(Withdraw({ accountId, amount: 5 }))
    .then(Withdrawn({ accountId, amount: 5 }));
  given(opened, full)
    .when(Deposit({ accountId, amount: 1 }))
    .thenRejected('balance-limit');
  given(opened, full)
    .when(Withdraw({ accountId, amount: WITHDRAWAL_LIMIT + 1 }))
    .thenRejected('withdrawal-limit');
});

test('only an empty account is closed', () => {
  given(opened).when(CloseAccount({ accountId })).then(AccountClosed({ accountId }));
  given(opened, full).when(CloseAccount({ accountId })).thenRejected('balance-not-zero');
});
