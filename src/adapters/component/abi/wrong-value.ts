/**
 * The error for a JavaScript value of the wrong type. A conversion throws a {@link WrongValue}. Each list, record and
 * variant around the value adds a step to its path. The call then throws a {@link ValueError} with the whole path.
 */
import { ValueError } from '../errors.ts';

/** The name of a field or a parameter, or the index of an element. */
export type Step = string | number;

/** Thrown inside the canonical ABI only. It is not an `Error`, because its stack is never needed. */
export class WrongValue {
  /** The expected and the given value, in words. */
  readonly reason: string;
  /** The steps that lead to the value, outermost first. */
  readonly path: Step[] = [];

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** Adds a step to the path if the error is a wrong value. Returns the error to throw. */
export function within(error: unknown, step: Step): unknown {
  if (error instanceof WrongValue) error.path.unshift(step);
  return error;
}

/**
 * Returns the error for a call of the function `name`, whose parameters are the outermost steps. Other errors are
 * unchanged.
 */
export function wrongArgument(error: unknown, name: string): unknown {
  return asValueError(error, (steps) => `${name}(${steps})`);
}

/** Returns the error for a value that is not an argument. Other errors are unchanged. */
export function asValueError(error: unknown, place: (steps: string) => string = (steps) => steps): unknown {
  if (!(error instanceof WrongValue)) return error;
  const { path, reason } = error;
  const at = place(stepsText(path));
  return new ValueError(at === '' ? reason : `${at}: ${reason}`, path);
}

/** Returns the steps as text, such as `command.payload[3]`. */
function stepsText(path: readonly Step[]): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}
