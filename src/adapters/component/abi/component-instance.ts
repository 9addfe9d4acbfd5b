/**
 * *CanonicalABI.md*, "Component Instances": the state that guards a component instance, the effect of a trap, and the
 * release of its resources when it has ended.
 *
 * The specification's `may_enter` has three values here, because JavaScript continues after a trap. An instance that
 * trapped can never be entered again.
 */
import { engine } from '../engine/web-assembly.ts';
import { isTrap, Trap, type TrapOptions } from '../errors.ts';

import { isError } from './javascript-values.ts';
import { type CallScope, ResourceState } from './resource-state.ts';
import { BORROWED, HandleTable } from './table-state.ts';
import { asValueError } from './wrong-value.ts';

/** The instance may be entered. */
export const IDLE = 0;
/** A call is running in the instance, or in one of its children. */
export const ENTERED = 1;
/** A call trapped. `failure` is its error. */
export const POISONED = 2;

/** A resource type at run time, which a component instance or the host defines. */
export class RuntimeResource extends ResourceState<ComponentInstance> {}

/** The handles of an instance or of the host. */
export type Handles = HandleTable<RuntimeResource>;

/** The host's side of the calls into and out of one instance and its children. */
export interface Host {
  /** The handles that JavaScript holds with `resources: 'handles'`. */
  readonly handles: Handles;
  /** The objects that are lent by JavaScript or to it. Those of the innermost call come last. */
  readonly scope: CallScope;
  /** The instance that JavaScript created, and all instances in it. */
  readonly instances: ComponentInstance[];
  /** The maximum number of bytes that one call may lift. See `defaultMaxLiftedBytes`. */
  readonly maxLiftedBytes: number;
}

export class ComponentInstance {
  readonly parent: ComponentInstance | undefined;
  /** The instance that JavaScript created and that contains this instance. */
  readonly root: ComponentInstance;
  /** The state of the instance, which includes `may_enter`. */
  state: number = IDLE;
  /** True if the instance may call out (`may_leave`). It is false while `realloc` or `post-return` runs. */
  mayLeave: boolean = true;
  /** The number of borrows of the current task (`num_borrows`). The synchronous ABI has only one task at any time. */
  borrows: number = 0;
  readonly handles: Handles;
  /** The state that all instances of one `instantiate` call share. */
  readonly host: Host;
  /**
   * True if a call may have to wait, because the instance imports an asynchronous function, directly or through another
   * component.
   */
  mayWait: boolean = false;
  /** The last of the calls that take turns. Only root instances have it. */
  lastTurn: Promise<unknown> | undefined = undefined;
  /** The run-time resource types, by the slot that the linker assigned to each static resource type. */
  readonly resources: RuntimeResource[] = [];
  /** The error of the trap, if `state` is `POISONED`. */
  failure: unknown = undefined;

  constructor(parent: ComponentInstance | undefined, host: Host, maxHandles: number) {
    this.parent = parent;
    this.root = parent === undefined ? this : parent.root;
    this.host = host;
    host.instances.push(this);
    this.handles = new HandleTable(maxHandles, (message) => this.trap(message, { code: 'handles-exhausted' }));
  }

  /** Locks the instance down and returns the error to throw. */
  trap(message: string, options?: TrapOptions): Trap {
    const trap = new Trap(message, options);
    this.poison(trap);
    return trap;
  }

  /**
   * Locks the instance down. A core module with exception handling can catch errors of JavaScript, so this makes a trap
   * final. The guest can then no longer call out, and its result is ignored.
   */
  poison(failure: unknown): void {
    if (this.state === POISONED) return;
    this.state = POISONED;
    this.mayLeave = false;
    this.failure = failure;
    if (this.parent === undefined) runAfterCall(this, () => releaseHeld(this.host));
  }
}

/** Implements `enter_from(None)`. @throws Trap if the instance or one that contains it is running or has trapped. */
export function enterFromHost(instance: ComponentInstance): void {
  if (instance.parent === undefined && instance.state === IDLE) instance.state = ENTERED;
  else enterAll(instance);
}

function enterAll(instance: ComponentInstance): void {
  const all = selfAndAncestors(instance);
  for (const each of all) if (each.state !== IDLE) throw cannotEnter(each);
  for (const each of all) each.state = ENTERED;
}

/** Implements `leave_to(None)`. */
export function leaveToHost(instance: ComponentInstance): void {
  for (let each: ComponentInstance | undefined = instance; each !== undefined; each = each.parent) each.state = IDLE;
  if (deferred.length !== 0) runDeferred();
}

/**
 * Ends a call that failed. Returns the error to throw. If a value could not be lowered, the caller caused the error. In
 * this case the guest was not called, and can be entered again. The borrows that were lowered before that value are
 * removed here, and the caller of this function restores the own handles. Every other error is a trap.
 */
export function abandon(instance: ComponentInstance, error: unknown, isLowered: boolean): unknown {
  if (!isLowered && instance.state === ENTERED && !isGuestFault(error)) {
    instance.handles.removeBorrows();
    instance.borrows = 0;
    leaveToHost(instance);
    return error;
  }
  const failure = asFailure(error);
  for (let each: ComponentInstance | undefined = instance; each !== undefined; each = each.parent) each.poison(failure);
  runDeferred();
  return failure;
}

/** Runs a call into a root instance after all earlier calls into it have ended. */
export function takeTurn(root: ComponentInstance, call: () => unknown): Promise<unknown> {
  const turn = Promise.resolve(root.lastTurn).then(call);
  root.lastTurn = turn.catch(() => undefined);
  return turn;
}

/** Returns the trap for a call into an instance that is running, or that trapped before. */
export function cannotEnter(instance: ComponentInstance): Trap {
  if (instance.state !== POISONED) return new Trap('cannot enter component instance: a call is running in it');
  return new Trap('cannot enter component instance: an earlier call into it trapped', { cause: instance.failure });
}

/**
 * Returns the instances that a call from `caller` enters on its way into `callee` (`entering_set`). They are known when
 * the call is linked.
 *
 * Returns undefined if one of the two contains the other, or both are the same. *CanonicalABI.md* allows such calls
 * since it describes "donut wrapping", but in the suite's `trap-on-reenter` they trap "for now".
 */
export function enteringSet(
  callee: ComponentInstance,
  caller: ComponentInstance,
): readonly ComponentInstance[] | undefined {
  const callees = selfAndAncestors(callee);
  const callers = selfAndAncestors(caller);
  if (callees.includes(caller) || callers.includes(callee)) return undefined;
  return callees.filter((each) => !callers.includes(each));
}

/** Implements `self_and_ancestors`. */
export function selfAndAncestors(instance: ComponentInstance): ComponentInstance[] {
  const all: ComponentInstance[] = [];
  for (let each: ComponentInstance | undefined = instance; each !== undefined; each = each.parent) all.push(each);
  return all;
}

// Destructors, and the end of an instance ----------------------------------------------------------------------------

/**
 * Runs the destructor of a resource whose own handle JavaScript has dropped. If a call is running in the instance that
 * defines the resource, the destructor waits until that call has ended, because an import may drop a resource of its
 * caller. If that instance has trapped, its resources no longer exist.
 *
 * @throws Trap if the destructor traps. If the destructor had to wait, the next call into the instance reports the
 *   trap.
 */
export function destroyFromHost(type: RuntimeResource, rep: number): void {
  const { dtor, impl } = type;
  if (dtor === undefined) return;
  if (impl === undefined) {
    dtor(rep);
    return;
  }
  const { root } = impl;
  if (root.state === ENTERED) {
    if (root.lastTurn === undefined) runAfterCall(root, () => destroyQuietly(type, rep));
    else void takeTurn(root, () => destroyQuietly(type, rep));
    return;
  }
  if (root.state === POISONED || impl.state === POISONED) return;
  enterFromHost(impl);
  try {
    dtor(rep);
    if (impl.state !== ENTERED) throw impl.failure;
  } catch (error) {
    throw abandon(impl, error, true);
  }
  leaveToHost(impl);
}

/** Does the same as {@link destroyFromHost} if no caller can catch the error of the destructor. */
export function destroyQuietly(type: RuntimeResource, rep: number): void {
  try {
    destroyFromHost(type, rep);
  } catch {
    // If the instance has trapped, the next call into it reports the trap. An error of a `Symbol.dispose` of the host
    // is lost.
  }
}

/** Ends all instances of one `instantiate` call. Later calls into them trap with `failure` as the cause. */
export function endInstances({ instances }: Host, failure: unknown): void {
  for (const instance of instances) instance.poison(failure);
  runDeferred();
}

/** Drops the own handles of instances that have ended, if the host or another component implements the resource. */
function releaseHeld(host: Host): void {
  for (const { handles } of host.instances) {
    for (const [index, entry] of handles.entries.entries()) {
      const { info, type } = entry;
      if (type === undefined || type.impl?.host === host || (info & BORROWED) !== 0) continue;
      destroyQuietly(type, handles.remove(index, entry));
    }
  }
}

/** Tasks that wait until no call is running in a root instance. They do not throw. */
let deferred: { readonly root: ComponentInstance; readonly run: () => void }[] = [];
let isRunningDeferred = false;

function runAfterCall(root: ComponentInstance, run: () => void): void {
  deferred.push({ root, run });
}

/** Runs the tasks that no longer have to wait. It loops, because each destructor may add another task. */
function runDeferred(): void {
  if (isRunningDeferred) return;
  isRunningDeferred = true;
  try {
    for (;;) {
      const ready = deferred.filter(({ root }) => root.state !== ENTERED);
      if (ready.length === 0) return;
      deferred = deferred.filter(({ root }) => root.state === ENTERED);
      for (const { run } of ready) run();
    }
  } finally {
    isRunningDeferred = false;
  }
}

// Failures ---------------------------------------------------------------------------------------------------------

/**
 * Returns the error to throw for an error of a core call. Traps of the engine, exceptions of core modules
 * (`call_and_trap_on_throw`) and stack overflows become a {@link Trap}. Errors of host functions are unchanged.
 */
export function asFailure(error: unknown): unknown {
  return trapOf(error) ?? asValueError(error);
}

/** Returns whether the guest caused the error, as opposed to a value that the host passed. */
export function isGuestFault(error: unknown): boolean {
  return isTrap(error) || trapOf(error) !== undefined;
}

/** Converts an error of the engine to a trap. Engines have different texts for the same trap. */
function trapOf(error: unknown): Trap | undefined {
  const { Exception } = engine;
  if (Exception && error instanceof Exception) return new Trap('uncaught core exception', { cause: error });
  if (!isError(error)) return undefined;
  const { message, name } = error;
  if (error instanceof engine.RuntimeError) {
    const what = /unreachable/.test(message) ? 'wasm `unreachable` instruction executed' : message;
    return new Trap(`wasm trap: ${what}`, { cause: error });
  }
  // A start function or a destructor cannot wait for a promise of the host.
  if (name === 'SuspendError') return new Trap('cannot block a synchronous task before returning', { cause: error });
  // `InternalError` is the error of SpiderMonkey.
  if (/^RangeError.*call stack|^InternalError.*recursion/i.test(name + message)) {
    return new Trap('call stack exhausted', { code: 'stack-overflow', cause: error });
  }
  return undefined;
}
