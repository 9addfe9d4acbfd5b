/**
 * One of several processes that run the bank of `examples/bank` on one SQLite file, until it is killed or asked to
 * stop: `member.ts <file> <receipts> <seed> <commands>`. It sends commands with ids that are derived from its seed, and
 * reports the id of each acknowledged command.
 */
import { createSqliteStore } from 'decidable/sqlite';
import { account } from '../../../../examples/bank/account.ts';
import { bankWith } from '../../../../examples/bank/system.ts';
import { transfer } from '../../../../examples/bank/transfer.ts';
import { ACCOUNTS } from './accounts.ts';

const [, , file = '', receipts = '', seed = '', commands = '0'] = process.argv;
const store = createSqliteStore({ file, busyTimeout: 60_000, durability: 'normal' });
const running = await bankWith(account, receipts).start({ store, lease: 600, maxAttempts: 1_000 });

/** A random number generator. With the same seed, a process sends the same commands. */
let state = Number(seed) * 2_654_435_761;
function random(below: number): number {
  state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
  return (state >>> 0) % below;
}

function pick(accounts: readonly string[]): string {
  return accounts[random(accounts.length)]!;
}

process.on('message', async () => {
  await running.settled();
  await running.stop();
  await store.close();
  process.disconnect();
});

for (let index = 0; index < Number(commands); index++) {
  const transferId = `${seed}.${index}`;
  const commandId = `request ${transferId}`;
  const request = { transferId, from: pick(ACCOUNTS), to: pick(ACCOUNTS), amount: 1 + random(60) };
  await running.dispatch(transfer.commands.RequestTransfer(request), { commandId });
  process.send?.(commandId);
  if (index % 5 === 0) {
    const deposit = account.commands.Deposit({ accountId: pick(ACCOUNTS), amount: 7 });
    await running.dispatch(deposit, { commandId: `deposit ${transferId}` });
    process.send?.(`deposit ${transferId}`);
  }
}
process.send?.('done');
