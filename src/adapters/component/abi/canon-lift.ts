/**
 * *CanonicalABI.md*, "`canon lift`": a core function becomes a component function, and JavaScript calls it.
 */
import { engine } from '../engine.ts';
import { ComponentError } from '../errors.ts';
import type { FunctionType } from '../types.ts';
import type { Context, CoreFunction, CoreValue } from './canonical-options.ts';
import { asFailure, type ComponentInstance, ENTERED, type Host, IDLE, isGuestFault } from './component-instance.ts';
import type { LiftOne } from './flat-lifting.ts';
import type { Stager } from './stager.ts';
import {
  apply,
  Failure,
  lowerSimple,
  type Signature,
  signatureOf,
  stageLiftResultForHost,
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
  const call = callOf(lifted);
  return signatureOf(lifted.type).isSimple ? simpleCall(call) : generalCall(call);
}

/** What each call of one function needs. */
interface Call {
  readonly lifted: LiftedFunction;
  readonly signature: Signature;
  readonly instance: ComponentInstance;
  readonly context: Context;
  readonly core: CoreFunction;
  readonly lift: LiftOne;
  readonly postReturn: CoreFunction | undefined;
  readonly host: Host;
}

function callOf(lifted: LiftedFunction): Call {
  const { context, core, postReturn } = lifted;
  const { instance } = context;
  const signature = signatureOf(lifted.type);
  const lift = stageLiftResultForHost(lifted.stagers.host, signature);
  return { lifted, signature, instance, context, core, lift, postReturn, host: instance.host };
}

/** What comes after the core call: the result is lifted, borrows are accounted for, `post-return` runs. */
function finish({ instance, context, lift, postReturn }: Call, result: CoreValue | undefined): unknown {
  if (instance.state !== ENTERED) throw instance.failure;
  const value = lift(context, result);
  endTask(instance);
  if (postReturn !== undefined) callPostReturn(instance, postReturn, result);
  if (instance.parent === undefined) instance.state = IDLE;
  else instance.leaveToHost();
  return value;
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

/** For the usual small functions: one core argument per parameter, no arrays. */
function simpleCall(call: Call): HostCallable {
  const { core, context: cx, instance, host, lifted, signature } = call;
  const { lendsHandles } = signature;
  const { scope } = host;
  const { lenders } = host.handles;
  const params = stageSimpleParams(lifted.stagers.host, signature);
  const count = params.length;
  const [param0, param1, param2, param3] = params;
  return (a, b, c, d) => {
    enter(instance);
    const lends = lenders.length;
    const objects = scope.length;
    let isLowered = false;
    let value: unknown;
    try {
      if (count === 0) {
        isLowered = true;
        value = finish(call, core());
      } else {
        const x = lowerSimple(cx, param0!, a);
        if (count === 1) {
          isLowered = true;
          value = finish(call, core(x));
        } else {
          const y = lowerSimple(cx, param1!, b);
          if (count === 2) {
            isLowered = true;
            value = finish(call, core(x, y));
          } else {
            const z = lowerSimple(cx, param2!, c);
            const w = param3 === undefined ? undefined : lowerSimple(cx, param3, d);
            isLowered = true;
            value = finish(call, w === undefined ? core(x, y, z) : core(x, y, z, w));
          }
        }
      }
    } catch (error) {
      endLends(host, lends, objects);
      throw abandon(instance, error, isLowered);
    }
    if (lendsHandles) endLends(host, lends, objects);
    if (value instanceof Failure) throw new ComponentError(value.payload);
    return value;
  };
}

function generalCall(call: Call): HostCallable {
  const { core, context: cx, instance, host, lifted, signature } = call;
  const lowerAll = stageLowerParams(lifted.stagers.host, signature);
  return (...args) => {
    enter(instance);
    const lends = host.handles.lenders.length;
    const objects = host.scope.length;
    let isLowered = false;
    let value: unknown;
    try {
      const flat = lowerAll(cx, args);
      isLowered = true;
      value = finish(call, apply(core, flat));
    } catch (error) {
      throw abandon(instance, error, isLowered);
    } finally {
      endLends(host, lends, objects);
    }
    if (value instanceof Failure) throw new ComponentError(value.payload);
    return value;
  };
}

/** The host's part of `Subtask.deliver_resolve`: what it lent for the call is its own again, however the call ended. */
function endLends({ handles, scope }: Host, lends: number, objects: number): void {
  handles.endLends(lends);
  while (scope.length > objects) scope.pop()!.release();
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
  const call = callOf(lifted);
  const { context, core, instance, host, signature } = call;
  const lowerAll = stageLowerParams(lifted.stagers.host, signature);
  const start = promising(core);
  const callAndWait = async (args: readonly unknown[]): Promise<unknown> => {
    enter(instance);
    const lends = host.handles.lenders.length;
    const objects = host.scope.length;
    let isLowered = false;
    try {
      const flat = lowerAll(context, args);
      isLowered = true;
      return finish(call, (await start(...flat)) as CoreValue | undefined);
    } catch (error) {
      throw abandon(instance, error, isLowered);
    } finally {
      endLends(host, lends, objects);
    }
  };
  const root = rootOf(instance);
  return async (...args) => {
    const turn = (lastCalls.get(root) ?? Promise.resolve()).then(() => callAndWait(args));
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
