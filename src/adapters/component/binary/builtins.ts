/** *Binary.md*, "Canonical Definitions": the built-ins, in one table. */
import type { BuiltinName } from './definitions.ts';

/**
 * The canonical built-ins by their opcodes. Each has a name, a letter for each operand in order (see `canonical.ts`),
 * and a core signature. In the signature, `i` is an `i32` and `I` an `i64`, and the parameters come before the `>`.
 */
export const builtins: { readonly [byte: number]: readonly [BuiltinName, string, string] } = {
  2: ['resource.new', 't', 'i>i'],
  3: ['resource.drop', 't', 'i>'],
  4: ['resource.rep', 't', 'i>i'],
  5: ['task.cancel', '', '>'],
  6: ['subtask.cancel', 'a', 'i>i'],
  9: ['task.return', 'ro', 'i>i'],
  10: ['context.get', 'v', '>i'],
  11: ['context.set', 'v', 'i>'],
  12: ['thread.yield', 'c', '>i'],
  13: ['subtask.drop', '', 'i>'],
  14: ['stream.new', 't', '>I'],
  15: ['stream.read', 'to', 'iii>i'],
  16: ['stream.write', 'to', 'iii>i'],
  17: ['stream.cancel-read', 'ta', 'i>i'],
  18: ['stream.cancel-write', 'ta', 'i>i'],
  19: ['stream.drop-readable', 't', 'i>'],
  20: ['stream.drop-writable', 't', 'i>'],
  21: ['future.new', 't', '>I'],
  22: ['future.read', 'to', 'ii>i'],
  23: ['future.write', 'to', 'ii>i'],
  24: ['future.cancel-read', 'ta', 'i>i'],
  25: ['future.cancel-write', 'ta', 'i>i'],
  26: ['future.drop-readable', 't', 'i>'],
  27: ['future.drop-writable', 't', 'i>'],
  28: ['error-context.new', 'o', 'ii>i'],
  29: ['error-context.debug-message', 'o', 'ii>'],
  30: ['error-context.drop', '', 'i>'],
  31: ['waitable-set.new', '', '>i'],
  32: ['waitable-set.wait', 'cm', 'ii>i'],
  33: ['waitable-set.poll', 'cm', 'ii>i'],
  34: ['waitable-set.drop', '', 'i>'],
  35: ['waitable.join', '', 'ii>'],
  36: ['backpressure.inc', '', '>'],
  37: ['backpressure.dec', '', '>'],
  38: ['thread.index', '', '>i'],
  39: ['thread.new-indirect', 'ti', 'ii>i'],
  40: ['thread.resume-later', '', 'i>'],
  41: ['thread.suspend', 'c', '>i'],
  42: ['thread.suspend-then-resume', 'c', 'i>i'],
  43: ['thread.yield-then-resume', 'c', 'i>i'],
  44: ['thread.suspend-then-promote', 'c', 'i>i'],
  45: ['thread.yield-then-promote', 'c', 'i>i'],
  64: ['thread.spawn-ref', 'st', 'i>i'],
  65: ['thread.spawn-indirect', 'sti', 'i>i'],
  66: ['thread.available-parallelism', 's', 'i>i'],
};

/** The core signatures by name. */
export const signatures: ReadonlyMap<BuiltinName, string> = new Map(
  Object.values(builtins).map(([name, , signature]) => [name, signature]),
);
