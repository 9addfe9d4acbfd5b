/**
 * Runs contestants one after another, round by round, in one process on one machine, so that everything that slows the
 * machine down affects all of them. Only the median of the ratios of all rounds is compared. A shared machine has
 * several speeds, and the medians of two contestants could be of different ones.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** One way to do a piece of work. */
export interface Contestant {
  readonly name: string;
  /** Does the work once, on new data, and returns the number of operations and of milliseconds. */
  run(): Promise<Measured>;
}

export interface Measured {
  readonly operations: number;
  readonly milliseconds: number;
  /** User and system time of all threads of the process: the cost of the work on a machine that does other work too. */
  readonly cpuMilliseconds?: number;
}

/**
 * The measure: wall-clock time, for which a user waits, or processor time, which is meaningful on a busy machine too
 * but excludes waiting for the disk.
 */
export type Clock = 'wall' | 'cpu';

export interface Target {
  /** The contestant that is ours. */
  readonly of: string;
  readonly against: string;
  /** Our figure as a multiple of the other contestant's figure. */
  readonly atLeast: number;
}

export interface Benchmark {
  /** The name that `--filter` selects. */
  readonly name: string;
  readonly about: string;
  readonly unit: string;
  readonly contestants: readonly Contestant[];
  readonly targets: readonly Target[];
  readonly rounds: number;
}

export interface Figure {
  readonly name: string;
  /** Operations per second, the median of the rounds. */
  readonly perSecond: number;
  readonly rounds: readonly number[];
}

export interface Judged extends Target {
  readonly ratio: number;
  readonly reached: boolean;
}

export interface Result {
  readonly name: string;
  readonly about: string;
  readonly unit: string;
  readonly figures: readonly Figure[];
  readonly targets: readonly Judged[];
}

setFlagsFromString('--expose-gc');

/** Collects all garbage, so that earlier rows do not affect a row, and the used heap is the needed heap. */
export const collect: () => void = runInNewContext('gc');

/**
 * Measures work after a full collection.
 *
 * @param warmUp work that runs between the collection and the measurement. A collection discards optimized code that
 * refers to shapes of which no object is left, so that short rounds would measure code that is not optimized.
 */
export async function timed(
  operations: number,
  work: () => Promise<void> | void,
  warmUp?: () => Promise<void>,
): Promise<Measured> {
  collect();
  await warmUp?.();
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const milliseconds = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { operations, milliseconds, cpuMilliseconds: (user + system) / 1000 };
}

export async function measure(
  benchmark: Benchmark,
  tell: (line: string) => void,
  clock: Clock = 'wall',
): Promise<Result> {
  const { contestants, rounds } = benchmark;
  const perSecond = new Map(contestants.map(({ name }) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round++) {
    // Every other round is in reverse order, so that no contestant always follows the same one and its caches.
    for (const contestant of round % 2 === 0 ? contestants : contestants.toReversed()) {
      const { operations, milliseconds, cpuMilliseconds = milliseconds } = await contestant.run();
      const rate = (operations * 1000) / (clock === 'cpu' ? cpuMilliseconds : milliseconds);
      perSecond.get(contestant.name)?.push(rate);
      tell(
        `  round ${round + 1} of ${rounds}: ${contestant.name} ${Math.round(rate).toLocaleString('en')} ${benchmark.unit}`,
      );
    }
  }
  const figures = [...perSecond].map(([name, rates]) => ({ name, perSecond: median(rates), rounds: rates }));
  const { name, about, unit } = benchmark;
  return { name, about, unit, figures, targets: benchmark.targets.flatMap((target) => judge(target, figures)) };
}

function judge(target: Target, figures: readonly Figure[]): Judged[] {
  const ours = figures.find(({ name }) => name === target.of);
  const theirs = figures.find(({ name }) => name === target.against);
  if (ours === undefined || theirs === undefined) return [];
  const ratio = median(ours.rounds.map((rate, round) => rate / theirs.rounds[round]!));
  return [{ ...target, ratio, reached: ratio >= target.atLeast }];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
