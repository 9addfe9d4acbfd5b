/**
 * A process that sends commands from several writers, until it is killed or asked to stop. The ids of the commands are
 * derived from its number, and it reports the id of each acknowledged command. A command without an answer is repeated
 * with the same id. Its arguments are `<address> <receipts> <life> <writers>`.
 */
import { openStore } from 'decidable/stores';
import { account } from '../../../../examples/bank/account.ts';
import { transfer } from '../../../../examples/bank/transfer.ts';
import { ACCOUNTS } from './accounts.ts';
import { untilItResponds } from './retries.ts';
import { bankOfDocuments } from './system.ts';

const [, , address = '', receipts = '', life = '', writers = '0'] = process.argv;
const store = await untilItResponds(() => openStore(address));
const options = { store, process: false, maxAttempts: 1_000 };
const running = await untilItResponds(() => bankOfDocuments(receipts).start(options));
let isStopping = false;
process.on('message', () => {
  isStopping = true;
});

/** A random number generator. With the same seed, a writer sends the same commands. */
function generator(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return (state >>> 0) % below;
  };
}

async function write(writer: number): Promise<void> {
  const random = generator(Number(life) * 100 + writer);
  const pick = (): string => ACCOUNTS[random(ACCOUNTS.length)]!;
  for (let index = 0; !isStopping; index++) {
    const transferId = `${life}.${writer}.${index}`;
    const commandId = `request ${transferId}`;
    const request = { transferId, from: pick(), to: pick(), amount: 1 + random(60) };
    await untilItResponds(() => running.dispatch(transfer.commands.RequestTransfer(request), { commandId }));
    process.send?.(commandId);
    if (index % 5 > 0) continue;
    const deposit = account.commands.Deposit({ accountId: pick(), amount: 7 });
    await untilItResponds(() => running.dispatch(deposit, { commandId: `deposit ${transferId}` }));
    process.send?.(`deposit ${transferId}`);
  }
}

await Promise.all(Array.from({ length: Number(writers) }, (_, writer) => write(writer)));
await running.stop();
await store.close();
process.disconnect();
