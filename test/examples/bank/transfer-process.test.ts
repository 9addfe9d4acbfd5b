import { describe, test } from 'node:test';
import { dispatchCommand, endProcess } from 'decidable';
import { testEventHandler } from 'decidable/testing';
import { Deposit, Deposited, Withdraw, Withdrawn } from '../../../examples/bank/account.ts';
import { CompleteTransfer, RefuseTransfer, TransferRequested } from '../../../examples/bank/transfer.ts';
import { transferProcess } from '../../../examples/bank/transfer-process.ts';

const { given } = testEventHandler(transferProcess);

const transferId = 'x1';
const requested = TransferRequested({ transferId, from: 'a', to: 'b', amount: 500 });
/** The steps of the process, as given, when and then. */
const half = { amount: 500, transferId: 'transfer x1' };

describe('the process of a transfer', () => {
  test('withdraws from the source, deposits at the target, and completes the transfer', () => {
    given()
      .when(requested)
      .then(dispatchCommand(Withdraw({ accountId: 'a', ...half })));
    given(requested)
      .when(Withdrawn({ accountId: 'a', ...half }))
      .then(dispatchCommand(Deposit({ accountId: 'b', ...half })));
    given(requested, Withdrawn({ accountId: 'a', ...half }))
      .when(Deposited({ accountId: 'b', ...half }))
      .then(dispatchCommand(CompleteTransfer({ transferId })), endProcess());
  });

  test('refuses the transfer if the source cannot pay', () =>
    given(requested)
      .whenRejected(Withdraw({ accountId: 'a', ...half }), 'insufficient-funds')
      .then(dispatchCommand(RefuseTransfer({ transferId, reason: 'insufficient-funds' })), endProcess()));

  test('returns the money if the target refuses it', () =>
    given(requested, Withdrawn({ accountId: 'a', ...half }))
      .whenRejected(Deposit({ accountId: 'b', ...half }), 'account-closed')
      .then(dispatchCommand(Deposit({ accountId: 'a', ...half })))
      .thenState({ transferId, from: 'a', to: 'b', amount: 500, reason: 'account-closed', refusals: 1 }));

  test('ignores the halves that a client has sent', () => {
    given()
      .when(Withdrawn({ accountId: 'a', amount: 500, transferId }))
      .thenNotConcerned();
    given()
      .when(Deposited({ accountId: 'a', amount: 500 }))
      .thenNotConcerned();
  });
});
