/**
 * The bank's commands through the event sourcer on a memory store: the module in the process, the C guest, and the
 * guest that `decidable build` makes from the module.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { account, Deposit, OpenAccount } from '../../../examples/bank/account.ts';
import { buildComponent } from '../../../src/adapters/component/build/index.ts';
import { loadModule } from '../../../src/adapters/component/host/index.ts';
import { createMemoryStore } from '../../../src/adapters/stores/memory/index.ts';
import { createEventSourcer, type EventSourcer } from '../../../src/core/index.ts';
import type { Benchmark, Contestant } from '../measure.ts';

const EXAMPLES = new URL('../../../examples/', import.meta.url);
const ACCOUNTS = 50;

const { toEnvelope } = account.types.command;

function openAccount(accountId: string) {
  return toEnvelope(OpenAccount({ accountId, owner: 'Ada' }));
}

const deposits = Array.from({ length: ACCOUNTS }, (_, id) => toEnvelope(Deposit({ accountId: `${id}`, amount: 1 })));

/** @param operations commands in each round of the guest in TypeScript. The others do ten times as many. */
export function guests(rounds: number, operations: number): Benchmark {
  const contestant = (name: string, operations: number, module: () => Promise<unknown>): Contestant => {
    let sourcer: Promise<EventSourcer> | undefined;
    return {
      name,
      run: async () => {
        sourcer ??= started((await module()) as typeof account);
        const ready = await sourcer;
        const start = process.cpuUsage();
        for (let count = 0; count < operations; count++) await ready.handleCommand(deposits[count % ACCOUNTS]!, {});
        const { user, system } = process.cpuUsage(start);
        return { operations, milliseconds: (user + system) / 1000 };
      },
    };
  };
  return {
    name: 'commands',
    about: 'a command of the bank, from its envelope to its commit in a memory store',
    unit: 'per second',
    rounds,
    contestants: [
      contestant('in the process', operations * 10, () => Promise.resolve(account)),
      contestant('C', operations * 10, () => loadModule(readFileSync(new URL('guests/c/bank.wasm', EXAMPLES)))),
      contestant('TypeScript', operations, async () => {
        const { component } = await buildComponent(fileURLToPath(new URL('bank/account.ts', EXAMPLES)));
        return await loadModule(component);
      }),
    ],
    targets: [{ of: 'TypeScript', against: 'in the process', atLeast: 0 }],
  };
}

/** Returns an event sourcer with open accounts, which has handled some commands already. */
async function started(module: typeof account): Promise<EventSourcer> {
  const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [module] });
  for (let id = 0; id < ACCOUNTS; id++) await sourcer.handleCommand(openAccount(`${id}`), {});
  for (let count = 0; count < 5_000; count++) await sourcer.handleCommand(deposits[count % ACCOUNTS]!, {});
  return sourcer;
}
