/**
 * *CanonicalABI.md*, "`canon lift`": a core function becomes a component function, and JavaScript calls it.
 */
import { engine } from '../engine/web-assembly.ts';
import { ComponentError } from '../errors.ts';
import type { FunctionNode } from '../types/extern-type.ts';
import type { Context, CoreFunction, CoreValue } from './canonical-options.ts';
import {
  abandon,
  type ComponentInstance,
  ENTERED,
  enterFromHost,
  type Host,
  leaveToHost,
  takeTurn,
} from './component-instance.ts';
import { undoLowerOwn } from './resource-handles.ts';
import type { CallScope, HandleTable } from './runtime-state.ts';
import type { Lower, Stager } from './stager.ts';
import {
  apply,
  checkedPointer,
  Failure,
  flatArguments,
  type HostResult,
  liftHostResult,
  liftOwnResult,
  lowerSimple,
  type Signature,
  type SimpleParam,
  signatureOf,
  stageHostResult,
  stageLowerParams,
  stageSimpleParams,
} from './values.ts';

/** One stager for each way in which values pass; they belong to the component that contains the definitions. */
export interface Stagers {
  readonly host: Stager;
  readonly direct: Stager;
}

/** A component function made by `canon lift`. Its type is in terms of the component that lifts it. */
export interface LiftedFunction {
  readonly kind: 'lifted';
  readonly type: FunctionNode;
  readonly stagers: Stagers;
  readonly context: Context;
  readonly core: CoreFunction;
  readonly postReturn: CoreFunction | undefined;
}

/** A function as JavaScript calls it. */
export type HostCallable = (...args: unknown[]) => unknown;

/** The function that JavaScript sees. */
export function callableOf(lifted: LiftedFunction): HostCallable {
  const call = callOf(lifted);
  const { signature, host } = call;
  const callable = simpleCall(call) ?? generalCall(call);
  return signature.lendsHandles && host.handles.isObserved ? endingLends(callable, host.handles, host) : callable;
}

/** Whether one handle may be lent by a call and given away by the same. Of what is in lists and records, it may be any. */
export function mayGiveWhatItLends({ params }: FunctionNode): boolean {
  return params.some(
    ({ type: { borrow, resource: lent } }) =>
      borrow &&
      params.some(
        ({ type: { handle, kind, resource } }) =>
          handle && kind !== 'borrow' && (lent ?? resource) === (resource ?? lent),
      ),
  );
}

/** What each call of one function needs. */
interface Call {
  readonly lifted: LiftedFunction;
  readonly signature: Signature;
  readonly instance: ComponentInstance;
  readonly context: Context;
  readonly core: CoreFunction;
  readonly result: HostResult;
  readonly postReturn: CoreFunction | undefined;
  readonly host: Host;
}

function callOf(lifted: LiftedFunction): Call {
  const { context, core, postReturn } = lifted;
  const { instance } = context;
  const signature = signatureOf(lifted.type);
  const result = stageHostResult(lifted.stagers.host, signature);
  return { lifted, signature, instance, context, core, result, postReturn, host: instance.host };
}

/** What comes after the core call: the result is lifted, borrows are accounted for, `post-return` runs. */
function finish({ instance, context, result, postReturn }: Call, value: CoreValue | undefined): unknown {
  if (instance.state !== ENTERED) throw instance.failure;
  const lifted = liftHostResult(context, result, value);
  endTask(instance);
  if (postReturn !== undefined) callPostReturn(instance, postReturn, value);
  leaveToHost(instance);
  return lifted;
}

/** `Task.return_`: what was borrowed has been dropped. */
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

/**
 * For the usual small functions: one core argument per parameter, no arrays. There is one function for each number of
 * parameters, since the engine makes one straight piece of code of a short function only. Undefined for other functions, and
 * for those that may have to give back what they were given.
 */
function simpleCall(call: Call): HostCallable | undefined {
  const { core, context: cx, instance, lifted, result, signature } = call;
  if (!signature.isSimple) return undefined;
  const [param0, param1, param2, param3] = stageSimpleParams(lifted.stagers.host, signature);
  if (param0 === undefined) {
    return () => {
      enterFromHost(instance);
      let value: unknown;
      try {
        value = finish(call, core());
      } catch (error) {
        throw abandon(instance, error, true);
      }
      return unwrap(value);
    };
  }
  if (param1 === undefined) {
    return (a) => {
      enterFromHost(instance);
      let isLowered = false;
      let value: unknown;
      try {
        const x = lowerSimple(cx, param0, a);
        isLowered = true;
        value = finish(call, core(x));
      } catch (error) {
        throw abandon(instance, error, isLowered);
      }
      return unwrap(value);
    };
  }
  if (param2 === undefined && result.ownAt >= 0 && !param1.isOwn) return transitionCall(call, param0, param1);
  if (param0.isOwn || param1.isOwn || param2?.isOwn) return undefined;
  if (param2 === undefined) {
    return (a, b) => {
      enterFromHost(instance);
      let isLowered = false;
      let value: unknown;
      try {
        const x = lowerSimple(cx, param0, a);
        const y = lowerSimple(cx, param1, b);
        isLowered = true;
        value = finish(call, core(x, y));
      } catch (error) {
        throw abandon(instance, error, isLowered);
      }
      return unwrap(value);
    };
  }
  return (a, b, c, d) => {
    enterFromHost(instance);
    let isLowered = false;
    let value: unknown;
    try {
      const x = lowerSimple(cx, param0, a);
      const y = lowerSimple(cx, param1, b);
      const z = lowerSimple(cx, param2, c);
      const w = param3 === undefined ? undefined : lowerSimple(cx, param3, d);
      isLowered = true;
      value = finish(call, w === undefined ? core(x, y, z) : core(x, y, z, w));
    } catch (error) {
      throw abandon(instance, error, isLowered);
    }
    return unwrap(value);
  };
}

/**
 * The same for what goes from one state to the next: two arguments, and a handle as a number or an error as its result.
 * Everything of it is here, and nothing is a call to what other functions call too: engines make that twice as fast.
 */
function transitionCall(call: Call, param0: SimpleParam, param1: SimpleParam): HostCallable {
  const { core, context: cx, instance, postReturn, result } = call;
  const { alignment, size, ownAt } = result;
  return (a, b) => {
    enterFromHost(instance);
    let isLowered = false;
    let value: unknown;
    let x: CoreValue | undefined;
    try {
      x = lowerSimple(cx, param0, a);
      const y = lowerSimple(cx, param1, b);
      isLowered = true;
      const pointer = core(x, y);
      if (instance.state !== ENTERED) throw instance.failure;
      const ptr = checkedPointer(cx, pointer, alignment, size);
      const { view } = cx.memory;
      if (view.getUint8(ptr) !== 0) value = finish(call, pointer);
      else {
        value = liftOwnResult(cx, result, view.getInt32(ptr + ownAt, true));
        endTask(instance);
        if (postReturn !== undefined) {
          instance.mayLeave = false;
          postReturn(ptr);
          if (instance.state !== ENTERED) throw instance.failure;
          instance.mayLeave = true;
        }
        leaveToHost(instance);
        return value;
      }
    } catch (error) {
      if (!isLowered && param0.isOwn && x !== undefined) undoLowerOwn(cx, x as number, a);
      throw abandon(instance, error, isLowered);
    }
    return unwrap(value);
  };
}

/** *Explainer.md*, "JS API": a top-level `error` is a thrown exception. */
function unwrap(value: unknown): unknown {
  if (value instanceof Failure) throw new ComponentError(value.payload);
  return value;
}

function generalCall(call: Call): HostCallable {
  const { lifted, signature } = call;
  const { host } = lifted.stagers;
  if (signature.params.length !== 1 || signature.params[0]!.handle || signature.spillsParams) {
    const callWith = lowering(call, stageLowerParams(host, signature));
    return (...args) => callWith(args);
  }
  let lower: Lower | undefined;
  return lowering(call, (cx, value, flat) => (lower ??= host.lower(signature.params[0]!))(cx, value, flat, 0));
}

function lowering<Args>(
  call: Call,
  lower: (cx: Context, args: Args, flat: CoreValue[]) => void,
): (args: Args) => unknown {
  const { core, context: cx, instance, signature } = call;
  const flat = flatArguments(signature);
  return (args) => {
    enterFromHost(instance);
    let isLowered = false;
    let value: unknown;
    try {
      lower(cx, args, flat);
      isLowered = true;
      value = finish(call, apply(core, flat));
    } catch (error) {
      throw abandon(instance, error, isLowered);
    }
    return unwrap(value);
  };
}

/**
 * `Subtask.deliver_resolve`, the caller's part: what was lent for a call, of these handles and of JavaScript's objects, is
 * the caller's own again, however the call ended and however long it took.
 */
export function endingLends<Arg>(
  call: (...args: Arg[]) => unknown,
  handles: HandleTable,
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

function endLends(handles: HandleTable, scope: CallScope, lends: number, objects: number): void {
  handles.endLends(lends);
  while (scope.length > objects) scope.pop()!.release();
}

// Calls that wait --------------------------------------------------------------------------------------------------

/**
 * The function that JavaScript sees of an `async func`, or of any function of an instance that may have to wait for the
 * host. Where the engine has JavaScript promise integration, the guest is suspended while it waits.
 */
export function promisingCallableOf(lifted: LiftedFunction): HostCallable {
  const { root } = lifted.context.instance;
  const start = startOf(lifted, root);
  if (start === undefined) {
    const call = callableOf(lifted);
    return async (...args) => call(...args);
  }
  const call = callOf(lifted);
  const { context, instance, host, signature } = call;
  const lowerAll = stageLowerParams(lifted.stagers.host, signature);
  const flat = flatArguments(signature);
  const callAndWait = async (args: readonly unknown[]): Promise<unknown> => {
    enterFromHost(instance);
    let isLowered = false;
    try {
      lowerAll(context, args, flat);
      isLowered = true;
      return finish(call, (await start(...flat)) as CoreValue | undefined);
    } catch (error) {
      throw abandon(instance, error, isLowered);
    }
  };
  const callToEnd = endingLends(callAndWait, host.handles, host);
  return async (...args) => unwrap(await takeTurn(root, () => callToEnd(args)));
}

/** A core function that gives its result, or a promise of it. */
export type WaitingFunction = (...flat: CoreValue[]) => unknown;

/** What is behind the functions that engines suspend, which JavaScript cannot call: a component may lift what it lowered. */
export const waitingFunctions: WeakMap<object, WaitingFunction> = new WeakMap();

/**
 * The core function as one that gives a promise. Undefined without promise integration, and where nothing in `inside` may
 * have to wait: a stack of its own costs more than a small call.
 */
export function startOf(
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
