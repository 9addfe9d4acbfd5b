/** A configuration that leaves a timer running, as one that opens a pool of connections does. */
export { bank } from './system.ts';

setInterval(() => {}, 1_000);
