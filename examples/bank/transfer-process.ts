/**
 * The process manager of transfers. It withdraws the money from the source and deposits it at the target. If the target
 * refuses the money, the process returns it to the source. If the source refuses it too, the bank holds the money and
 * retries daily.
 */
import { defineEventHandler, dispatchCommand, endProcess, scheduleCommand } from 'decidable';
import { z } from 'zod';
import { account, Deposit, Withdraw } from './account.ts';
import { CompensateTransfer, CompleteTransfer, HoldTransfer, RefuseTransfer, transfer } from './transfer.ts';

/**
 * The number of attempts to return money that the bank holds, one a day. After the last one, a person has to resolve
 * the case.
 */
const DAILY_RETURNS = 3;
const DAY = 86_400_000n;

/** Marks the halves that the process sends, because clients may also send halves, with their own ids. */
export const HALF = 'transfer ';

/** Returns the id of the transfer to which a withdrawal or a deposit belongs, or undefined if it belongs to none. */
function transferOf(half: { readonly transferId?: string | undefined }): string | undefined {
  return half.transferId?.startsWith(HALF) ? half.transferId.slice(HALF.length) : undefined;
}

export const transferProcess = defineEventHandler({
  name: 'bank.transfers',
  version: '1.0.0',
  state: z.object({
    transferId: z.string(),
    from: z.string(),
    to: z.string(),
    amount: z.int(),
    /** The reason why the target refused the money. It is empty if the target accepted the money. */
    reason: z.string(),
    /** The number of refusals, by the target and then by the source. */
    refusals: z.int(),
  }),
  events: {
    TransferRequested: transfer.events.TransferRequested,
    Withdrawn: account.events.Withdrawn,
    Deposited: account.events.Deposited,
  },
  commands: { Withdraw, Deposit, CompleteTransfer, RefuseTransfer, CompensateTransfer, HoldTransfer },
  key: ({ type, data }) => (type === 'TransferRequested' ? data.transferId : transferOf(data)),
  initialState: { transferId: '', from: '', to: '', amount: 0, reason: '', refusals: 0 },

  evolve: {
    TransferRequested: (state, request) => {
      Object.assign(state, request);
    },
  },

  handle: {
    TransferRequested: (_state, { transferId, from, amount }) => [
      dispatchCommand(Withdraw({ accountId: from, amount, transferId: HALF + transferId })),
    ],
    Withdrawn: ({ transferId, to, amount }) => [
      dispatchCommand(Deposit({ accountId: to, amount, transferId: HALF + transferId })),
    ],
    Deposited: ({ transferId, refusals, reason }) => [
      dispatchCommand(refusals === 0 ? CompleteTransfer({ transferId }) : CompensateTransfer({ transferId, reason })),
      endProcess(),
    ],
  },

  rejected: {
    Withdraw: {
      handle: ({ transferId }, { rejection }) => [
        dispatchCommand(RefuseTransfer({ transferId, reason: rejection.code })),
        endProcess(),
      ],
    },
    Deposit: {
      evolve: (state, { rejection }) => {
        if (state.refusals === 0) state.reason = rejection.code;
        state.refusals += 1;
      },
      handle: ({ transferId, from, amount, reason, refusals }, { recordedAt }) => {
        const giveBack = Deposit({ accountId: from, amount, transferId: HALF + transferId });
        if (refusals === 1) return [dispatchCommand(giveBack)];
        const hold = refusals === 2 ? [dispatchCommand(HoldTransfer({ transferId, reason }))] : [];
        const isLast = refusals === 2 + DAILY_RETURNS;
        return [...hold, isLast ? endProcess() : scheduleCommand('return', recordedAt + DAY, giveBack)];
      },
    },
  },
});
