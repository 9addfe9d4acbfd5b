import { describe, test } from 'node:test';
import { testDecider } from 'decidable/testing';
import { transfer } from '../../../examples/bank/transfer.ts';

const { given } = testDecider(transfer);
const { RequestTransfer, CompleteTransfer, RefuseTransfer, CompensateTransfer, HoldTransfer } = transfer.commands;
const { TransferRequested, TransferCompleted, TransferRefused, TransferCompensated, TransferHeld } = transfer.events;

const transferId = 'x1';
const movement = { transferId, from: 'a', to: 'b', amount: 500 };
const reason = 'account-closed';

describe('a transfer', () => {
  test('is requested once', () => {
    given().when(RequestTransfer(movement)).then(TransferRequested(movement));
    given(TransferRequested(movement)).when(RequestTransfer(movement)).thenRejected('already-requested');
  });

  test('needs two accounts', () =>
    given()
      .when(RequestTransfer({ ...movement, to: 'a' }))
      .thenRejected('same-account'));

  test('ends in one of three ways, and the event names the amount and the accounts', () => {
    const requested = given(TransferRequested(movement));
    requested.when(CompleteTransfer({ transferId })).then(TransferCompleted(movement));
    requested.when(RefuseTransfer({ transferId, reason })).then(TransferRefused({ ...movement, reason }));
    requested.when(CompensateTransfer({ transferId, reason })).then(TransferCompensated({ ...movement, reason }));
  });

  test('can be compensated after it was held', () => {
    const held = TransferHeld({ ...movement, reason });
    given(TransferRequested(movement)).when(HoldTransfer({ transferId, reason })).then(held);
    given(TransferRequested(movement), held)
      .when(CompensateTransfer({ transferId, reason }))
      .then(TransferCompensated({ ...movement, reason }));
  });

  test('ends once', () => {
    given(TransferRequested(movement), TransferCompleted(movement))
      .when(CompensateTransfer({ transferId, reason }))
      .thenRejected('not-under-way', { status: 'completed' });
    given().when(CompleteTransfer({ transferId })).thenRejected('not-under-way', { status: 'none' });
  });
});
