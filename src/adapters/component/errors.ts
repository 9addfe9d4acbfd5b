/**
 * What the component loader throws. Each error carries a literal `code` that names the class of the fault, and what a
 * program needs to react to it. The guards look at the code and not at the class, so that they also work across two
 * copies of this package.
 */

/** The bytes are no component binary: *Binary.md* has no production that yields them. */
export class MalformedError extends Error {
  readonly code = 'component/malformed';
  /** Byte offset in the input at which the fault was seen. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message} (at offset 0x${offset.toString(16)})`);
    this.name = 'MalformedError';
    this.offset = offset;
  }
}

/** The component can be read, but the specification's validation rules refuse it. */
export class InvalidError extends Error {
  readonly code = 'component/invalid';
  /** Byte offset of the definition that breaks the rule. */
  readonly offset: number;
  /** The names that lead to the fault, outermost first: import and export names, fields, cases, parameters. */
  readonly path: readonly string[];

  constructor(message: string, offset: number, path: readonly string[] = []) {
    super(`${message} (at offset 0x${offset.toString(16)})`);
    this.name = 'InvalidError';
    this.offset = offset;
    this.path = path;
  }
}

/** An import is missing, or what was given does not fit its type. */
export class LinkError extends Error {
  readonly code = 'component/link';
  /** The names that lead to the import, outermost first. */
  readonly path: readonly string[];

  constructor(message: string, path: readonly string[] = [], options?: ErrorOptions) {
    super(message, options);
    this.name = 'LinkError';
    this.path = path;
  }
}

/** The guest broke a rule at run time. Its instance is locked down: every later call into it traps too. */
export class Trap extends Error {
  readonly code = 'component/trap';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Trap';
  }
}

/** The component is well-formed and may be valid, but uses a feature that this loader does not have. */
export class UnsupportedError extends Error {
  readonly code = 'component/unsupported';
  /** The feature's name in the specification, e.g. `values` or `asynchronous ABI`. */
  readonly feature: string;

  /** `where`: what uses the feature, where its name does not say so. */
  constructor(feature: string, where?: string) {
    super(`component feature not supported: ${feature}${where === undefined ? '' : `, in ${where}`}`);
    this.name = 'UnsupportedError';
    this.feature = feature;
  }
}

/**
 * The `error` case of a function's top-level `result`, thrown where the function was called from JavaScript.
 *
 * `payload` maps as *Explainer.md*, "JS API" says: the value of the `error` case, or `undefined` where it has none. In
 * the other direction, an exception that leaves a JavaScript import whose result is a `result` becomes its `error`
 * case: the `payload` of a `ComponentError` (or of any object with that property), or else the thrown value itself. An
 * `Error` without a payload is no part of the interface: it comes out of the export as it is, as do traps.
 */
export class ComponentError extends Error {
  readonly code = 'component/error';
  readonly payload: unknown;

  constructor(payload: unknown, message: string = describePayload(payload)) {
    super(message);
    this.name = 'ComponentError';
    this.payload = payload;
  }
}

function describePayload(payload: unknown): string {
  return typeof payload === 'string' ? payload : 'the guest returned an error';
}

function hasCode(error: unknown, code: string): boolean {
  return (error as { readonly code?: unknown } | null | undefined)?.code === code;
}

/** Whether `error` is a {@link MalformedError}, of this or another copy of the package. */
export function isMalformedError(error: unknown): error is MalformedError {
  return hasCode(error, 'component/malformed');
}

/** Whether `error` is an {@link InvalidError}, of this or another copy of the package. */
export function isInvalidError(error: unknown): error is InvalidError {
  return hasCode(error, 'component/invalid');
}

/** Whether `error` is a {@link LinkError}, of this or another copy of the package. */
export function isLinkError(error: unknown): error is LinkError {
  return hasCode(error, 'component/link');
}

/** Whether `error` is a {@link Trap}, of this or another copy of the package. */
export function isTrap(error: unknown): error is Trap {
  return hasCode(error, 'component/trap');
}

/** Whether `error` is an {@link UnsupportedError}, of this or another copy of the package. */
export function isUnsupportedError(error: unknown): error is UnsupportedError {
  return hasCode(error, 'component/unsupported');
}

/** Whether `error` is a {@link ComponentError}, of this or another copy of the package. */
export function isComponentError(error: unknown): error is ComponentError {
  return hasCode(error, 'component/error');
}
