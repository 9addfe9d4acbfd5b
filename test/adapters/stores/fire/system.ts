/**
 * The bank of `examples/bank` for the kill test: two process managers, three read models of documents, and receipts.
 */
import { defineDecider, defineEventHandler, defineProjector, defineSystem, dispatchCommand } from 'decidable';
import { z } from 'zod';
import { account } from '../../../../examples/bank/account.ts';
import { balances } from '../../../../examples/bank/balances.ts';
import { receiptsIn } from '../../../../examples/bank/receipts.ts';
import { statements } from '../../../../examples/bank/statements.ts';
import { transfer } from '../../../../examples/bank/transfer.ts';
import { transferProcess } from '../../../../examples/bank/transfer-process.ts';

const transferId = z.string();

/** A review of each transfer. It is opened when the transfer is requested, and closed when it has ended. */
export const review = defineDecider({
  name: 'bank.review',
  version: '1',
  category: 'review',
  streamId: ({ data }) => data.transferId,
  state: z.object({ opened: z.int(), closed: z.int() }),
  commands: { OpenReview: z.object({ transferId }), CloseReview: z.object({ transferId }) },
  events: { ReviewOpened: z.object({ transferId }), ReviewClosed: z.object({ transferId }) },
  initialState: { opened: 0, closed: 0 },
  evolve: {
    ReviewOpened: (state) => {
      state.opened++;
    },
    ReviewClosed: (state) => {
      state.closed++;
    },
  },
  // It ignores its state, so that a command that is sent twice with two ids would be noticed.
  decide: {
    OpenReview: (_state, data) => [{ type: 'ReviewOpened', data }],
    CloseReview: (_state, data) => [{ type: 'ReviewClosed', data }],
  },
});

const { OpenReview, CloseReview } = review.commands;
const { TransferRequested, TransferCompleted, TransferCompensated, TransferRefused } = transfer.events;

const reviews = defineEventHandler({
  name: 'bank.reviews',
  version: '1',
  state: z.object({}),
  events: { TransferRequested, TransferCompleted, TransferCompensated, TransferRefused },
  commands: { OpenReview, CloseReview },
  key: ({ data }) => data.transferId,
  initialState: {},
  evolve: {},
  handle: {
    TransferRequested: (_state, { transferId }) => [dispatchCommand(OpenReview({ transferId }))],
    TransferCompleted: (_state, { transferId }) => [dispatchCommand(CloseReview({ transferId }))],
    TransferCompensated: (_state, { transferId }) => [dispatchCommand(CloseReview({ transferId }))],
    TransferRefused: (_state, { transferId }) => [dispatchCommand(CloseReview({ transferId }))],
  },
});

/** The status of each transfer. */
export const endings = defineProjector({
  name: 'bank.endings',
  version: '1',
  state: z.object({ status: z.string() }),
  events: { TransferRequested, TransferCompleted, TransferCompensated, TransferRefused },
  key: ({ data }) => data.transferId,
  initialState: { status: '' },
  project: {
    TransferRequested: (document) => {
      document.status = 'requested';
    },
    TransferCompleted: (document) => {
      document.status = 'completed';
    },
    TransferCompensated: (document) => {
      document.status = 'compensated';
    },
    TransferRefused: (document) => {
      document.status = 'refused';
    },
  },
});

/** The number of events of each account, which shows an event that was folded twice. */
export const activity = defineProjector({
  name: 'bank.activity',
  version: '1',
  state: z.object({ events: z.int() }),
  events: account.events,
  key: ({ data }) => data.accountId,
  initialState: { events: 0 },
  project: {
    AccountOpened: (document) => void document.events++,
    Deposited: (document) => void document.events++,
    Withdrawn: (document) => void document.events++,
    AccountClosed: (document) => void document.events++,
  },
});

const PARTS = {
  name: 'bank',
  deciders: [account, transfer, review],
  processManagers: [transferProcess, reviews],
} as const;
const DOCUMENTS = [balances, endings, activity] as const;

/** The bank with its read models of documents, which every store has. */
export function bankOfDocuments(receipts: string) {
  return defineSystem({ ...PARTS, readModels: DOCUMENTS, reactors: [receiptsIn(receipts)] });
}

/** The bank with a read model of tables in addition. */
export function bankOfTables(receipts: string) {
  return defineSystem({ ...PARTS, readModels: [...DOCUMENTS, statements], reactors: [receiptsIn(receipts)] });
}
