/**
 * The errors of the component loader. Each has a `family` and a literal `code`, and the names and values that a program
 * needs to react to it. The guards check `family` and `code` instead of the class, so they also work across two copies
 * of this package and across realms.
 */

/** The family of all errors of the loader except traps. */
const COMPONENT = 'decidable/component';
/** The family of traps: every error that ends a component instance or reports one that has ended. */
const TRAP = 'decidable/trap';

/** The bytes are not a component binary according to the grammar of *Binary.md*. */
export class MalformedError extends Error {
  override readonly name: string = 'MalformedError';
  readonly family: typeof COMPONENT = COMPONENT;
  readonly code = 'malformed';
  /** The byte offset in the input at which the fault was found. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} (at offset 0x${offset.toString(16)})`);
    this.offset = offset;
  }
}

/** The component can be read, but it breaks a validation rule of the specification. */
export class InvalidError extends Error {
  override readonly name: string = 'InvalidError';
  readonly family: typeof COMPONENT = COMPONENT;
  readonly code = 'invalid';
  /** The byte offset of the definition that breaks the rule. */
  readonly offset: number;
  /** The names that lead to the fault, outermost first: import and export names, fields, cases, parameters. */
  readonly path: readonly string[];

  constructor(message: string, offset: number, path: readonly string[] = []) {
    super(`${message} (at offset 0x${offset.toString(16)})`);
    this.offset = offset;
    this.path = path;
  }
}

/** An import that is missing or has the wrong type. */
export interface LinkProblem {
  /** The names that lead to the import, outermost first. */
  readonly path: readonly string[];
  /** The expected and the given value, in words. */
  readonly message: string;
}

/** Imports are missing or have the wrong type, or the JavaScript names of exports collide. */
export class LinkError extends Error {
  override readonly name: string = 'LinkError';
  readonly family: typeof COMPONENT = COMPONENT;
  readonly code = 'link';
  /**
   * The names that lead to the import or export, outermost first. If there are several problems, this is the path of
   * the first one.
   */
  readonly path: readonly string[];
  /** All problems that were found. There is at least one. */
  readonly problems: readonly LinkProblem[];

  constructor(
    message: string,
    path: readonly string[] = [],
    options?: ErrorOptions,
    problems: readonly LinkProblem[] = [{ path, message }],
  ) {
    super(message, options);
    this.path = path;
    this.problems = problems;
  }
}

/** Formats the names that lead to an import or export for a message: `"a:b/c" → "get-it"`. */
export function showPath(path: readonly string[]): string {
  return path
    .map((name) => JSON.stringify(name.length > MOST_SHOWN ? `${name.slice(0, MOST_SHOWN)}…` : name))
    .join(' → ');
}

/** The maximum number of characters of one name in a message. */
const MOST_SHOWN = 200;

/**
 * The reason of a trap. `trap` is a rule that the guest broke or an instruction that trapped. The other codes name the
 * limit that the guest exceeded (`…-exhausted`), or mean that the instance has ended or is not ready, or that the guest
 * called a function that it was not granted.
 */
export type TrapCode =
  | 'trap'
  | 'fuel-exhausted'
  | 'call-depth-exhausted'
  | 'stack-overflow'
  | 'memory-exhausted'
  | 'tables-exhausted'
  | 'handles-exhausted'
  | 'lifting-exhausted'
  | 'machine-exhausted'
  | 'stale-handle'
  | 'not-granted'
  | 'instance-not-ready'
  | 'disposed';

/** The options of a {@link Trap}. */
export interface TrapOptions extends ErrorOptions {
  /** The reason of the trap. @default 'trap' */
  readonly code?: TrapCode | undefined;
}

/**
 * The guest broke a rule at run time or exceeded a limit. Its instance has ended, and every later call into it traps
 * too.
 */
export class Trap extends Error {
  override readonly name: string = 'Trap';
  readonly family: typeof TRAP = TRAP;
  readonly code: TrapCode;

  constructor(message: string, options: TrapOptions = {}) {
    super(message, options);
    this.code = options.code ?? 'trap';
  }
}

/**
 * JavaScript passed a value that is not of the type that the component expects. The function was not called, and the
 * caller still owns all handles among the arguments.
 *
 * ```ts
 * try {
 *   exports.decide(state, { type: 'Deposit', payload: [1, 2] });
 * } catch (error) {
 *   if (isValueError(error)) console.log(error.path); // ['command', 'payload', 2]
 * }
 * ```
 */
export class ValueError extends TypeError {
  override readonly name: string = 'ValueError';
  readonly family: typeof COMPONENT = COMPONENT;
  readonly code = 'value';
  /** The steps that lead to the value, outermost first: the parameter, then names of fields and indices of elements. */
  readonly path: readonly (string | number)[];

  constructor(message: string, path: readonly (string | number)[] = [], options?: ErrorOptions) {
    super(message, options);
    this.path = path;
  }
}

/**
 * A function of the loader was called with an argument or an option that is unknown or invalid. Nothing was done.
 *
 * ```ts
 * try {
 *   await instantiate(component, {}, { maxHandles: -1 });
 * } catch (error) {
 *   if (isArgumentError(error)) console.log(error.argument); // 'maxHandles'
 * }
 * ```
 */
export class ArgumentError extends TypeError {
  override readonly name: string = 'ArgumentError';
  readonly family: typeof COMPONENT = COMPONENT;
  readonly code = 'invalid-argument';
  /** The argument or option: `source`, `budget.fuel`, `files["etc/rates.json"]`. */
  readonly argument: string;

  /** Makes the error. `problem` names the expected and the given value. */
  constructor(argument: string, problem: string) {
    super(`${argument}: ${problem}`);
    this.argument = argument;
  }
}

/** The component is well-formed and may be valid, but uses a feature that this loader does not have. */
export class UnsupportedError extends Error {
  override readonly name: string = 'UnsupportedError';
  readonly family: typeof COMPONENT = COMPONENT;
  readonly code = 'unsupported';
  /** The feature's name in the specification, for example `values` or `asynchronous ABI`. */
  readonly feature: string;

  /**
   * Makes the error. `where` names the definition that uses the feature, if the name of the feature does not imply it.
   */
  constructor(feature: string, where?: string) {
    super(`component feature not supported: ${feature}${where === undefined ? '' : `, in ${where}`}`);
    this.feature = feature;
  }
}

/**
 * The `error` case of a function's top-level `result`, thrown to the JavaScript code that called the function.
 *
 * `payload` is the value of the `error` case as *Explainer.md*, "JS API" maps it, or `undefined` if the case has no
 * value. In the other direction, an exception that leaves a JavaScript import whose result is a `result` becomes its
 * `error` case: the `payload` of a `ComponentError` (or of any object with that property), or else the thrown value
 * itself. An `Error` without a payload is not part of the interface, so the export throws it unchanged, as it throws
 * traps.
 */
export class ComponentError extends Error {
  override readonly name: string = 'ComponentError';
  readonly family: typeof COMPONENT = COMPONENT;
  readonly code = 'error';
  readonly payload: unknown;

  constructor(payload: unknown, message: string = describePayload(payload)) {
    super(message);
    this.payload = payload;
  }
}

function describePayload(payload: unknown): string {
  return typeof payload === 'string' ? payload : 'the guest returned an error';
}

interface Marks {
  readonly family?: unknown;
  readonly code?: unknown;
}

function isOfComponent(error: unknown, code: string): boolean {
  const marks = error as Marks | null | undefined;
  return marks?.family === COMPONENT && marks.code === code;
}

/** Returns whether `error` is a {@link MalformedError}, of this or another copy of the package. */
export function isMalformedError(error: unknown): error is MalformedError {
  return isOfComponent(error, 'malformed');
}

/** Returns whether `error` is an {@link InvalidError}, of this or another copy of the package. */
export function isInvalidError(error: unknown): error is InvalidError {
  return isOfComponent(error, 'invalid');
}

/** Returns whether `error` is a {@link LinkError}, of this or another copy of the package. */
export function isLinkError(error: unknown): error is LinkError {
  return isOfComponent(error, 'link');
}

/** Returns whether `error` is a {@link Trap} of any code, of this or another copy of the package. */
export function isTrap(error: unknown): error is Trap {
  return (error as Marks | null | undefined)?.family === TRAP;
}

/** Returns whether `error` is a {@link ValueError}, of this or another copy of the package. */
export function isValueError(error: unknown): error is ValueError {
  return isOfComponent(error, 'value');
}

/** Returns whether `error` is an {@link ArgumentError}, of this or another copy of the package. */
export function isArgumentError(error: unknown): error is ArgumentError {
  return isOfComponent(error, 'invalid-argument');
}

/** Returns whether `error` is an {@link UnsupportedError}, of this or another copy of the package. */
export function isUnsupportedError(error: unknown): error is UnsupportedError {
  return isOfComponent(error, 'unsupported');
}

/** Returns whether `error` is a {@link ComponentError}, of this or another copy of the package. */
export function isComponentError(error: unknown): error is ComponentError {
  return isOfComponent(error, 'error');
}
