/**
 * A process that writes until it is killed: `writer.ts file durability in-flight`. Each line on stdout is the id of a
 * command, or of a rejected command, whose append was acknowledged.
 */
import { writeSync } from 'node:fs';
import { createSqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import { ANY, decision, envelope, rejected } from '../commands.ts';

const [, , file = '', durability, inFlight] = process.argv;
const store = createSqliteStore({ file, durability: durability === 'full' ? 'full' : 'normal' });

async function write(lane: number): Promise<never> {
  for (let round = lane; ; round++) {
    const given = round % 7 === 0 ? rejected() : decision();
    const count = round % 7 === 0 ? 0 : round % 40 === 1 ? 60 : round % 4;
    // Some payloads are large enough for overflow pages.
    const payload = new Uint8Array(round % 11 === 0 ? 9_000 : 20).fill(round);
    const events = Array.from({ length: count }, (_, index) => envelope(`T${index % 3}`, payload));
    await store.append(`s-${round % 5}`, events, ANY, given);
    writeSync(1, `${given.commandId} ${count}\n`);
  }
}

await Promise.all(Array.from({ length: Number(inFlight) }, (_, lane) => write(lane)));
