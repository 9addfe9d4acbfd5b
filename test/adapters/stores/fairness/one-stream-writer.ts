/**
 * `one-stream-writer.ts <address> <commands>`: prints a line when it is ready. When its standard input ends, it sends
 * the commands to one stream, one after another and without a deadline. It prints as JSON the number of commands that
 * ended with each outcome and each failure.
 */
import { once } from 'node:events';
import { createEventSourcer } from 'decidable';
import { openStore } from 'decidable/stores';
import { counter } from './counter.ts';
import { countEnds } from './ends.ts';

const [, , address = '', commands] = process.argv;
const store = await openStore(address);
await using sourcer = createEventSourcer({ store, modules: [counter], closeStore: true });
console.log('ready');
process.stdin.resume();
await once(process.stdin, 'end');

const ends = await countEnds(Number(commands), () => sourcer.dispatch({ type: 'Count', data: { counter: '0' } }));
console.log(JSON.stringify(ends));
