/**
 * Simulates a process that crashes. A view of a store fails forever after some operations, like all operations that a
 * killed process would have started. The store itself remains usable.
 */
import type { EventStore } from 'decidable';
import type { ProcessorStore } from '../../../../src/core/processors/processor-store.ts';

/** The point at which a process crashes. */
export interface Death {
  /** The number of operations of the store that it completes before. */
  readonly after: number;
  /** True if the operation during which it crashes is completed, so that only its result is lost. */
  readonly isDone: boolean;
}

type Store = EventStore & { readonly processors: ProcessorStore };

/**
 * Returns a view of the store that works until `death`.
 * @param processors the storage of processors, which may be another store's.
 */
export function mortal<Mortal extends Store>(
  store: Mortal,
  { after, isDone }: Death,
  processors: ProcessorStore = store.processors,
): Mortal {
  let left = after;
  const died = Promise.withResolvers<never>();
  died.promise.catch(() => undefined);
  const view = <Target extends object>(target: Target, replaced: Partial<Target> = {}): Target =>
    new Proxy(target, {
      get: (_, name) => {
        if (Object.hasOwn(replaced, name)) return Reflect.get(replaced, name);
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          left--;
          const isDying = left < 0;
          if (isDying) died.reject(new Error('the process is dead'));
          if (isDying && !(isDone && left === -1)) return died.promise;
          const result: unknown = member.apply(target, args);
          return result instanceof Promise ? Promise.race([died.promise, result]) : result;
        };
      },
    });
  return view(store, { processors: view(processors) } as Partial<Mortal>);
}
