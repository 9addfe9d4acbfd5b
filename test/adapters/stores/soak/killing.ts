/**
 * Runs the crash test with any number of rounds: `node test/adapters/stores/soak/killing.ts [--rounds 1000]
 * [--in-flight 20]`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { examine, killWriter } from '../crash/killing.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '1000' }, 'in-flight': { type: 'string', default: '20' } },
});
const folder = mkdtempSync(join(tmpdir(), 'decidable-soak-'));
let acknowledged = new Map<string, number>();
let commands = 0;
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    // Each file is used for fifty rounds, because checking an older file would take longer than writing it.
    if (round % 50 === 0) acknowledged = new Map();
    const file = join(folder, `${Math.floor(round / 50)}.db`);
    const durability = round % 2 === 0 ? 'full' : 'normal';
    const known = await killWriter(file, durability, Number(values['in-flight']), Math.random() * 300);
    for (const [commandId, events] of known) acknowledged.set(commandId, events);
    await examine(file, acknowledged);
    commands += known.size;
    if (process.stdout.isTTY)
      process.stdout.write(`\r${round + 1} kills, ${commands} commands acknowledged, all there`);
  }
  console.log(`\n${values.rounds} kills, ${commands} commands acknowledged, all there, none in part`);
} finally {
  rmSync(folder, { recursive: true });
}
