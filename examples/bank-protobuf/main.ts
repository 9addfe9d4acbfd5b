/** Sends the same commands to both banks and prints the bytes that each bank stores. */
import { createEventSourcer } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { account as zod } from '../bank/account.ts';
import { account as proto } from './account.ts';

const commands = [
  { type: 'OpenAccount', data: { accountId: '0001', owner: 'Ada Lovelace' } },
  { type: 'Deposit', data: { accountId: '0001', amount: 5000 } },
  { type: 'Withdraw', data: { accountId: '0001', amount: 1250, transferId: 't0001' } },
  { type: 'Withdraw', data: { accountId: '0001', amount: 9900 } },
] as const;

for (const [name, account] of [
  ['zod and msgpack', zod],
  ['protobuf', proto],
] as const) {
  const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [account] });
  console.log(name);
  for (const command of commands) {
    const { outcome, events } = await sourcer.dispatch(command);
    if (outcome.tag === 'rejected') console.log(' ', outcome.val.code);
    for (const { event } of events) console.log(' ', event.type, Buffer.from(event.payload).toString('hex'));
  }
  const { state } = await sourcer.state(account, 'account-0001');
  console.log(' ', state);
}
