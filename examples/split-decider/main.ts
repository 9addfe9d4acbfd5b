/** Two modules on one stream. Each folds the events that it declares, and skips the other module's events. */
import { createEventSourcer } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { checkout } from './checkout.ts';
import { shipping } from './shipping.ts';

const store = createMemoryStore();
const sourcer = createEventSourcer({ store, modules: [checkout, shipping] });

const commands = [
  { type: 'PlaceOrder', data: { orderId: '1', lines: 2 } },
  { type: 'ShipOrder', data: { orderId: '1', parcel: 'P-77' } },
  { type: 'PayOrder', data: { orderId: '1', amount: 4900 } },
  { type: 'ShipOrder', data: { orderId: '1', parcel: 'P-77' } },
] as const;

for (const command of commands) {
  const { module, outcome, events } = await sourcer.dispatch(command);
  const result = outcome.tag === 'rejected' ? `rejected: ${outcome.val.code}` : events.map(({ event }) => event.type);
  console.log(command.type, 'by', module, '→', result);
}

console.log('state of checkout', (await sourcer.state(checkout, 'order-1')).state);
console.log('state of shipping', (await sourcer.state(shipping, 'order-1')).state);
await sourcer.close();
