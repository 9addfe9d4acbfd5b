/** What became of the lines of a run: counted while they are decided, printed at the end. */

/** Bad lines that are listed one by one; of any more, only the number is kept. */
export const MAX_LISTED_BAD_LINES = 1_000;

/** Why a line is no command, or why its command could not be decided. */
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
  /** Of the accepted and the rejected: those whose command id was known, so that nothing was done again. */
  redelivered: number;
  newEvents: number;
  /** Rejections by code; a redelivered one counts like the first. */
  readonly rejections: Map<string, number>;
  badLines: number;
  /** In the order in which they were found. */
  readonly listedBadLines: BadLine[];
}

export function newTally(): Tally {
  return {
    lines: 0,
    accepted: 0,
    rejected: 0,
    redelivered: 0,
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
