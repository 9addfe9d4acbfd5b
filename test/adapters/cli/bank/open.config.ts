/** A configuration that leaves a timer running, like one that opens a connection pool. */
export { bank } from './system.ts';

setInterval(() => {}, 1_000);
