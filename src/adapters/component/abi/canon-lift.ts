/** *CanonicalABI.md*, "`canon lift`": converts a core function to a component function that JavaScript calls. */
import { engine } from '../engine/web-assembly.ts';
import { ComponentError } from '../errors.ts';
import type { FunctionNode, Signature } from '../types/nodes.ts';
import { signatureOf } from '../types/signature.ts';
import type { Context, CoreFunction, CoreValue } from './canonical-options.ts';
import {
  abandon,
  type ComponentInstance,
  ENTERED,
  enterFromHost,
  type Handles,
  type Host,
  leaveToHost,
  takeTurn,
} from './component-instance.ts';
import { undoLowerOwn } from './resource-handles.ts';
import type { CallScope } from './resource-state.ts';
import type { Lower, Stager } from './staging.ts';
import {
  apply,
  checkedPointer,
  Failure,
  flatArguments,
  type HostResult,
  liftHostResult,
  liftOwnResult,
  lowerSimple,
  type SimpleParam,
  stageHostResult,
  stageLowerParams,
  stageSimpleParams,
} from './values.ts';
import { within, wrongArgument } from './wrong-value.ts';

/**
 * The stagers of the component that contains a canonical definition: `host` for calls between it and JavaScript, and
 * `direct` for calls between it and other components.
 */
export interface Stagers {
  readonly host: Stager;
  readonly direct: Stager;
}

/** The component function of a `canon lift`. Its type uses the types of the component that lifts it. */
export interface LiftedFunction {
  readonly kind: 'lifted';
  readonly type: FunctionNode;
  readonly stagers: Stagers;
  readonly context: Context;
  readonly core: CoreFunction;
  readonly postReturn: CoreFunction | undefined;
}

/** A function whose arguments and result are JavaScript values. */
export type HostCallable = (...args: unknown[]) => unknown;

/**
 * Returns whether a single call can both lend and consume the same handle. A handle inside a list or record may be of
 * any resource type here.
 */
export function lendsAndConsumes({ params }: FunctionNode): boolean {
  return params.some(
    ({ type: { borrow, resource: lent } }) =>
      borrow &&
      params.some(
        ({ type: { handle, kind, resource } }) =>
          handle && kind !== 'borrow' && (lent ?? resource) === (resource ?? lent),
      ),
  );
}

/**
 * A function of a component, with the state of its current call. Calls do not overlap, because an instance that is
 * running cannot be entered.
 */
interface Call {
  /** The name of the function in error messages. */
  readonly name: string;
  readonly signature: Signature;
  readonly instance: ComponentInstance;
  readonly context: Context;
  readonly core: CoreFunction;
  readonly result: HostResult;
  readonly postReturn: CoreFunction | undefined;
  /** The parameters, if they are lowered one by one. */
  readonly params: readonly SimpleParam[] | undefined;
  /** The core arguments. */
  readonly flat: CoreValue[];
  /** The number of arguments that are lowered. */
  lowered: number;
}

function callOf(lifted: LiftedFunction, name: string, isSimple: boolean): Call {
  const { context, core, postReturn, stagers } = lifted;
  const signature = signatureOf(lifted.type);
  return {
    name,
    signature,
    instance: context.instance,
    context,
    core,
    result: stageHostResult(stagers.host, signature),
    postReturn,
    params: isSimple ? stageSimpleParams(stagers.host, signature) : undefined,
    flat: flatArguments(signature),
    lowered: 0,
  };
}

/** Lowers the arguments, counts them in `call.lowered`, and calls the core function. */
type Invoke = (a?: unknown, b?: unknown, c?: unknown, d?: unknown) => CoreValue | undefined;

/** Returns the function that JavaScript calls. */
export function callableOf(lifted: LiftedFunction, name: string): HostCallable {
  const signature = signatureOf(lifted.type);
  const call = callOf(lifted, name, signature.isSimple);
  const { host } = call.instance;
  const callable = synchronousCall(call, lifted);
  return signature.lendsHandles && host.handles.isObserved ? endingLends(callable, host.handles, host) : callable;
}

function synchronousCall(call: Call, lifted: LiftedFunction): HostCallable {
  const { params, result } = call;
  if (params === undefined) return generalCall(call, lifted);
  const [param0, param1] = params;
  const isTransition = params.length === 2 && result.ownAt >= 0 && !param1!.isOwn;
  return isTransition ? transitionCall(call, param0!, param1!) : calling(call, simpleInvoke(call, params));
}

/** Enters the instance, calls, lifts the result and leaves. */
function calling(call: Call, invoke: Invoke): (a?: unknown, b?: unknown, c?: unknown, d?: unknown) => unknown {
  const { instance } = call;
  return (a, b, c, d) => {
    enterFromHost(instance);
    call.lowered = 0;
    let value: unknown;
    try {
      value = finish(call, invoke(a, b, c, d));
    } catch (error) {
      throw endFailedCall(call, error, [a, b, c, d]);
    }
    return unwrap(value);
  };
}

/** Throws a top-level `error` as an exception (*Explainer.md*, "JS API"). */
function unwrap(value: unknown): unknown {
  if (value instanceof Failure) throw new ComponentError(value.payload);
  return value;
}

/** Lifts the result, checks that borrows were dropped, and runs `post-return`. */
function finish({ instance, context, result, postReturn }: Call, value: CoreValue | undefined): unknown {
  if (instance.state !== ENTERED) throw instance.failure;
  const lifted = liftHostResult(context, result, value);
  endTask(instance);
  if (postReturn !== undefined) callPostReturn(instance, postReturn, value);
  leaveToHost(instance);
  return lifted;
}

/** Checks that the guest has dropped the handles that it borrowed (`Task.return_`). */
export function endTask(instance: ComponentInstance): void {
  if (instance.borrows !== 0) throw instance.trap('borrow handles still remain at the end of the call');
}

export function callPostReturn(
  instance: ComponentInstance,
  postReturn: CoreFunction,
  result: CoreValue | undefined,
): void {
  instance.mayLeave = false;
  if (result === undefined) postReturn();
  else postReturn(result);
  if (instance.state !== ENTERED) throw instance.failure;
  instance.mayLeave = true;
}

/** Ends a call that failed. Undoes `lower_own` if not all arguments were lowered. Returns the error to throw. */
function endFailedCall(call: Call, error: unknown, args: readonly unknown[]): unknown {
  const { context, flat, instance, lowered, name, params, signature } = call;
  if (lowered === signature.params.length) return abandon(instance, error, true);
  if (params === undefined) return abandon(instance, wrongArgument(error, name), false);
  for (let index = lowered - 1; index >= 0; index--) {
    if (params[index]!.isOwn) undoLowerOwn(context, flat[index] as number, args[index]);
  }
  return abandon(instance, wrongArgument(within(error, signature.names[lowered]!), name), false);
}

/**
 * Does the same as {@link calling}, for a function from state to state. Such a function has two arguments, and its
 * result is a handle or an error. The code for handles is repeated here, because `evolve` would be a fifth slower
 * otherwise.
 */
function transitionCall(call: Call, param0: SimpleParam, param1: SimpleParam): HostCallable {
  const { core, context: cx, flat, instance, postReturn, result } = call;
  const { alignment, size, ownAt } = result;
  return (a, b) => {
    enterFromHost(instance);
    let lowered = 0;
    let value: unknown;
    let x: CoreValue = 0;
    try {
      x = lowerSimple(cx, param0, a);
      lowered = 1;
      const y = lowerSimple(cx, param1, b);
      lowered = 2;
      const pointer = core(x, y);
      if (instance.state !== ENTERED) throw instance.failure;
      const ptr = checkedPointer(cx, pointer, alignment, size);
      const { view } = cx.memory;
      if (view.getUint8(ptr) !== 0) value = finish(call, pointer);
      else {
        value = liftOwnResult(cx, result, view.getInt32(ptr + ownAt, true));
        endTask(instance);
        if (postReturn !== undefined) callPostReturn(instance, postReturn, ptr);
        leaveToHost(instance);
        return value;
      }
    } catch (error) {
      call.lowered = lowered;
      flat[0] = x;
      throw endFailedCall(call, error, [a, b]);
    }
    return unwrap(value);
  };
}

/**
 * Returns the call of a core function with one core argument for each of at most four parameters. Such a call does not
 * need an array of arguments.
 */
function simpleInvoke(call: Call, [param0, param1, param2, param3]: readonly SimpleParam[]): Invoke {
  const { core } = call;
  if (param0 === undefined) return () => core();
  if (param1 === undefined) return (a) => core(lowerNext(call, param0, a));
  if (param2 === undefined) {
    return (a, b) => {
      const x = lowerNext(call, param0, a);
      return core(x, lowerNext(call, param1, b));
    };
  }
  return (a, b, c, d) => {
    const x = lowerNext(call, param0, a);
    const y = lowerNext(call, param1, b);
    const z = lowerNext(call, param2, c);
    return param3 === undefined ? core(x, y, z) : core(x, y, z, lowerNext(call, param3, d));
  };
}

/** Lowers the next argument. Keeps its core value in case a later argument cannot be lowered. */
function lowerNext(call: Call, param: SimpleParam, value: unknown): CoreValue {
  const lowered = lowerSimple(call.context, param, value);
  call.flat[call.lowered++] = lowered;
  return lowered;
}

function generalCall(call: Call, { stagers: { host } }: LiftedFunction): HostCallable {
  const { core, context, flat, signature } = call;
  const [first] = signature.params;
  const count = signature.params.length;
  if (count !== 1 || first!.handle || signature.spillsParams) {
    const lowerAll = stageLowerParams(host, signature);
    const callWith = calling(call, (args) => {
      lowerAll(context, args as readonly unknown[], flat);
      call.lowered = count;
      return apply(core, flat);
    });
    return (...args) => callWith(args);
  }
  // With one parameter, no array of arguments is needed either.
  let lower: Lower | undefined;
  return calling(call, (value) => {
    try {
      (lower ??= host.lower(first!))(context, value, flat, 0);
    } catch (error) {
      throw within(error, signature.names[0]!);
    }
    call.lowered = 1;
    return apply(core, flat);
  });
}

/**
 * Ends the lends of a call when the call ends, with a result or an error, synchronously or not
 * (`Subtask.deliver_resolve`, for the caller). It covers the handles of a table and the objects of JavaScript.
 */
export function endingLends<Arg>(
  call: (...args: Arg[]) => unknown,
  handles: Handles,
  { scope }: Host,
): (...args: Arg[]) => unknown {
  return (a, b, c, d, ...more) => {
    const lends = handles.lenders.length;
    const objects = scope.length;
    let result: unknown;
    try {
      result = more.length === 0 ? call(a!, b!, c!, d!) : call(a!, b!, c!, d!, ...more);
      return result;
    } finally {
      if (result instanceof Promise) {
        const end = (): void => endLends(handles, scope, lends, objects);
        result.then(end, end);
      } else endLends(handles, scope, lends, objects);
    }
  };
}

function endLends(handles: Handles, scope: CallScope, lends: number, objects: number): void {
  handles.endLends(lends);
  while (scope.length > objects) scope.pop()!.release();
}

// Calls that wait --------------------------------------------------------------------------------------------------

/**
 * Returns the function that JavaScript calls for an `async func`, or for any function of an instance that may have to
 * wait for the host. If the engine has JavaScript promise integration, it suspends the guest while it waits.
 */
export function promisingCallableOf(lifted: LiftedFunction, name: string): HostCallable {
  const { root } = lifted.context.instance;
  const start = promisingCore(lifted, root);
  if (start === undefined) {
    const call = callableOf(lifted, name);
    return async (...args) => call(...args);
  }
  const call = callOf(lifted, name, false);
  const { context, flat, instance, signature } = call;
  const { host } = instance;
  const lowerAll = stageLowerParams(lifted.stagers.host, signature);
  const callAndWait = async (args: readonly unknown[]): Promise<unknown> => {
    enterFromHost(instance);
    call.lowered = 0;
    try {
      lowerAll(context, args, flat);
      call.lowered = signature.params.length;
      return finish(call, (await start(...flat)) as CoreValue | undefined);
    } catch (error) {
      throw endFailedCall(call, error, args);
    }
  };
  const callToEnd = endingLends(callAndWait, host.handles, host);
  return async (...args) => unwrap(await takeTurn(root, () => callToEnd(args)));
}

/** A core function that returns its result or a promise of it. */
export type WaitingFunction = (...flat: CoreValue[]) => unknown;

/**
 * The JavaScript functions inside `WebAssembly.Suspending` functions, which JavaScript cannot call. They are needed if
 * a component lifts a function that it lowered.
 */
export const waitingFunctions: WeakMap<object, WaitingFunction> = new WeakMap();

/**
 * Returns a version of the core function that returns a promise. Returns undefined if the engine has no promise
 * integration, or if nothing in `inside` may have to wait. (A separate stack costs more than a small call.)
 */
export function promisingCore(
  { core }: LiftedFunction,
  inside: ComponentInstance,
): ((...values: CoreValue[]) => Promise<unknown>) | undefined {
  if (!inside.mayWait) return undefined;
  try {
    return engine.promising?.(core);
  } catch {
    const call = waitingFunctions.get(core) ?? core;
    return async (...values) => call(...values);
  }
}
