/**
 * A process that dies: a view of a store that fails for ever after some operations, as everything does that a killed
 * process would have done. The store itself lives on.
 */
import type { EventStore } from 'decidable';
import type { ProcessorStore } from '../../../../src/core/processors/processor-store.ts';

/** The point at which a process dies. */
export interface Death {
  /** Operations of the store that it still completes. */
  readonly after: number;
  /** True if the operation during which it dies is done: only its result is lost. */
  readonly isDone: boolean;
}

type Store = EventStore & { readonly processors: ProcessorStore };

/** @returns a view of the store that lives until `death`. */
export function mortal<Mortal extends Store>(store: Mortal, { after, isDone }: Death): Mortal {
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
  const processors = view(store.processors);
  return view(store, { processors } as Partial<Mortal>);
}
