/**
 * Compares the component loader with its peers, in one run on one machine:
 *
 * node --conditions=decidable-source --expose-gc test/bench/component/run.ts [--quick] [--filter <row>] [--no-peers]
 *
 * `--no-peers` leaves out jco 1.10.2, which is installed on the first run. Times are CPU times of the process, because
 * the machine may be busy with other work. Only ratios are meaningful.
 */
import { parseArgs } from 'node:util';
import { measure, type Result } from '../measure.ts';
import { benchmarks } from './benchmarks.ts';
import { oldJco } from './jco.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    'no-peers': { type: 'boolean', default: false },
    filter: { type: 'string', default: '' },
  },
});

const results: Result[] = [];
for (const benchmark of await benchmarks(options.quick, options['no-peers'] ? undefined : oldJco())) {
  if (benchmark.name.includes(options.filter)) results.push(await measure(benchmark, () => undefined));
}

for (const { name, about, unit, figures, targets } of results) {
  console.log(`\n${name}: ${about}`);
  for (const figure of figures)
    console.log(`  ${figure.name.padEnd(22)} ${round(figure.perSecond).padStart(12)} ${unit}`);
  for (const { of, against, atLeast, ratio, reached } of targets) {
    const judgement = atLeast === 0 ? '(no target)' : `target ${atLeast} ×: ${reached ? 'reached' : 'MISSED'}`;
    console.log(`  ${of} = ${ratio.toFixed(2)} × ${against}  ${judgement}`);
  }
}

function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString('en');
}
