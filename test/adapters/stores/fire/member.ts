/**
 * One of several processes that run the processors of the bank, until it is killed or asked to stop:
 * `member.ts <address> <receipts>`.
 */
import { openStore } from 'decidable/stores';
import { bankOfDocuments, bankOfTables } from './system.ts';

const [, , address = '', receipts = ''] = process.argv;
const store = await openStore(address);
const options = { store, lease: 600, maxAttempts: 1_000 };
const running = store.processors.capabilities.tables
  ? await bankOfTables(receipts).start(options)
  : await bankOfDocuments(receipts).start(options);

// A message that arrives earlier waits in the channel.
process.on('message', async () => {
  await running.settled();
  await running.stop();
  await store.close();
  process.disconnect();
});
