/** A library whose members borrow books and pay fees, for the tests of deciders. */
import assert from 'node:assert/strict';
import { defineCommand, defineDecider, defineEvent, type Envelope, isRejection, msgpack, reject } from 'decidable';
import { z } from 'zod';

export const BorrowBook = defineCommand('BorrowBook', z.object({ memberId: z.string().min(1), bookId: z.string() }));

export const RenewLoan = defineCommand('RenewLoan', z.object({ memberId: z.string(), bookId: z.string() }), {
  precondition: 'stream-exists',
  snapshot: { every: 50 },
});

export const SettleFees = defineCommand('SettleFees', z.object({ memberId: z.string(), cents: z.bigint().positive() }));

export const BookBorrowed = defineEvent('BookBorrowed', z.object({ bookId: z.string() }));

export const FeeCharged = defineEvent('FeeCharged', z.object({ cents: z.bigint() }));

export const FeePaid = defineEvent('FeePaid', z.object({ cents: z.bigint().positive() }));

export const AccountCleared = defineEvent('AccountCleared', z.object({}));

/** A member of a library, with loans and fees. */
export const member = defineDecider({
  name: 'library.member',
  version: '2.1.0',
  state: z.object({ loans: z.array(z.string()), owed: z.bigint() }),
  commands: { BorrowBook, RenewLoan, SettleFees },
  events: { BookBorrowed, FeeCharged, FeePaid, AccountCleared },
  category: 'member',
  streamId: (command) => command.data.memberId,
  initialState: { loans: [], owed: 0n },
  evolve: {
    BookBorrowed: (draft, { bookId }) => {
      draft.loans.push(bookId);
    },
    FeeCharged: (draft, { cents }) => {
      draft.owed += cents;
    },
    FeePaid: (draft, { cents }) => {
      draft.owed -= cents;
    },
    AccountCleared: () => ({ loans: [], owed: 0n }),
  },
  decide: {
    BorrowBook: (state, { bookId }) =>
      state.owed > 0n ? reject('fees-open', 'Fees come first.', { owed: state.owed }) : [BookBorrowed({ bookId })],
    RenewLoan: (state, { bookId }) => (state.loans.includes(bookId) ? [] : reject('not-on-loan')),
    *SettleFees(state, { cents }) {
      if (cents > state.owed) return reject('overpaid');
      const after = yield [FeePaid({ cents })];
      if (after.owed === 0n && after.loans.length === 0) return [AccountCleared({})];
      return [];
    },
  },
});

const { decider, types } = member;

export type MemberEvent = ReturnType<typeof types.event.fromEnvelope>;

export function after(...events: MemberEvent[]) {
  return events.reduce(decider.evolve, decider.initialState());
}

export function rejectionIn(act: () => unknown) {
  try {
    act();
  } catch (error) {
    if (isRejection(error)) return error.payload;
    throw error;
  }
  return assert.fail('nothing was thrown');
}

export const borrow = BorrowBook({ memberId: 'm1', bookId: 'b1' });

export function envelopeOf(type: string, data: unknown, schemaVersion = 1): Envelope {
  return { type, schemaVersion, payload: msgpack.encode(data, { kind: 'event', type, schemaVersion }) };
}
