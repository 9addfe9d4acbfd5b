/**
 * One of several processes that run a bank on one NATS server, until it is killed or asked to stop. It sends commands
 * with ids that follow from its seed, and reports the id of each acknowledged command. Its arguments are
 * `<url> <name> <seed> <commands>`.
 */
import { createNatsStore } from 'decidable/nats';
import { bankOf, transfer } from '../../../../core/processors/transfers.ts';

const [, , url = '', name = '', seed = '', commands = '0'] = process.argv;
const store = await createNatsStore({ url, name, timeout: 2_000 });
const running = await bankOf([]).start({ store, lease: 800, shares: 3, maxAttempts: 1_000 });

process.on('message', async () => {
  await running.settled();
  await running.stop();
  await store.close();
  process.disconnect();
});

for (let index = 0; index < Number(commands); index++) {
  const transferId = `${seed}.${index}`;
  const [from, to] = [`a${index % 4}`, `a${(index + Number(seed)) % 5}`];
  await running.dispatch(transfer.commands.Request({ transferId, from, to, amount: 1 + (index % 9) }), {
    commandId: `request ${transferId}`,
  });
  process.send?.(transferId);
}
process.send?.('done');
