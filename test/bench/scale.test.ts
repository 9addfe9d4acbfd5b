/** The charts of `npm run scale`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { plot, slope } from './scale/plot.ts';

const powers = [1, 10, 100, 1_000];
const series = (name: string, of: (x: number) => number) => ({ name, points: powers.map((x) => ({ x, y: of(x) })) });

describe('a chart of growing costs', () => {
  test('has the exponent of a power law as its slope', () => {
    assert.equal(slope(series('flat', () => 7)), 0);
    assert.ok(Math.abs(slope(series('square', (x) => 3 * x ** 2)) - 2) < 1e-9);
  });

  test('has a mark for each point and one in the legend for each series', () => {
    const all = [series('append', () => 7), series('fold', (x) => x)];
    const svg = plot({ name: 'streams', title: 'Streams', x: 'streams', series: all }, 'memory');
    assert.equal(svg.match(/<circle /g)?.length, 2 * powers.length + 2);
  });
});
