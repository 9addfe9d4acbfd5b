/**
 * Mutates components until the time is up: no input may hang, crash the process or end in anything but a typed error.
 *
 *     node test/component/fuzz/fuzz.ts [--seconds 60] [--seed 1]
 *
 * Prints how the mutants ended. A finding is printed in base64 with its seed, and the exit code is 1. Mutants that are
 * refused in words not seen before become part of the corpus, and some valid ones, so that changes add up.
 */
import { parseArgs } from 'node:util';
import { corpus } from './corpus.ts';
import { mutate, random } from './mutate.ts';
import { type Outcome, run } from './run.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string', default: String(Date.now() % 1e9) } },
});

/** A mutant of a few kilobytes takes well under a millisecond; a second is a hang. */
const slowest = 1000;

/** How many valid mutants the corpus may hold on top of what it starts with, and how seldom one is taken. */
const keep = 300;
const seldom = 100;

const pool = [...(await corpus())];
const pick = random(Number(values.seed));
const kept: Uint8Array[] = [];
const messages = new Set<string>();
const outcomes: Record<Outcome, number> = { valid: 0, invalid: 0, malformed: 0, unsupported: 0 };
const end = performance.now() + Number(values.seconds) * 1000;
let findings = 0;
let worst = 0;

while (performance.now() < end) {
  const from = pick(4) === 0 && kept.length > 0 ? kept : pool;
  const component = from[pick(from.length)] ?? new Uint8Array();
  const mutant = mutate(component, pool[pick(pool.length)] ?? component, pick);
  const began = performance.now();
  try {
    const { outcome, message } = run(mutant);
    outcomes[outcome]++;
    const words = message.replaceAll(/`[^`]*`|0x[0-9a-f]+|\d+/g, '_').slice(0, 60);
    if (mutant.length < 4096) {
      if (!messages.has(words)) pool.push(mutant);
      else if (outcome === 'valid' && mutant.length >= component.length && pick(seldom) === 0)
        kept[pick(keep)] = mutant;
    }
    messages.add(words);
  } catch (error) {
    report(error, mutant);
  }
  const took = performance.now() - began;
  if (took > worst) worst = took;
  if (took > slowest) report(new Error(`took ${took.toFixed(0)} ms`), mutant);
}

console.log(
  `seed ${values.seed}:`,
  outcomes,
  `${messages.size} different messages,`,
  `slowest ${worst.toFixed(1)} ms, ${findings} findings`,
);
process.exit(findings > 0 ? 1 : 0);

function report(error: unknown, mutant: Uint8Array): void {
  findings++;
  if (findings <= 10) console.error(error, Buffer.from(mutant).toString('base64'));
}
