/**
 * All changes of rows and indexes, or random flips of bits, for as long as you like:
 *
 *     node test/adapters/stores/soak/tampering.ts             every attack by SQL (4,700)
 *     node test/adapters/stores/soak/tampering.ts --flips all  every bit of every byte that is not zero
 *     node test/adapters/stores/soak/tampering.ts --flips 1000
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createSqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import { attacksOn } from '../tampering/attacks.ts';
import { commandIdsOf, examine } from '../tampering/examine.ts';
import { ask, writeStory } from '../tampering/story.ts';

const { values } = parseArgs({ options: { flips: { type: 'string' } } });
const folder = mkdtempSync(join(tmpdir(), 'decidable-tampering-'));
const file = join(folder, 'store.db');
const copy = join(folder, 'copy.db');
let tried = 0;
let felt = 0;
let wrong = 0;
try {
  await writeStory(file);
  const store = createSqliteStore({ file });
  const truth = await ask(store, commandIdsOf(file));
  await store.close();
  for (const { name, run } of values.flips === undefined ? attacksOn(file) : flips(values.flips)) {
    for (const suffix of ['', '-wal', '-shm']) rmSync(copy + suffix, { force: true });
    copyFileSync(file, copy);
    run(copy);
    const { problems, isFelt, verdict } = await examine(copy, truth);
    tried++;
    if (isFelt) felt++;
    if (problems.length > 0) {
      wrong++;
      console.log(`\n${name}\n  verdict: ${verdict}\n  ${problems.join('\n  ')}`);
    }
    if (process.stdout.isTTY) process.stdout.write(`\r${tried} changes, ${felt} felt, ${wrong} judged wrongly`);
  }
  console.log(`\n${tried} changes, ${felt} felt by a reader, ${wrong} judged wrongly`);
} finally {
  rmSync(folder, { recursive: true });
}
if (wrong > 0) process.exit(1);

function* flips(count: string): Generator<{ name: string; run(path: string): void }> {
  const bytes = readFileSync(file);
  const used = [...bytes.keys()].filter((at) => bytes[at] !== 0);
  const flip = (at: number, bit: number): { name: string; run(path: string): void } => ({
    name: `byte ${at}, bit ${bit}`,
    run(path) {
      const flipped = Buffer.from(bytes);
      flipped[at]! ^= 1 << bit;
      writeFileSync(path, flipped);
    },
  });
  if (count === 'all') {
    for (const at of used) for (let bit = 0; bit < 8; bit++) yield flip(at, bit);
    return;
  }
  for (let index = 0; index < Number(count); index++) {
    yield flip(used[Math.floor(Math.random() * used.length)]!, Math.floor(Math.random() * 8));
  }
}
