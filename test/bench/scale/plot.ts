/** Draws a chart of `npm run scale` as SVG, with logarithmic axes, on which a power law is a straight line. */
import type { Chart, Series } from './scale.ts';

const WIDTH = 760;
const HEIGHT = 420;
const LEFT = 70;
const RIGHT = 250;
const TOP = 44;
const BOTTOM = 52;
/** Distinguishable for readers who do not see all colours (Okabe and Ito). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00'];

/**
 * The exponent of a series: 0 if `y` does not depend on `x`, 1 if it grows in proportion. Least squares over
 * logarithms.
 */
export function slope({ points }: Series): number {
  const logs = points.map(({ x, y }) => [Math.log10(x), Math.log10(y)] as const);
  const mean = (of: 0 | 1) => logs.reduce((sum, log) => sum + log[of], 0) / logs.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const covariance = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return covariance / logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

/**
 * Returns the SVG text.
 * @param about the store and the clock.
 */
export function plot(chart: Chart, about: string): string {
  const points = chart.series.flatMap((series) => series.points);
  const xs = decades(points.map(({ x }) => x));
  const ys = decades(points.map(({ y }) => y));
  const across = scale(xs, LEFT, WIDTH - RIGHT);
  const up = scale(ys, HEIGHT - BOTTOM, TOP);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13">`,
    `<title>${escaped(`${chart.title}, by the number of ${chart.x}: ${about}`)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    text(LEFT, 24, `${chart.title}: ${about}`, 'font-size="16"'),
    ...xs.flatMap((power) => [
      line(across(10 ** power), TOP, across(10 ** power), HEIGHT - BOTTOM),
      text(across(10 ** power), HEIGHT - BOTTOM + 18, (10 ** power).toLocaleString('en'), 'text-anchor="middle"'),
    ]),
    ...ys.flatMap((power) => [
      line(LEFT, up(10 ** power), WIDTH - RIGHT, up(10 ** power)),
      text(LEFT - 6, up(10 ** power) + 4, duration(power), 'text-anchor="end"'),
    ]),
    text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, chart.x, 'text-anchor="middle"'),
    ...chart.series.flatMap((series, index) => curve(series, index, across, up)),
    '</svg>',
  ];
  return `${parts.join('\n')}\n`;
}

function curve(series: Series, index: number, across: Place, up: Place): readonly string[] {
  const colour = COLOURS[index % COLOURS.length]!;
  const places = series.points.map(({ x, y }) => [across(x).toFixed(1), up(y).toFixed(1)] as const);
  const legend = TOP + 14 + index * 34;
  return [
    `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${places.map((place) => place.join(',')).join(' ')}"/>`,
    ...places.map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3.5" fill="${colour}"/>`),
    `<circle cx="${WIDTH - RIGHT + 16}" cy="${legend - 4}" r="5" fill="${colour}"/>`,
    text(WIDTH - RIGHT + 28, legend, series.name),
    text(
      WIDTH - RIGHT + 28,
      legend + 15,
      `grows with the power ${slope(series).toFixed(2)}`,
      'fill="#666" font-size="11"',
    ),
  ];
}

type Place = (value: number) => number;

/** The powers of ten around the values. */
function decades(values: readonly number[]): readonly number[] {
  const first = Math.floor(Math.log10(Math.min(...values)));
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function scale(powers: readonly number[], from: number, to: number): Place {
  const [first, last] = [powers[0]!, powers.at(-1)!];
  return (value) => from + ((Math.log10(value) - first) / (last - first)) * (to - from);
}

function duration(power: number): string {
  if (power >= 6) return `${10 ** (power - 6)} s`;
  if (power >= 3) return `${10 ** (power - 3)} ms`;
  return `${Number((10 ** power).toFixed(3))} µs`;
}

function line(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#ddd"/>`;
}

function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}"${attributes === '' ? '' : ` ${attributes}`}>${escaped(content)}</text>`;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
