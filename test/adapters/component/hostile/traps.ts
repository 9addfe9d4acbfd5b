import assert from 'node:assert/strict';
import { isTrap } from 'decidable/component';

export type Exported = (...args: unknown[]) => unknown;

/** Checks that the call traps with a matching text, and that the instance can never be entered again. */
export function trapsForGood(
  exports: Record<string, unknown>,
  name: string,
  message: RegExp,
  ...args: unknown[]
): void {
  trapsWith(exports, name, message, ...args);
  trapsWith(exports, name, /cannot enter component instance: an earlier call into it trapped/, ...args);
}

export function trapsWith(exports: Record<string, unknown>, name: string, message: RegExp, ...args: unknown[]): void {
  const call = exports[name] as Exported;
  assert.throws(
    () => call(...args),
    (error: unknown) => {
      assert.ok(isTrap(error), `${name}: ${error}`);
      assert.match(error.message, message, name);
      return true;
    },
  );
}
