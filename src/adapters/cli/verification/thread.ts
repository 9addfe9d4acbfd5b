/** The program of a thread of a verification. */
import { enableCompileCache } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';

// The cache of the program does not apply to its threads. Without a cache, loading takes more than twice as long.
enableCompileCache();
const { doTasks } = await import('./tasks.ts');
await doTasks(workerData, parentPort!);
// Connections and timers that the configuration has left open must not keep the thread running.
process.exit();
