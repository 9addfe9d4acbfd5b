/** `subscriber.ts <file>`: subscribes to a ledger, and sends its parent the account of each entry and the time. */
import { subscribe } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { ledger } from './ledger.ts';

const [, , file = ''] = process.argv;
const store = createSqliteStore({ file, readOnly: true });
process.on('disconnect', () => process.exit());
process.send?.([0, 0]);
for await (const { events } of subscribe(store)) {
  const now = performance.timeOrigin + performance.now();
  for (const { event } of events) {
    const { data } = ledger.types.event.fromEnvelope(event);
    process.send?.([Number(data.account), now]);
  }
}
