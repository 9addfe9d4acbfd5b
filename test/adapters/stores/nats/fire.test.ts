/**
 * Random kills do not break exactly-once processing. Processes run a bank on one NATS server. The processes and the
 * server are killed at random and started again. At the end each transfer has ended, each balance equals a fold of the
 * history, and money is conserved.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readEvents } from 'decidable';
import { createNatsStore } from 'decidable/nats';
import { verifyChain } from 'decidable/storage';
import { account, balances, bankOf, transfer } from '../../../core/processors/transfers.ts';
import { skipWithoutBinary, startNatsServer, uniqueName } from '../../../servers/nats.ts';

const MEMBER = fileURLToPath(new URL('fire/member.ts', import.meta.url));
const ACCOUNTS = ['a0', 'a1', 'a2', 'a3', 'a4'];
const STARTING_BALANCE = 100;

test('processes and a server that are killed at random lose nothing and do nothing twice', {
  skip: skipWithoutBinary,
}, async () => {
  await using server = await startNatsServer({ jetstream: ['sync_interval: always'] });
  const name = uniqueName();
  await using store = await createNatsStore({ url: server.url, name, timeout: 2_000 });
  await using running = await bankOf([]).start({ store, process: false, shares: 3 });
  for (const accountId of ACCOUNTS) {
    await running.dispatch(account.commands.Open({ accountId }));
    await running.dispatch(account.commands.Deposit({ accountId, amount: STARTING_BALANCE }));
  }

  const requested = new Set<string>();
  let kills = 4;
  let lives = 0;
  const live = async (): Promise<void> => {
    for (;;) {
      const flags = ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning'];
      const child: ChildProcess = fork(MEMBER, [server.url, name, String(++lives), '12'], { execArgv: flags });
      const ended = once(child, 'close');
      const done = new Promise<true>((resolve) => {
        child.on('message', (message) => {
          if (message === 'done') return resolve(true);
          requested.add(String(message));
          // Killed by the number of acknowledgements, not by time, so that a slow machine is hit as often as a fast
          // one.
          if (kills <= 0 || requested.size % 7 !== 0) return;
          kills--;
          child.kill('SIGKILL');
        });
      });
      if (await Promise.race([done, ended.then(() => false)])) {
        if (requested.size > 20 && lives < 6) {
          // The server is killed in the middle of their work too.
          await server.stop('SIGKILL');
          await server.start();
        }
        child.send('stop', () => undefined);
        const [code, signal] = await ended;
        if (signal === 'SIGKILL') continue;
        assert.equal(code, 0);
        return;
      }
    }
  };
  await Promise.all([live(), live()]);

  await using last = await bankOf([]).start({ store, shares: 3 });
  await last.settled();
  let [begun, ended] = [0, 0];
  for await (const { event } of readEvents(store, { categories: ['transfer'] })) {
    if (event.type === transfer.events.Requested.type) begun++;
    if (event.type === transfer.events.Finished.type) ended++;
  }
  assert.equal(begun, ended);
  assert.ok(requested.size > 0 && requested.size <= begun);
  let sum = 0;
  for (const accountId of ACCOUNTS) {
    const { state } = await running.sourcer.state(account, `account-${accountId}`);
    assert.equal((await running.readModel(balances).get(accountId))?.balance, state.balance);
    sum += state.balance;
  }
  assert.equal(sum, ACCOUNTS.length * STARTING_BALANCE);
  const verdict = await verifyChain(store);
  assert.ok(verdict.intact);
  assert.deepEqual(await last.parked.list(), []);
});
