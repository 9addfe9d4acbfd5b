/**
 * A value from JavaScript that is not of its type. A conversion throws it as a {@link WrongValue}. Each list, record and variant
 * around the value adds a step to its path. The call that was to be made throws a {@link ValueError}, which says all of it.
 */
import { ValueError } from '../errors.ts';

/** The name of a field or a parameter, or the index of an element. */
export type Step = string | number;

/** Thrown inside the canonical ABI only. It is not an `Error`, because nobody needs its stack. */
export class WrongValue {
  /** Says what was expected and what was given. */
  readonly reason: string;
  /** The steps that lead to the value, outermost first. */
  readonly path: Step[] = [];

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Adds a step to the path, if the error is a wrong value. Returns what to throw. */
export function within(error: unknown, step: Step): unknown {
  if (error instanceof WrongValue) error.path.unshift(step);
  return error;
}

/** The error for a call of the function `name`, whose parameters are the outermost steps. Other errors stay as they are. */
export function wrongArgument(error: unknown, name: string): unknown {
  return asValueError(error, (steps) => `${name}(${steps})`);
}

/** The error if no function was to be called. Other errors stay as they are. */
export function asValueError(error: unknown, place: (steps: string) => string = (steps) => steps): unknown {
  if (!(error instanceof WrongValue)) return error;
  const { path, reason } = error;
  const at = place(stepsText(path));
  return new ValueError(at === '' ? reason : `${at}: ${reason}`, path);
}

/** `command.payload[3]` */
function stepsText(path: readonly Step[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}
