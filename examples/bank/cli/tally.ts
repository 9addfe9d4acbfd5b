/** Counts the outcomes of a run's lines. */

/** The number of bad lines to list. Further bad lines are only counted. */
export const MAX_LISTED_BAD_LINES = 1_000;

/** The reason why a line is not a command, or why its command could not be decided. */
export interface Problem {
  readonly code: string;
  readonly reason: string;
}

export interface BadLine extends Problem {
  readonly line: number;
}

export interface Tally {
  lines: number;
  accepted: number;
  rejected: number;
  /** The number of accepted and rejected commands whose id was already known, so that nothing changed. */
  duplicates: number;
  newEvents: number;
  /** The number of rejections by code, duplicates included. */
  readonly rejections: Map<string, number>;
  badLines: number;
  /** The bad lines, in the order in which they were found. */
  readonly listedBadLines: BadLine[];
}

export function newTally(): Tally {
  return {
    lines: 0,
    accepted: 0,
    rejected: 0,
    duplicates: 0,
    newEvents: 0,
    rejections: new Map(),
    badLines: 0,
    listedBadLines: [],
  };
}

export function countBadLine(tally: Tally, line: number, { code, reason }: Problem): void {
  tally.badLines += 1;
  if (tally.listedBadLines.length < MAX_LISTED_BAD_LINES) tally.listedBadLines.push({ line, code, reason });
}
