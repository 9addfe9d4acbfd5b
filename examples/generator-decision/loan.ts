/**
 * A decision in several steps: a payment covers the fees first, then the interest, then the principal. Each step uses
 * the state after the events of the previous steps, so that no rule is written twice. The store receives one decision.
 */
import { defineDecider, defineEvent, reject } from 'decidable';
import { z } from 'zod';

const amount = z.int().min(1);

const LoanGranted = defineEvent(
  'LoanGranted',
  z.object({ loanId: z.string(), fees: z.int(), interest: z.int(), principal: z.int() }),
);
const FeesPaid = defineEvent('FeesPaid', z.object({ amount }));
const InterestPaid = defineEvent('InterestPaid', z.object({ amount }));
const PrincipalPaid = defineEvent('PrincipalPaid', z.object({ amount }));
const LoanRepaid = defineEvent('LoanRepaid', z.object({}));

export const loan = defineDecider({
  name: 'bank.loan',
  version: '1.0.0',
  state: z.object({ fees: z.int(), interest: z.int(), principal: z.int() }),
  commands: {
    GrantLoan: z.object({ loanId: z.string(), fees: z.int(), interest: z.int(), principal: z.int() }),
    Pay: z.object({ loanId: z.string(), amount }),
  },
  events: { LoanGranted, FeesPaid, InterestPaid, PrincipalPaid, LoanRepaid },
  category: 'loan',
  streamId: (command) => command.data.loanId,
  initialState: { fees: 0, interest: 0, principal: 0 },

  evolve: {
    LoanGranted: (state, { fees, interest, principal }) => {
      Object.assign(state, { fees, interest, principal });
    },
    FeesPaid: (state, { amount }) => {
      state.fees -= amount;
    },
    InterestPaid: (state, { amount }) => {
      state.interest -= amount;
    },
    PrincipalPaid: (state, { amount }) => {
      state.principal -= amount;
    },
    LoanRepaid: () => {},
  },

  decide: {
    GrantLoan: (_state, granted) => [LoanGranted(granted)],

    *Pay(state, { amount }) {
      const owed = state.fees + state.interest + state.principal;
      if (amount > owed) return reject('overpaid', 'the payment is more than what is owed', { owed, amount });
      let left = amount;
      let now = state;

      const fees = Math.min(left, now.fees);
      if (fees > 0) now = yield [FeesPaid({ amount: fees })];
      left -= fees;

      const interest = Math.min(left, now.interest);
      if (interest > 0) now = yield [InterestPaid({ amount: interest })];
      left -= interest;

      if (left > 0) now = yield [PrincipalPaid({ amount: left })];
      return now.fees + now.interest + now.principal === 0 ? [LoanRepaid({})] : [];
    },
  },
});
