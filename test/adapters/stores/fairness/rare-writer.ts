/**
 * `rare-writer.ts <address> <commands>`: sends a command every 50 ms to one of the seven streams. A command is decided
 * five times at most. It prints as JSON the number of commands that ended with each outcome and each failure.
 */
import { setTimeout } from 'node:timers/promises';
import { createEventSourcer } from 'decidable';
import { openStore } from 'decidable/stores';
import { COUNTERS, counter } from './counter.ts';
import { countEnds } from './ends.ts';

const [, , address = '', commands] = process.argv;
const store = await openStore(address);
await using sourcer = createEventSourcer({ store, modules: [counter], maxAttempts: 5, closeStore: true });

const ends = await countEnds(Number(commands), async (sent) => {
  await setTimeout(50);
  return sourcer.dispatch({ type: 'Count', data: { counter: COUNTERS[sent % COUNTERS.length]! } });
});
console.log(JSON.stringify(ends));
