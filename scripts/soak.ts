/**
 * `npm run soak`: runs a system under fire until the time is up. Processes are killed at random while they write to the
 * bank and run its processors; after each round everything is checked.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { withoutSecrets } from 'decidable/stores';
import { underFire } from '../test/adapters/stores/fire/under-fire.ts';

const HELP = `Usage: npm run soak -- [options]

Options:
  --store ADDRESS  the store; {folder} becomes a new folder, and {n} the number of the round, because each round needs an
                   empty store (default: {folder}/{n}.db)
  --minutes N      how long to run (default: 60)
  --members N      processes that run the processors (default: 3)
  --writers N      writers, in two processes (default: 8)
  --help           print this text

Examples:
  npm run soak -- --store 'postgres://postgres@localhost/postgres?schema=soak_{n}' --minutes 10
  npm run soak -- --store 'nats://localhost:4222/soak_{n}'
`;

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: '{folder}/{n}.db' },
    minutes: { type: 'string', default: '60' },
    members: { type: 'string', default: '3' },
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

const folder = mkdtempSync(join(tmpdir(), 'decidable-soak-'));
// A name that no earlier run has used.
const run = Date.now().toString(36);
const end = Date.now() + minutes * 60_000;
let [rounds, acknowledged] = [0, 0];
try {
  while (Date.now() < end) {
    const name = `${run}_${++rounds}`;
    const address = values.store.replaceAll('{folder}', folder).replaceAll('{n}', name);
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
}
