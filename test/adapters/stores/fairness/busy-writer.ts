/**
 * `busy-writer.ts <address>`: sends commands to seven streams in a loop until its standard input ends. It prints a line
 * when it has begun, and the number of its commands at the end.
 */
import { createEventSourcer } from 'decidable';
import { openStore } from 'decidable/stores';
import { COUNTERS, counter } from './counter.ts';

const store = await openStore(process.argv[2] ?? '');
await using sourcer = createEventSourcer({ store, modules: [counter], closeStore: true });
const send = (counter: string): Promise<unknown> => sourcer.dispatch({ type: 'Count', data: { counter } });

let isRunning = true;
process.stdin.on('end', () => {
  isRunning = false;
});
process.stdin.resume();

await Promise.all(COUNTERS.map(send));
console.log('begun');
let commands = COUNTERS.length;
while (isRunning) {
  await Promise.all(COUNTERS.map(send));
  commands += COUNTERS.length;
}
console.log(commands);
