/**
 * The process that runs mutants: `mutants.ts <seed> <end> <out> <current>`. Mutants that are refused with a new error
 * text, and some that run, are added to the corpus, so that changes accumulate.
 */
import { openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { corpus, guests, runnable } from './corpus.ts';
import { minimize } from './minimize.ts';
import { mutate, random } from './mutate.ts';
import { type Outcome, run } from './run.ts';

const [seed = 0, end = 0] = process.argv.slice(2, 4).map(Number);
const [out = '.', currentPath = 'current.bin'] = process.argv.slice(4, 6);

/** The maximum number of running mutants in the corpus. One in `SELDOM` is added. */
const KEEP = 500;
const SELDOM = 30;
const MAX_LENGTH = 8192;
const MAX_FINDINGS = 20;

const pick = random(seed);
const binaries = [...(await corpus())];
const running = [...(await runnable())];
const large = await guests();
const kept: Uint8Array[] = [];
const messages = new Set<string>();
const outcomes: Partial<Record<Outcome, number>> = {};
const current = openSync(currentPath, 'w');
let findings = 0;

function source(): Uint8Array {
  const kind = pick(200);
  if (kind === 0) return large[pick(large.length)]!;
  if (kind < 60) return binaries[pick(binaries.length)]!;
  if (kind < 130 && kept.length > 0) return kept[pick(kept.length)]!;
  return running[pick(running.length)]!;
}

let count = 0;
for (; Date.now() < end && findings < MAX_FINDINGS; count++) {
  const component = source();
  const other = pick(4) === 0 ? binaries[pick(binaries.length)]! : running[pick(running.length)]!;
  const mutant = mutate(component, other, pick);
  const header = new Uint8Array(8);
  new DataView(header.buffer).setUint32(0, count, true);
  writeSync(current, Buffer.concat([header, mutant]), 0, mutant.length + 8, 0);
  try {
    const { outcome, message } = await run(mutant, random(count));
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    remember(mutant, outcome, message);
  } catch (error) {
    await report(error, mutant, count);
  }
  if (count % 500 === 0) process.send?.({ count, findings, outcomes });
}
process.send?.({ count, findings, outcomes });
console.log(`seed ${seed}:`, JSON.stringify(outcomes), `${messages.size} different messages, ${findings} findings`);
process.disconnect?.();

function remember(mutant: Uint8Array, outcome: Outcome, message: string): void {
  if (mutant.length > MAX_LENGTH) return;
  const words = `${outcome} ${message.replaceAll(/`[^`]*`|0x[0-9a-f]+|\d+/g, '_').slice(0, 80)}`;
  const isNew = !messages.has(words);
  messages.add(words);
  if (isNew) (outcome === 'ran' || outcome === 'trapped' ? running : binaries).push(mutant);
  else if ((outcome === 'ran' || outcome === 'trapped') && pick(SELDOM) === 0) {
    if (kept.length < KEEP) kept.push(mutant);
    else kept[pick(KEEP)] = mutant;
  }
}

async function report(error: unknown, mutant: Uint8Array, count: number): Promise<void> {
  findings++;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const file = join(out, `finding-${seed}-${count}.wasm`);
  writeFileSync(file, mutant);
  const small = await minimize(mutant, count);
  writeFileSync(`${file}.small`, small);
  console.error(
    `${file} (run seed ${count}), ${small.length} bytes at the least:\n${text}\n${Buffer.from(small).toString('base64')}`,
  );
}
