/**
 * A transfer between two accounts: the payer, the receiver and the result. It does not change the accounts. The process
 * manager in `transfer-process.ts` moves the money.
 */
import { defineCommand, defineDecider, defineEvent, reject } from 'decidable';
import { z } from 'zod';
import { MAX_AMOUNT } from './account.ts';

const transferId = z.string().min(1).max(50);
const accountId = z.string().min(1).max(64);
const amount = z.int().min(1).max(MAX_AMOUNT);
const reason = z.string();

/** The amount and both accounts. Each event contains them, so that a reader needs only one event. */
const movement = { transferId, from: accountId, to: accountId, amount };

export const Transfer = z.object({
  status: z.enum(['none', 'requested', 'held', 'completed', 'compensated', 'refused']),
  from: z.string(),
  to: z.string(),
  amount: z.int(),
});

export const RequestTransfer = defineCommand('RequestTransfer', z.strictObject(movement));
export const CompleteTransfer = defineCommand('CompleteTransfer', z.strictObject({ transferId }));
export const RefuseTransfer = defineCommand('RefuseTransfer', z.strictObject({ transferId, reason }));
export const CompensateTransfer = defineCommand('CompensateTransfer', z.strictObject({ transferId, reason }));
export const HoldTransfer = defineCommand('HoldTransfer', z.strictObject({ transferId, reason }));

export const TransferRequested = defineEvent('TransferRequested', z.object(movement));
/** The target has received the money. */
export const TransferCompleted = defineEvent('TransferCompleted', z.object(movement));
/** The source could not pay. No money has moved. */
export const TransferRefused = defineEvent('TransferRefused', z.object({ ...movement, reason }));
/** The target could not accept the money, and it was returned to the source. */
export const TransferCompensated = defineEvent('TransferCompensated', z.object({ ...movement, reason }));
/** Neither the target nor the source could accept the money. The bank holds it until the source can. */
export const TransferHeld = defineEvent('TransferHeld', z.object({ ...movement, reason }));

export const transfer = defineDecider({
  name: 'bank.transfer',
  version: '1.0.0',
  state: Transfer,
  commands: { RequestTransfer, CompleteTransfer, RefuseTransfer, CompensateTransfer, HoldTransfer },
  events: { TransferRequested, TransferCompleted, TransferRefused, TransferCompensated, TransferHeld },
  category: 'transfer',
  streamId: (command) => command.data.transferId,
  initialState: { status: 'none', from: '', to: '', amount: 0 },

  evolve: {
    TransferRequested: (state, { from, to, amount }) => {
      Object.assign(state, { status: 'requested', from, to, amount });
    },
    TransferCompleted: (state) => {
      state.status = 'completed';
    },
    TransferRefused: (state) => {
      state.status = 'refused';
    },
    TransferCompensated: (state) => {
      state.status = 'compensated';
    },
    TransferHeld: (state) => {
      state.status = 'held';
    },
  },

  decide: {
    RequestTransfer: (state, request) => {
      if (state.status !== 'none') return reject('already-requested', 'there is a transfer with this id');
      if (request.from === request.to) return reject('same-account', 'a transfer needs two accounts');
      return [TransferRequested(request)];
    },
    CompleteTransfer: (state, { transferId }) =>
      isUnderWay(state) ? [TransferCompleted({ transferId, ...moved(state) })] : ended(state),
    RefuseTransfer: (state, { transferId, reason }) =>
      isUnderWay(state) ? [TransferRefused({ transferId, ...moved(state), reason })] : ended(state),
    CompensateTransfer: (state, { transferId, reason }) =>
      isUnderWay(state) ? [TransferCompensated({ transferId, ...moved(state), reason })] : ended(state),
    HoldTransfer: (state, { transferId, reason }) =>
      isUnderWay(state) ? [TransferHeld({ transferId, ...moved(state), reason })] : ended(state),
  },
});

type State = z.infer<typeof Transfer>;

function isUnderWay({ status }: State): boolean {
  return status === 'requested' || status === 'held';
}

function moved({ from, to, amount }: State) {
  return { from, to, amount };
}

function ended({ status }: State) {
  return reject('not-under-way', 'the transfer has not been requested, or has ended', { status });
}
