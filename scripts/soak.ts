/**
 * `npm run soak`: runs a system under fire until the time is over. Processes are killed at random while four of them run the
 * bank on one SQLite file; after each round everything is checked.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { underFire } from '../test/core/processors/fire/under-fire.ts';

const HELP = `Usage: npm run soak -- [options]

Options:
  --minutes N    how long to run (default: 60)
  --processes N  processes that run the system at the same time (default: 4)
  --help         print this text
`;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    processes: { type: 'string', default: '4' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const [minutes, processes] = [Number(values.minutes), Number(values.processes)];
if (!(minutes > 0) || !Number.isInteger(processes) || processes < 1) {
  process.stderr.write(`--minutes and --processes must be positive numbers\n\n${HELP}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'decidable-soak-'));
const end = Date.now() + minutes * 60_000;
let [rounds, acknowledged] = [0, 0];
try {
  while (Date.now() < end) {
    acknowledged += await underFire({ file: join(folder, 'bank.db'), processes, kills: 20, commands: 60 });
    rounds++;
    process.stdout.write(`round ${rounds}: ${acknowledged} acknowledged commands, none lost, none decided twice\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
