import { createEventSourcer } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { loan } from './loan.ts';

const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [loan] });
await sourcer.dispatch({ type: 'GrantLoan', data: { loanId: '1', fees: 20, interest: 50, principal: 1_000 } });

for (const amount of [10, 100, 960, 1]) {
  const { outcome, events } = await sourcer.dispatch({ type: 'Pay', data: { loanId: '1', amount } });
  console.log(`pay ${amount} →`, outcome.tag === 'rejected' ? outcome.val.code : events.map(({ event }) => event.type));
  console.log('  owed', (await sourcer.state(loan, 'loan-1')).state);
}
await sourcer.close();
