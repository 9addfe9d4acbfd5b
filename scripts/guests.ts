/**
 * `npm run guests`: compares the guests of examples/guests: sizes, start, speed and memory. It builds the guests that
 * are not checked in, and prints a table. With `--write`, it also writes the table to examples/guests/README.md.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type AnyModule, createEventSourcer } from 'decidable';
import { compile, instantiate } from 'decidable/component';
import { type ComponentCommandHandler, loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import { account, Deposit, OpenAccount } from '../examples/bank/account.ts';

const HELP = `npm run guests [-- options]

  --guest <word>  only this guest (repeatable)
  --rounds <n>    the number of rounds, of which the best counts; 5
  --write         put the table into examples/guests/README.md
  --help

The guests in Go, Python and TypeScript are built first, with the tools that .ci/install-toolchains installs.
Times are processor time. Guests take turns within a round, and the best round of each counts.`;

const { values: options } = parseArgs({
  options: {
    guest: { type: 'string', multiple: true },
    rounds: { type: 'string', default: '5' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const FOLDER = new URL('../examples/guests/', import.meta.url);
const README = new URL('README.md', FOLDER);
const MARKERS = ['<!-- npm run guests -->', '<!-- end -->'] as const;
const COMMANDS = 4_000;
const OPEN = account.types.command.toEnvelope(OpenAccount({ accountId: '0001', owner: 'Ada' }));
const DEPOSITS = Array.from({ length: 100 }, (_, index) =>
  account.types.command.toEnvelope(Deposit({ accountId: '0001', amount: 5, transferId: `t-${index}` })),
);

interface Row {
  readonly name: string;
  readonly bytes?: Uint8Array;
  /** Milliseconds from the bytes to the first call. */
  start: number;
  /** Milliseconds to make one more instance. */
  instance: number;
  commandsPerSecond: number;
  memory?: number;
}

/** The guests, and whether their components are checked in. */
const GUESTS = { c: true, rust: true, assemblyscript: true, go: false, python: false, javascript: false } as const;

const rows: Row[] = [{ name: 'TypeScript, in the process', start: Infinity, instance: Infinity, commandsPerSecond: 0 }];
for (const [name, isCheckedIn] of Object.entries(GUESTS)) {
  if (options.guest?.includes(name) === false) continue;
  const bytes = isCheckedIn ? readFileSync(new URL(`${name}/bank.wasm`, FOLDER)) : built(name);
  rows.push({ name, bytes, start: Infinity, instance: Infinity, commandsPerSecond: 0 });
}

for (let round = 0; round < Number(options.rounds); round++) {
  for (const row of rows) {
    if (row.bytes === undefined) {
      row.commandsPerSecond = Math.max(row.commandsPerSecond, await speedOf(account as AnyModule));
      continue;
    }
    const { bytes } = row;
    const loaded = await timed(async () => {
      const module = await loadModule(bytes);
      module.routing.describe();
      return module;
    });
    row.start = Math.min(row.start, loaded.milliseconds);
    const fresh = await loadModule(loaded.result.component, { isolation: 'fresh' });
    const instance = await timed(async () => dropInitialState(fresh));
    row.instance = Math.min(row.instance, instance.milliseconds);
    row.commandsPerSecond = Math.max(row.commandsPerSecond, await speedOf(loaded.result as AnyModule));
  }
}
for (const row of rows) if (row.bytes !== undefined) row.memory = await memoryOf(row.bytes);

const table = tableOf(rows);
console.log(table);
if (options.write) {
  const [begin, end] = MARKERS;
  const text = readFileSync(README, 'utf8');
  const [before, after] = [text.indexOf(begin), text.indexOf(end)];
  if (before < 0 || after < before) throw new Error(`examples/guests/README.md has no ${begin} and ${end}`);
  writeFileSync(README, `${text.slice(0, before + begin.length)}\n\n${table}\n\n${text.slice(after)}`);
}

/** Builds a guest. The program ends if that fails, because the table would lack a row. */
function built(name: string): Uint8Array {
  // The folder in which `.ci/install-toolchains` puts Go if the machine has none.
  const go = fileURLToPath(new URL('../.cache/go/go/bin', import.meta.url));
  const env = { ...process.env, PATH: [go, process.env['PATH']].join(delimiter) };
  const { status, stderr } = spawnSync(fileURLToPath(new URL(`${name}/build.sh`, FOLDER)), { encoding: 'utf8', env });
  if (status !== 0) {
    console.error(`examples/guests/${name}/build.sh failed; run .ci/install-toolchains first\n${stderr}`);
    process.exit(1);
  }
  return readFileSync(new URL(`${name}/build/bank.wasm`, FOLDER));
}

async function timed<Result>(work: () => Promise<Result>): Promise<{ milliseconds: number; result: Result }> {
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { milliseconds: (user + system) / 1_000, result };
}

function dropInitialState({ decider, types }: ComponentCommandHandler): void {
  types.state.drop?.(decider.initialState());
}

/** Returns the commands that an event sourcer decides and appends to the memory store in a second. */
async function speedOf(module: AnyModule): Promise<number> {
  await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [module] });
  await sourcer.handleCommand(OPEN);
  for (const command of DEPOSITS) await sourcer.handleCommand(command);
  const { milliseconds } = await timed(async () => {
    for (let index = 0; index < COMMANDS; index++) await sourcer.handleCommand(DEPOSITS[index % DEPOSITS.length]!);
  });
  return (1_000 * COMMANDS) / milliseconds;
}

interface Resource {
  readonly fromEnvelope: (envelope: unknown) => number;
  readonly toEnvelope: (handle: number) => unknown;
  readonly drop: (handle: number) => void;
}

interface Decider {
  readonly initialState: () => number;
  readonly evolve: (state: number, event: number) => number;
  readonly decide: (state: number, command: number) => readonly number[];
}

/** Returns the bytes of all memories of an instance that has decided some commands. */
async function memoryOf(bytes: Uint8Array): Promise<number> {
  const memories = new Set<{ readonly buffer: ArrayBuffer }>();
  const { exports } = await instantiate(
    await compile(bytes),
    {},
    {
      resources: 'handles',
      onCoreInstance: (core) => {
        for (const value of Object.values(core)) if (isMemory(value)) memories.add(value);
      },
    },
  );
  const named = (name: string): unknown =>
    Object.entries(exports).find(([key]) => key.startsWith(`decidable:eventsourcing/${name}@`))?.[1];
  const types = named('types') as { readonly command: Resource; readonly event: Resource };
  const decider = named('decider') as Decider;
  let state = decider.initialState();
  for (let index = 0; index < COMMANDS; index++) {
    const command = types.command.fromEnvelope(index === 0 ? OPEN : DEPOSITS[index % DEPOSITS.length]);
    for (const event of decider.decide(state, command)) {
      types.event.toEnvelope(event);
      state = decider.evolve(state, event);
      types.event.drop(event);
    }
    types.command.drop(command);
  }
  return [...memories].reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
}

function isMemory(value: unknown): value is { readonly buffer: ArrayBuffer } {
  return Object.prototype.toString.call(value) === '[object WebAssembly.Memory]';
}

function tableOf(measured: readonly Row[]): string {
  const kilobytes = (bytes: number): string =>
    bytes < 1_000_000 ? `${Math.round(bytes / 1_000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
  const cells = measured.map(({ name, bytes, start, instance, commandsPerSecond, memory }) => [
    name,
    bytes === undefined ? '' : kilobytes(bytes.length),
    bytes === undefined ? '' : kilobytes(gzipSync(bytes, { level: 9 }).length),
    bytes === undefined ? '' : `${start.toFixed(0)} ms`,
    bytes === undefined ? '' : `${instance.toFixed(1)} ms`,
    `${(Math.round(commandsPerSecond / 100) * 100).toLocaleString('en-US')}`,
    memory === undefined ? '' : kilobytes(memory),
  ]);
  const head = ['guest', 'size', 'gzip', 'start', 'new instance', 'commands/s', 'memory'];
  const line = (row: readonly string[]): string => `| ${row.map((cell, at) => pad(cell, at)).join(' | ')} |`;
  const widths = head.map((name, at) => Math.max(name.length, ...cells.map((row) => row[at]!.length)));
  function pad(cell: string, at: number): string {
    return at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!);
  }
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...cells.map(line)].join('\n');
}
