/**
 * One of several processes that run the processors of the bank, until it is killed or asked to stop:
 * `member.ts <address> <receipts>`.
 */
import { openStore } from 'decidable/stores';
import { untilItResponds } from './retries.ts';
import { bankOfDocuments, bankOfTables } from './system.ts';

/** The parts of a running bank that this program uses. */
interface RunningMember {
  settled(): Promise<unknown>;
  stop(): Promise<void>;
}

const [, , address = '', receipts = ''] = process.argv;
const store = await untilItResponds(() => openStore(address));
const options = { store, lease: 600, maxAttempts: 1_000 };
const running = await untilItResponds<RunningMember>(() =>
  store.processors.capabilities.tables
    ? bankOfTables(receipts).start(options)
    : bankOfDocuments(receipts).start(options),
);

// A message that arrives earlier waits in the channel.
process.on('message', async () => {
  await running.settled();
  await running.stop();
  await store.close();
  process.disconnect();
});
