/**
 * Finds promises that a decision makes. Their continuations run after the decision, when nothing is guarded any more.
 * So they could read the clock for the next decision. Only Node shows them, by `node:async_hooks`.
 */
import type { AsyncHook, HookCallbacks } from 'node:async_hooks';
import type { ForbiddenCall } from './forbidden-call.ts';
import { placeOfCaller } from './guard.ts';

interface NodeProcess {
  getBuiltinModule?(name: string): { createHook?(callbacks: HookCallbacks): AsyncHook } | undefined;
}

let noted: ForbiddenCall[] | undefined;
let hook: AsyncHook | undefined;

/** Runs a function, and adds the promises that it makes to `made`. Call this before the ambient world is replaced. */
export function notingPromises<Result>(made: ForbiddenCall[], run: () => Result): Result {
  hook ??= createHook();
  const outer = noted;
  noted = made;
  if (outer === undefined) hook?.enable();
  try {
    return run();
  } finally {
    if (outer === undefined) hook?.disable();
    noted = outer;
  }
}

function createHook(): AsyncHook | undefined {
  const { process } = globalThis as { process?: NodeProcess };
  // An error in this function would end the process, so it only takes a note.
  function init(_id: number, type: string): void {
    if (type !== 'PROMISE') return;
    const where = placeOfCaller(init);
    if (where !== undefined) noted?.push({ call: 'Promise', kind: 'timers', where });
  }
  return process?.getBuiltinModule?.('node:async_hooks')?.createHook?.({ init });
}
