/** The price of a budget: whole commands on the bank's C guest, with a budget and without one. */
import { readFileSync } from 'node:fs';
import { pack } from 'msgpackr';
import { type ComponentCommandHandler, loadModule } from '../../../src/adapters/component/host/index.ts';
import type { Benchmark, Contestant } from '../measure.ts';

const BUDGET = { fuel: 1_000_000, callDepth: 1_000 };

function envelope(type: string, data: object) {
  return { type, schemaVersion: 1, payload: new Uint8Array(pack(data)) };
}

/** Decodes a command, decides it, encodes and folds its event, and drops all handles. */
function commanding({ types, decider }: ComponentCommandHandler): (operations: number) => void {
  const opened = types.event.fromEnvelope(envelope('AccountOpened', { accountId: 'a1', owner: 'Ada' }));
  let state = decider.evolve(decider.initialState(), opened);
  const deposit = envelope('Deposit', { accountId: 'a1', amount: 1 });
  return (operations) => {
    for (let count = 0; count < operations; count++) {
      const command = types.command.fromEnvelope(deposit);
      for (const event of decider.decide(state, command)) {
        if (types.event.toEnvelope(event).type !== 'Deposited') throw new Error('the guest decided otherwise');
        state = decider.evolve(state, event);
        types.event.drop(event);
      }
      types.command.drop(command);
    }
  };
}

/** @param operations commands in each round; the accounts stay below their limit of 100,000,000. */
export async function fuel(rounds: number, operations: number): Promise<Benchmark> {
  const bytes = readFileSync(new URL('../../../examples/guests/c/bank.wasm', import.meta.url));
  const contestant = async (name: string, options: Parameters<typeof loadModule>[1]): Promise<Contestant> => {
    const work = commanding(await loadModule(bytes, { ...options, world: 'command-handler' }));
    work(20_000);
    return {
      name,
      run: async () => {
        const start = process.cpuUsage();
        work(operations);
        const { user, system } = process.cpuUsage(start);
        return { operations, milliseconds: (user + system) / 1000 };
      },
    };
  };
  return {
    name: 'fuel',
    about: 'a whole command on the C guest, with a budget of fuel and call depth',
    unit: 'per second',
    rounds,
    contestants: [await contestant('without', {}), await contestant('with a budget', { budget: BUDGET })],
    targets: [{ of: 'with a budget', against: 'without', atLeast: 0.8 }],
  };
}
