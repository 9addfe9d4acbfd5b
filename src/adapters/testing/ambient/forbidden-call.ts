/** The error for a decision that is not a pure function of history and command, and the call that made it so. */

/** The advice for each kind of call. */
const ADVICE = {
  clock: 'time is data, so carry it in the command, or take it from what was recorded',
  'time zone': 'the zone of the machine is not part of history, so use the UTC methods, or name the zone',
  locale: 'the locale of the machine is not part of history, so name one that the engine supports, or compare plainly',
  randomness: 'draw it before, and carry it in the command',
  timers: 'nothing waits inside a decision, but an event handler can schedule a command',
  network: 'ask before, and carry the answer in the command',
  environment: 'carry it in the command, or build it into the module and its version',
} as const;

/** A part of the ambient world that a decision must not reach. */
export type AmbientKind = keyof typeof ADVICE;

/** A call that broke the rule. */
export interface ForbiddenCall {
  /** The call as it is written in code: `Date.now()`, `process.pid`. */
  readonly call: string;
  readonly kind: AmbientKind;
  /** The place of the call in the code under test: file, line and column. */
  readonly where: string;
}

/** A decision that is not a pure function of history and command. */
export class NondeterminismError extends Error {
  override readonly name: string = 'NondeterminismError';
  readonly code = 'nondeterministic';
  /** The first call that broke the rule; undefined if two runs differed without such a call. */
  readonly call: ForbiddenCall | undefined;

  constructor(message: string, call?: ForbiddenCall) {
    super(message);
    this.call = call;
  }
}

/** Names the call and its place, and says what to do instead. */
export function explainCall({ call, kind, where }: ForbiddenCall): string {
  return `${call} was used at ${where}: a decision sees history and command only; ${ADVICE[kind]}`;
}
