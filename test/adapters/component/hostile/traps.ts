import assert from 'node:assert/strict';
import { isTrap, type TrapCode } from 'decidable/component';

export type Exported = (...args: unknown[]) => unknown;

/**
 * Checks that the call traps for the reason, and that the instance can never be entered again. The reason is a code.
 * For the code `trap`, it is the text of the reference test suite, because this suite distinguishes traps by their
 * texts.
 */
export function trapsForGood(
  exports: Record<string, unknown>,
  name: string,
  reason: RegExp | TrapCode,
  ...args: unknown[]
): void {
  trapsWith(exports, name, reason, ...args);
  hasEnded(exports, name, ...args);
}

/** Checks that the call traps for the reason. */
export function trapsWith(
  exports: Record<string, unknown>,
  name: string,
  reason: RegExp | TrapCode,
  ...args: unknown[]
): void {
  const { code, message } = trapOf(exports, name, args);
  if (reason instanceof RegExp) assert.match(message, reason, name);
  else assert.equal(code, reason, name);
}

/** Checks that an earlier trap has ended the instance, and that it is the cause of the errors of later calls. */
export function hasEnded(exports: Record<string, unknown>, name: string, ...args: unknown[]): void {
  const { cause, message } = trapOf(exports, name, args);
  assert.notEqual(cause, undefined, message);
}

function trapOf(exports: Record<string, unknown>, name: string, args: unknown[]): Error & { readonly code: TrapCode } {
  const call = exports[name] as Exported;
  try {
    call(...args);
  } catch (error) {
    assert.ok(isTrap(error), `${name}: ${error}`);
    return error;
  }
  return assert.fail(`${name} does not trap`);
}
