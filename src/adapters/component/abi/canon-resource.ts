/**
 * *CanonicalABI.md*, "`canon resource.new`", "`canon resource.drop`" and "`canon resource.rep`".
 */
import { checkMayLeave, enter, failInAll, leave, observeOtherHost } from './canon-lower.ts';
import type { CoreFunction, CoreValue } from './canonical-options.ts';
import type { RuntimeResource } from './component-instance.ts';
import { type ComponentInstance, selfAndAncestors } from './component-instance.ts';
import { wrongHandle } from './resource-handles.ts';
import { BORROWED, LEND } from './table-state.ts';

export function resourceNew(instance: ComponentInstance, type: RuntimeResource): CoreFunction {
  const { handles } = instance;
  return (rep) => {
    checkMayLeave(instance);
    return handles.add(type, rep as number, 0);
  };
}

export function resourceDrop(instance: ComponentInstance, type: RuntimeResource): CoreFunction {
  const { handles } = instance;
  const destroy = destroyingFrom(instance, type);
  return (handle) => {
    checkMayLeave(instance);
    const index = handle as number;
    const entry = handles.get(index, type);
    if (entry === undefined) throw wrongHandle(instance, index, type);
    const { info } = entry;
    if (info >= LEND) throw instance.trap('cannot remove owned resource while borrowed');
    const rep = handles.remove(index, entry);
    if ((info & BORROWED) !== 0) instance.borrows--;
    else destroy(rep);
    return undefined;
  };
}

export function resourceRep(instance: ComponentInstance, type: RuntimeResource): CoreFunction {
  const { handles } = instance;
  return (handle: CoreValue) => {
    const index = handle as number;
    const entry = handles.get(index, type);
    if (entry === undefined) throw wrongHandle(instance, index, type);
    return entry.rep;
  };
}

/** Calls the destructor as a function that is lifted and lowered, as in the specification. */
function destroyingFrom(caller: ComponentInstance, type: RuntimeResource): (rep: number) => void {
  const { impl } = type;
  observeOtherHost(caller, impl);
  if (impl === undefined) {
    return (rep) => {
      try {
        type.dtor?.(rep);
      } catch (error) {
        throw failInAll(caller, [], error);
      }
    };
  }
  // *CanonicalABI.md* specifies for destructors that a call within one instance, or into an instance that contains the
  // caller, enters fewer instances or none.
  const callers = selfAndAncestors(caller);
  const entering = selfAndAncestors(impl).filter((each) => !callers.includes(each));
  return (rep) => {
    enter(caller, entering);
    try {
      type.dtor?.(rep);
      leave(entering);
    } catch (error) {
      throw failInAll(caller, entering, error);
    }
  };
}
