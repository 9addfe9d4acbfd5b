import assert from 'node:assert/strict';
import { isFault } from 'decidable';

/** Returns the fault that a call throws. */
export function faultIn(act: () => unknown) {
  try {
    act();
  } catch (error) {
    if (isFault(error)) return error;
    throw error;
  }
  return assert.fail('nothing was thrown');
}
