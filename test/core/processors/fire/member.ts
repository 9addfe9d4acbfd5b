/**
 * One of several processes that run the bank on one SQLite file, until it is killed or told to stop:
 * `member.ts <file> <seed> <commands>`. It sends commands with ids that follow from its seed, and prints the id of each
 * command that was acknowledged.
 */
import { createSqliteStore } from 'decidable/sqlite';
import { account, bankOf, transfer } from '../transfers.ts';

export const ACCOUNTS = 12;

const [, , file = '', seed = '', commands = '0'] = process.argv;
const store = createSqliteStore({ file, busyTimeout: 60_000, durability: 'normal' });
const running = await bankOf([]).start({ store, lease: 600, maxAttempts: 1_000 });

/** A small generator of numbers: the same seed sends the same commands. */
let state = Number(seed) * 2_654_435_761;
function random(below: number): number {
  state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
  return (state >>> 0) % below;
}

process.on('message', async () => {
  await running.settled();
  await running.stop();
  await store.close();
  process.disconnect();
});

for (let index = 0; index < Number(commands); index++) {
  const [from, to] = [random(ACCOUNTS), random(ACCOUNTS)];
  const transferId = `${seed}.${index}`;
  const amount = 1 + random(60);
  const commandId = `request ${transferId}`;
  await running.dispatch(transfer.commands.Request({ transferId, from: `a${from}`, to: `a${to}`, amount }), {
    commandId,
  });
  process.send?.(commandId);
  if (index % 5 === 0) {
    const deposit = account.commands.Deposit({ accountId: `a${random(ACCOUNTS)}`, amount: 7 });
    await running.dispatch(deposit, { commandId: `deposit ${transferId}` });
    process.send?.(`deposit ${transferId}`);
  }
}
process.send?.('done');
