/**
 * *CanonicalABI.md*, "`canon lift`": a core function becomes a component function, and JavaScript calls it.
 */
import { engine } from '../engine.ts';
import { ComponentError } from '../errors.ts';
import type { FunctionType } from '../types.ts';
import type { Context, CoreFunction, CoreValue } from './canonical-options.ts';
import { asFailure, type ComponentInstance, ENTERED, IDLE, isGuestFault } from './component-instance.ts';
import type { Stager } from './stager.ts';
import {
  apply,
  Failure,
  signatureOf,
  stageLiftResultForHost,
  stageLowerParams,
  stageLowerSimpleParams,
} from './values.ts';

/** One stager for each way in which values pass; they belong to the component that contains the definitions. */
export interface Stagers {
  readonly host: Stager;
  readonly direct: Stager;
}

/** A component function made by `canon lift`. Its type is in terms of the component that lifts it. */
export interface LiftedFunction {
  readonly kind: 'lifted';
  readonly type: FunctionType;
  readonly stagers: Stagers;
  readonly context: Context;
  readonly core: CoreFunction;
  readonly postReturn: CoreFunction | undefined;
}

/** A function as JavaScript calls it. */
export type HostCallable = (...args: unknown[]) => unknown;

/** The function that JavaScript sees. */
export function callableOf(lifted: LiftedFunction): HostCallable {
  const signature = signatureOf(lifted.type);
  const { stagers, context } = lifted;
  const finish = finishing(lifted);
  const call = signature.isSimple
    ? simpleCall(lifted.core, context, stageLowerSimpleParams(stagers.host, signature), finish)
    : generalCall(lifted.core, context, stageLowerParams(stagers.host, signature), finish);
  const lending = signature.lendsHandles ? endingLends(call, context.instance) : call;
  return signature.result?.kind === 'result' ? throwingFailures(lending) : lending;
}

/** What comes after the core call: the result is lifted, borrows are accounted for, `post-return` runs. */
function finishing({ type, stagers, context, postReturn }: LiftedFunction): (result: CoreValue | undefined) => unknown {
  const lift = stageLiftResultForHost(stagers.host, signatureOf(type));
  const { instance } = context;
  return (result) => {
    if (instance.state !== ENTERED) throw instance.failure;
    const value = lift(context, result);
    endTask(instance);
    if (postReturn !== undefined) callPostReturn(instance, postReturn, result);
    if (instance.parent === undefined) instance.state = IDLE;
    else instance.leaveToHost();
    return value;
  };
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

function enter(instance: ComponentInstance): void {
  if (instance.parent === undefined && instance.state === IDLE) instance.state = ENTERED;
  else instance.enterFromHost();
}

/**
 * What to throw out of a call. A value that could not be lowered is the host's fault: nothing of the guest has gone
 * wrong then, and it can be entered again. All else is a trap.
 */
function abandon(instance: ComponentInstance, error: unknown, isLowered: boolean): unknown {
  if (!isLowered && instance.state === ENTERED && !isGuestFault(error)) {
    instance.leaveToHost();
    return error;
  }
  const failure = asFailure(error);
  for (let each: ComponentInstance | undefined = instance; each !== undefined; each = each.parent) each.poison(failure);
  return failure;
}

type LowerSimple = ReturnType<typeof stageLowerSimpleParams>;

/** For the usual small functions: one core argument per parameter, no arrays. */
function simpleCall(
  core: CoreFunction,
  cx: Context,
  lowers: LowerSimple,
  finish: (result: CoreValue | undefined) => unknown,
): HostCallable {
  const { instance } = cx;
  const [lower0, lower1, lower2, lower3] = lowers;
  if (lower0 === undefined) {
    return () => {
      enter(instance);
      try {
        return finish(core());
      } catch (error) {
        throw abandon(instance, error, true);
      }
    };
  }
  if (lower1 === undefined) {
    return (a) => {
      enter(instance);
      let isLowered = false;
      try {
        const x = lower0(cx, a);
        isLowered = true;
        return finish(core(x));
      } catch (error) {
        throw abandon(instance, error, isLowered);
      }
    };
  }
  if (lower2 === undefined) {
    return (a, b) => {
      enter(instance);
      let isLowered = false;
      try {
        const x = lower0(cx, a);
        const y = lower1(cx, b);
        isLowered = true;
        return finish(core(x, y));
      } catch (error) {
        throw abandon(instance, error, isLowered);
      }
    };
  }
  return (a, b, c, d) => {
    enter(instance);
    let isLowered = false;
    try {
      const x = lower0(cx, a);
      const y = lower1(cx, b);
      const z = lower2(cx, c);
      const w = lower3?.(cx, d);
      isLowered = true;
      return finish(w === undefined ? core(x, y, z) : core(x, y, z, w));
    } catch (error) {
      throw abandon(instance, error, isLowered);
    }
  };
}

function generalCall(
  core: CoreFunction,
  cx: Context,
  lowerAll: (cx: Context, values: readonly unknown[]) => CoreValue[],
  finish: (result: CoreValue | undefined) => unknown,
): HostCallable {
  const { instance } = cx;
  return (...args) => {
    enter(instance);
    let isLowered = false;
    try {
      const flat = lowerAll(cx, args);
      isLowered = true;
      return finish(apply(core, flat));
    } catch (error) {
      throw abandon(instance, error, isLowered);
    }
  };
}

/** The host's part of `Subtask.deliver_resolve`: what it lent for the call is its own again, however the call ended. */
function endingLends(call: HostCallable, instance: ComponentInstance): HostCallable {
  const { handles, scope } = instance.host;
  return (a, b, c, d, ...more) => {
    const lends = handles.lenders.length;
    const objects = scope.length;
    try {
      return more.length === 0 ? call(a, b, c, d) : call(a, b, c, d, ...more);
    } finally {
      handles.endLends(lends);
      while (scope.length > objects) scope.pop()!.release();
    }
  };
}

/** *Explainer.md*, "JS API": a top-level `error` is a thrown exception. */
function throwingFailures(call: HostCallable): HostCallable {
  return (a, b, c, d, ...more) => {
    const value = more.length === 0 ? call(a, b, c, d) : call(a, b, c, d, ...more);
    if (value instanceof Failure) throw new ComponentError(value.payload);
    return value;
  };
}

// Calls that wait --------------------------------------------------------------------------------------------------

/** The last asynchronous call into each root instance: calls into one instance take turns. */
const lastCalls = new WeakMap<object, Promise<unknown>>();

/**
 * The function that JavaScript sees of an `async func`, or of any function of an instance that may have to wait for the
 * host. Where the engine has JavaScript promise integration, the guest is suspended while it waits.
 */
export function promisingCallableOf(lifted: LiftedFunction): HostCallable {
  const { promising } = engine;
  if (promising === undefined) {
    const call = callableOf(lifted);
    return async (...args) => call(...args);
  }
  const signature = signatureOf(lifted.type);
  const { stagers, context, core } = lifted;
  const { instance } = context;
  const lowerAll = stageLowerParams(stagers.host, signature);
  const finish = finishing(lifted);
  const start = promising(core);
  const { handles, scope } = instance.host;
  const call = async (args: readonly unknown[]): Promise<unknown> => {
    enter(instance);
    const lends = handles.lenders.length;
    const objects = scope.length;
    let isLowered = false;
    try {
      const flat = lowerAll(context, args);
      isLowered = true;
      return finish((await start(...flat)) as CoreValue | undefined);
    } catch (error) {
      throw abandon(instance, error, isLowered);
    } finally {
      handles.endLends(lends);
      while (scope.length > objects) scope.pop()!.release();
    }
  };
  const root = rootOf(instance);
  return async (...args) => {
    const turn = (lastCalls.get(root) ?? Promise.resolve()).then(() => call(args));
    lastCalls.set(
      root,
      turn.catch(() => undefined),
    );
    const value = await turn;
    if (value instanceof Failure) throw new ComponentError(value.payload);
    return value;
  };
}

function rootOf(instance: ComponentInstance): ComponentInstance {
  return instance.parent === undefined ? instance : rootOf(instance.parent);
}
