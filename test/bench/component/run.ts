/**
 * The component loader beside its peers, in one run on one machine:
 *
 *     node --conditions=decidable-source --expose-gc test/bench/component/run.ts [--quick] [--old-jco <folder>]
 *
 * `--old-jco` is a folder in which jco 1.10.2 is installed; it was much faster than later ones. Times are CPU times of
 * the process, since the machine may do other things. Only ratios mean something.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { measure, type Result } from '../measure.ts';
import { benchmarks } from './benchmarks.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'old-jco': { type: 'string' },
    filter: { type: 'string', default: '' },
  },
});

const folder = options['old-jco'];
const oldJco =
  folder === undefined ? undefined : pathToFileURL(join(folder, 'node_modules/@bytecodealliance/jco/src/api.js')).href;

const results: Result[] = [];
for (const benchmark of await benchmarks(options.quick, oldJco)) {
  if (benchmark.name.includes(options.filter)) results.push(await measure(benchmark, () => undefined));
}

for (const { name, about, unit, figures, targets } of results) {
  console.log(`\n${name}: ${about}`);
  for (const figure of figures)
    console.log(`  ${figure.name.padEnd(22)} ${round(figure.perSecond).padStart(12)} ${unit}`);
  for (const { of, against, atLeast, ratio, reached } of targets) {
    console.log(
      `  ${reached ? 'reached' : 'MISSED '} ${of} is ${ratio.toFixed(2)} × ${against}, at least ${atLeast} ×`,
    );
  }
}

function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en');
}
