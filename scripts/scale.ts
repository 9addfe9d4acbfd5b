/**
 * `npm run scale`: measures how the costs of a store grow, writes docs/scale/<name>.json, and draws the charts of all
 * files there as docs/scale/<name>-<axis>.svg.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { AXES } from '../test/bench/scale/charts.ts';
import { plot } from '../test/bench/scale/plot.ts';
import { type Chart, type ScaleResult, Stores } from '../test/bench/scale/scale.ts';

const HELP = `npm run scale -- [options]

  --store <address>  the address of the stores: {folder} becomes a new folder, and {n} another number for each store;
                     'sqlite:{folder}/{n}.db?durability=normal', or 'memory:'
  --name <name>      the name of the store in the charts and their files: sqlite, memory, postgres …
  --axis <word>      only the axes whose name contains it: ${Object.keys(AXES).join(', ')}
  --cpu              measures processor time instead of wall-clock time: for memory and SQLite, on a machine that does other work too
  --quick            smaller sizes; the figures have no meaning
  --plot             measures nothing and draws the charts
  --help

Each axis is measured at powers of ten, with the median of many samples. The slopes matter, not the absolute times.`;

const { values: options } = parseArgs({
  options: {
    store: { type: 'string' },
    name: { type: 'string' },
    axis: { type: 'string', default: '' },
    cpu: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    plot: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const folder = new URL('../docs/scale/', import.meta.url);

if (options.help) {
  console.log(HELP);
} else {
  mkdirSync(folder, { recursive: true });
  if (!options.plot) await measureStore(options.store, options.name);
  draw();
}

async function measureStore(address: string | undefined, name: string | undefined): Promise<void> {
  if (address === undefined || name === undefined || !/^[a-z0-9-]+$/.test(name)) {
    console.error(`--store and --name are needed; a name consists of lowercase letters, digits and dashes\n\n${HELP}`);
    process.exit(1);
  }
  const clock = options.cpu ? 'cpu' : 'wall';
  using stores = new Stores(address, clock);
  const charts: Chart[] = [];
  for (const [axis, measure] of Object.entries(AXES)) {
    if (!axis.includes(options.axis)) continue;
    console.log(`\n${axis}`);
    // The first run of any code is slower, so small stores would seem slower.
    await measure(stores, true, () => undefined);
    const chart = await measure(stores, options.quick, console.log);
    if (chart !== undefined) charts.push(chart);
  }
  const result: ScaleResult = {
    store: name,
    address,
    clock,
    machine: `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}, node ${process.version}`,
    date: new Date().toISOString().slice(0, 10),
    charts: merged(name, charts),
  };
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(result, null, 2)}\n`);
}

/** Returns the measured charts, and those of an earlier run for the other axes. */
function merged(name: string, measured: readonly Chart[]): readonly Chart[] {
  const earlier = results().find(({ store }) => store === name)?.charts ?? [];
  return Object.keys(AXES).flatMap(
    (axis) => measured.find((chart) => chart.name === axis) ?? earlier.find((chart) => chart.name === axis) ?? [],
  );
}

function results(): readonly ScaleResult[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.json'));
  return files.map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as ScaleResult);
}

function draw(): void {
  for (const { store, clock, charts } of results()) {
    const about = `${store}, ${clock === 'cpu' ? 'processor time' : 'wall-clock time'}`;
    for (const chart of charts) writeFileSync(new URL(`${store}-${chart.name}.svg`, folder), plot(chart, about));
  }
}
