/**
 * Compares the speed of this tree with that of another checkout of the repository:
 *
 *     node --conditions=decidable-source test/bench/trees.ts ../decidable-before
 *
 * Each tree runs the commands of its own `bank.ts` in memory, in a separate process. The processes take turns in many
 * short rounds, so that a machine that does other work slows down both. The processor time counts, and the result is
 * the median of the ratios. Several pairs of processes are started, because the engine optimizes the same code
 * differently from one process to the next.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { median } from './measure.ts';

const PAIRS = 5;
const ROUNDS = 31;
const ROUNDS_BEFORE = 25;
const STREAMS = 20;
const LENGTH = 100;

interface Tree {
  readonly createEventSourcer: typeof import('../../src/core/index.ts').createEventSourcer;
  readonly createMemoryStore: typeof import('../../src/adapters/stores/memory/index.ts').createMemoryStore;
  readonly account: typeof import('./bank.ts').account;
  readonly commandsOf: typeof import('./bank.ts').commandsOf;
}

/** Imports a tree by the entry points of its package, because its files may be in other folders. */
async function load(folder: string): Promise<Tree> {
  const { exports } = JSON.parse(readFileSync(resolve(folder, 'package.json'), 'utf8'));
  const entries = ['.', './memory'].map((name) => exports[name]['decidable-source']);
  const modules = [...entries, 'test/bench/bank.ts'].map((path) => import(pathToFileURL(resolve(folder, path)).href));
  return Object.assign({}, ...(await Promise.all(modules)));
}

/** Dispatches the commands to a new store. Returns the microseconds of processor time for each. */
async function round({ createEventSourcer, createMemoryStore, account, commandsOf }: Tree): Promise<number> {
  const before = process.cpuUsage();
  const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [account] });
  for (const command of commandsOf(STREAMS, LENGTH)) await sourcer.dispatch(command);
  await sourcer.close();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / (STREAMS * LENGTH);
}

async function runIn(child: ChildProcess): Promise<number> {
  child.send('round');
  const [microseconds] = await once(child, 'message');
  return microseconds as number;
}

async function compare(folders: readonly [string, string]): Promise<void> {
  const own: number[] = [];
  const others: number[] = [];
  for (let pair = 0; pair < PAIRS; pair++) {
    const [child, other] = folders.map((folder) => fork(fileURLToPath(import.meta.url), ['--run', folder]));
    for (let count = 0; count < ROUNDS_BEFORE + ROUNDS; count++) {
      const turns = count % 2 === 0 ? [child!, other!] : [other!, child!];
      const times = new Map<ChildProcess, number>();
      for (const turn of turns) times.set(turn, await runIn(turn));
      if (count < ROUNDS_BEFORE) continue;
      own.push(times.get(child!)!);
      others.push(times.get(other!)!);
    }
    child!.disconnect();
    other!.disconnect();
  }
  const ratio = median(own.map((time, index) => time / others[index]!));
  console.log(`${folders[0]}: ${median(own).toFixed(1)} µs for each command`);
  console.log(`${folders[1]}: ${median(others).toFixed(1)} µs`);
  console.log(`${ratio.toFixed(2)} times as long as in the other tree`);
}

const [first, folder] = process.argv.slice(2);
if (first === '--run' && folder !== undefined) {
  const tree = await load(folder);
  process.on('message', async () => process.send?.(await round(tree)));
} else if (first !== undefined) {
  await compare([fileURLToPath(new URL('../..', import.meta.url)), first]);
} else {
  console.error('name the folder of another checkout: node test/bench/trees.ts ../decidable-before');
  process.exitCode = 2;
}
