/**
 * `npm run soak`: runs a system with failures until the time is up. Processes are killed at random while they write to
 * the bank and run its processors. Each round ends with a check of all results. Other cases have subscribers that stall
 * or that are slower than the writers.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore, withoutSecrets } from 'decidable/stores';
import { underFire } from '../test/adapters/stores/fire/under-fire.ts';
import { slowSubscriber, stallingSubscriber } from '../test/adapters/stores/soak/slow-subscribers.ts';
import { type EngineName, startEngine } from '../test/servers/engines.ts';

const HELP = `Usage: npm run soak -- [options]

Options:
  --engine NAME    starts a server of its own, and uses its stores: sqlite, postgres or nats
  --store ADDRESS  the store; {folder} becomes a new folder, and {n} the number of the round, because each round needs an
                   empty store (default: {folder}/{n}.db)
  --case NAME      fire: processes are killed (the default); stall: a subscriber does not read for a minute;
                   slow: a subscriber is slower than the writers during the whole time
  --minutes N      how long to run (default: 60)
  --members N      processes that run the processors (default: 4)
  --writers N      writers, in two processes (default: 8)
  --help           print this text

Examples:
  npm run soak -- --engine nats --case slow --minutes 60
  npm run soak -- --store 'postgres://postgres@localhost/postgres?schema=soak_{n}' --minutes 10
  npm run soak -- --store 'nats://localhost:4222/soak_{n}'
`;

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: '{folder}/{n}.db' },
    engine: { type: 'string' },
    case: { type: 'string', default: 'fire' },
    minutes: { type: 'string', default: '60' },
    members: { type: 'string', default: '4' },
    writers: { type: 'string', default: '8' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const [minutes, members, writers] = [Number(values.minutes), Number(values.members), Number(values.writers)];
if (!(minutes > 0) || !(Number.isInteger(members) && members > 0) || !(Number.isInteger(writers) && writers > 0)) {
  process.stderr.write(`--minutes, --members and --writers must be positive numbers\n\n${HELP}`);
  process.exit(2);
}
if (!values.store.includes('{n}')) {
  process.stderr.write(`--store must contain {n}, because each round needs an empty store\n\n${HELP}`);
  process.exit(2);
}

const ENGINES: Readonly<Record<string, EngineName>> = { sqlite: 'SQLite', postgres: 'PostgreSQL', nats: 'NATS' };
const engineName = values.engine === undefined ? undefined : ENGINES[values.engine];
if ((values.engine !== undefined && engineName === undefined) || !['fire', 'stall', 'slow'].includes(values.case)) {
  process.stderr.write(`--engine must be sqlite, postgres or nats, and --case must be fire, stall or slow\n\n${HELP}`);
  process.exit(2);
}

const engine = engineName === undefined ? undefined : await startEngine(engineName);
const folder = mkdtempSync(join(tmpdir(), 'decidable-soak-'));
// A name that no earlier run has used.
const run = Date.now().toString(36);
const end = Date.now() + minutes * 60_000;
let [rounds, acknowledged] = [0, 0];
try {
  while (Date.now() < end) {
    const name = `${run}_${++rounds}`;
    const address = engine?.newAddress() ?? values.store.replaceAll('{folder}', folder).replaceAll('{n}', name);
    if (values.case !== 'fire') {
      await using store = await openStore(address);
      const left = end - Date.now();
      const events =
        values.case === 'stall'
          ? await stallingSubscriber(store, Math.min(left, 60_000))
          : await slowSubscriber(store, left);
      process.stdout.write(`round ${rounds} on ${withoutSecrets(address)}: ${events} events, each once and in order\n`);
      continue;
    }
    acknowledged += await underFire({
      address,
      receipts: join(folder, name),
      members,
      writers,
      kills: 20,
      commands: 30,
    });
    process.stdout.write(
      `round ${rounds} on ${withoutSecrets(address)}: ${acknowledged} acknowledged commands, none lost, none decided twice\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
  await engine?.[Symbol.asyncDispose]();
}
