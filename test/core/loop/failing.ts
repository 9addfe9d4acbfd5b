/** Waits for the failure of a command and checks its code. */
import assert from 'node:assert/strict';
import { type CommandFailure, isCommandFailure } from '../../../src/core/errors.ts';
import type { CommandError } from '../../../src/core/event-sourcer.ts';

export async function failsWith<Code extends CommandError['tag']>(
  promise: Promise<unknown>,
  code: Code,
): Promise<CommandFailure & { readonly payload: Extract<CommandError, { tag: Code }> }> {
  const error = await promise.then(
    (value) => assert.fail(`expected ${code}, but it was fulfilled with ${String(value)}`),
    (reason: unknown) => reason,
  );
  if (!isCommandFailure(error, code)) throw error;
  return error;
}
