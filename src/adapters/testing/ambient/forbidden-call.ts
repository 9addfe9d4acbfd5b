/** The error for a decision that is not a pure function of history and command. */

/** The advice for each kind of call. */
const ADVICE = {
  clock: 'put the time into the command, or use a time that was recorded in an event',
  'time zone': 'the time zone of the machine is not part of the history, so use the UTC methods, or name a zone',
  locale: 'the locale of the machine is not part of the history, so name a locale, or compare without one',
  randomness: 'generate the value before the decision, and put it into the command',
  timers: 'a decision is synchronous, but an event handler can schedule a command',
  network: 'send the request before the decision, and put the response into the command',
  environment: 'put the value into the command, or make it part of the module and its version',
  'module state': 'keep the value in the state of the stream, or put it into the command',
} as const;

/** A part of the environment that a decision must not use. */
export type AmbientKind = keyof typeof ADVICE;

/** A forbidden call. */
export interface ForbiddenCall {
  /** The call, such as `Date.now()` or `process.pid`, or the variable that was changed. */
  readonly call: string;
  readonly kind: AmbientKind;
  /** The place of the call in the code under test: file, line and column. */
  readonly where: string;
}

/** A decision is not a pure function of history and command. */
export class NondeterminismError extends Error {
  override readonly name: string = 'NondeterminismError';
  readonly code = 'nondeterministic';
  /** The first forbidden call, or undefined if two runs differed without such a call. */
  readonly call: ForbiddenCall | undefined;

  constructor(message: string, call?: ForbiddenCall) {
    super(message);
    this.call = call;
  }
}

/** Returns a message that names the call, its place, and the remedy. */
export function explainCall({ call, kind, where }: ForbiddenCall): string {
  const use = kind === 'module state' ? 'changed' : 'used';
  return `${call} was ${use} at ${where}, but a decision may use only history and command; ${ADVICE[kind]}`;
}
