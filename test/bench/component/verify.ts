/** Verifying the bank's decisions with each guest, compared with reading and folding the same events in the process. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { account } from '../../../examples/bank/account.ts';
import { loadModule } from '../../../src/adapters/component/host/index.ts';
import { createSqliteStore, type SqliteStore } from '../../../src/adapters/stores/sqlite/index.ts';
import { type AnyModule, createEventSourcer } from '../../../src/core/index.ts';
import { readPages } from '../../../src/core/storage/read-events.ts';
import { verifyStore } from '../../../src/core/verification/index.ts';
import type { Benchmark, Contestant } from '../measure.ts';

const GUESTS = {
  C: 'c/bank.wasm',
  Rust: 'rust/bank.wasm',
  AssemblyScript: 'assemblyscript/bank.wasm',
  Go: 'go/build/bank.wasm',
  Python: 'python/build/bank.wasm',
  'TypeScript in a component': 'javascript/build/bank.wasm',
} as const;

const FOLDER = new URL('../../../examples/guests/', import.meta.url);

/** Removes the stores of the benchmark at the end of the process. */
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-verify-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function fill(store: SqliteStore, accounts: number, deposits: number): Promise<void> {
  await using sourcer = createEventSourcer({ store, modules: [account] });
  for (let number = 0; number < accounts; number++) {
    const accountId = String(number);
    const { OpenAccount, Deposit } = account.commands;
    await sourcer.dispatch(OpenAccount({ accountId, owner: 'Ada' }));
    const all = Array.from({ length: deposits }, () => sourcer.dispatch(Deposit({ accountId, amount: 5 })));
    await Promise.all(all);
  }
}

async function readAndFold(store: SqliteStore): Promise<void> {
  const states = new Map<string, ReturnType<typeof account.decider.initialState>>();
  const { decider, types } = account;
  for await (const page of readPages(store)) {
    for (const { context, event } of page) {
      const state = states.get(context.stream) ?? decider.initialState();
      states.set(context.stream, decider.evolve(state, types.event.fromEnvelope(event)));
    }
  }
}

/** @param accounts the number of streams of 101 events. */
export async function verify(rounds: number, accounts: number): Promise<Benchmark> {
  const store = createSqliteStore({ file: join(newFolder(), 'bank.db'), durability: 'normal' });
  await fill(store, accounts, 100);
  const operations = accounts * 101;
  const timed = (name: string, work: () => Promise<void>): Contestant => ({
    name,
    run: async () => {
      const start = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(start);
      return { operations, milliseconds: (user + system) / 1000 };
    },
  });
  const verifying = (name: string, module: AnyModule): Contestant =>
    timed(name, async () => {
      const { difference, decisions } = await verifyStore(store, { deciders: [module] });
      if (difference !== undefined || decisions !== operations) throw new Error(`${name} decides differently`);
    });
  // The last three are not checked in. `npm run guests` builds them.
  const built = Object.entries(GUESTS).filter(([, file]) => existsSync(new URL(file, FOLDER)));
  const guests = await Promise.all(
    built.map(async ([language, file]) => {
      const bytes = readFileSync(new URL(file, FOLDER));
      return verifying(`verify, ${language}`, (await loadModule(bytes)) as AnyModule);
    }),
  );
  return {
    name: 'verify',
    about: `verifying ${operations.toLocaleString('en')} decisions on SQLite with one thread`,
    unit: 'decisions/s',
    rounds,
    contestants: [
      timed('read and fold', () => readAndFold(store)),
      verifying('verify, TypeScript', account as AnyModule),
      ...guests,
    ],
    targets: ['TypeScript', ...built.map(([language]) => language)].map((language) => ({
      of: `verify, ${language}`,
      against: 'read and fold',
      atLeast: language === 'TypeScript' ? 0.5 : 0,
    })),
  };
}
