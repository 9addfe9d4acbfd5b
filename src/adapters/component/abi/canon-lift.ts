/**
 * *CanonicalABI.md*, "`canon lift`": a core function becomes a component function, and JavaScript calls it.
 */
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
export function callableOf(lifted: LiftedFunction, name: string): HostCallable {
  const call = callOf(lifted, name);
  const { signature, host } = call;
  const callable = simpleCall(call) ?? generalCall(call);
  return signature.lendsHandles && host.handles.isObserved ? endingLends(callable, host.handles, host) : callable;
}

/** Whether one handle may be lent by a call and given away by the same. Of what is in lists and records, it may be any. */
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

/** What each call of one function needs. */
interface Call {
  /** For messages. */
  readonly name: string;
  readonly lifted: LiftedFunction;
  readonly signature: Signature;
  readonly instance: ComponentInstance;
  readonly context: Context;
  readonly core: CoreFunction;
  readonly result: HostResult;
  readonly postReturn: CoreFunction | undefined;
  readonly host: Host;
}

function callOf(lifted: LiftedFunction, name: string): Call {
  const { context, core, postReturn } = lifted;
  const { instance } = context;
  const signature = signatureOf(lifted.type);
  const result = stageHostResult(lifted.stagers.host, signature);
  return { name, lifted, signature, instance, context, core, result, postReturn, host: instance.host };
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

/** Ends a call that failed when so many of its arguments were lowered. Returns the error to throw. */
function failed({ instance, name, signature }: Call, error: unknown, lowered: number): unknown {
  const isLowered = lowered === signature.params.length;
  return abandon(instance, isLowered ? error : wrongArgument(error, name), isLowered);
}

/** The usual small functions: one core argument for each parameter, and no arrays. Undefined for other functions. */
function simpleCall(call: Call): HostCallable | undefined {
  const { core, context: cx, instance, lifted, signature } = call;
  if (!signature.isSimple) return undefined;
  const params = stageSimpleParams(lifted.stagers.host, signature);
  const [param0, param1, param2, param3] = params;
  if (params.length === 2 && call.result.ownAt >= 0 && !param1!.isOwn) return transitionCall(call, param0!, param1!);
  const mayUndo = params.some(({ isOwn }) => isOwn);
  return (a, b, c, d) => {
    enterFromHost(instance);
    let lowered = 0;
    let x: CoreValue = 0;
    let y: CoreValue = 0;
    let z: CoreValue = 0;
    let value: unknown;
    try {
      let result: CoreValue | undefined;
      if (param0 === undefined) result = core();
      else {
        x = lowerSimple(cx, param0, a);
        lowered = 1;
        if (param1 === undefined) result = core(x);
        else {
          y = lowerSimple(cx, param1, b);
          lowered = 2;
          if (param2 === undefined) result = core(x, y);
          else {
            z = lowerSimple(cx, param2, c);
            lowered = 3;
            if (param3 === undefined) result = core(x, y, z);
            else {
              const w = lowerSimple(cx, param3, d);
              lowered = 4;
              result = core(x, y, z, w);
            }
          }
        }
      }
      value = finish(call, result);
    } catch (error) {
      if (mayUndo && lowered < params.length) undoSimple(cx, params, [x, y, z], [a, b, c], lowered);
      throw failed(call, within(error, signature.names[lowered] ?? ''), lowered);
    }
    return unwrap(value);
  };
}

/**
 * The same for a function from state to state: two arguments, and a handle or an error as the result. All of it is here, and
 * little of it is a call: engines make that faster by a tenth.
 */
function transitionCall(call: Call, param0: SimpleParam, param1: SimpleParam): HostCallable {
  const { core, context: cx, instance, postReturn, result, signature } = call;
  const { alignment, size, ownAt } = result;
  return (a, b) => {
    enterFromHost(instance);
    let lowered = 0;
    let value: unknown;
    let x: CoreValue | undefined;
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
      if (lowered === 1 && param0.isOwn) undoLowerOwn(cx, x as number, a);
      throw failed(call, within(error, signature.names[lowered] ?? ''), lowered);
    }
    return unwrap(value);
  };
}

/** Undoes `lower_own` for the arguments that were lowered, the last one first. */
function undoSimple(
  cx: Context,
  params: readonly SimpleParam[],
  cores: readonly CoreValue[],
  values: readonly unknown[],
  lowered: number,
): void {
  for (let index = lowered - 1; index >= 0; index--) {
    if (params[index]!.isOwn) undoLowerOwn(cx, cores[index] as number, values[index]);
  }
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
  return lowering(call, (cx, value, flat) => {
    try {
      (lower ??= host.lower(signature.params[0]!))(cx, value, flat, 0);
    } catch (error) {
      throw within(error, signature.names[0]!);
    }
  });
}

function lowering<Args>(
  call: Call,
  lower: (cx: Context, args: Args, flat: CoreValue[]) => void,
): (args: Args) => unknown {
  const { core, context: cx, instance, signature } = call;
  const flat = flatArguments(signature);
  const count = signature.params.length;
  return (args) => {
    enterFromHost(instance);
    let lowered = -1;
    let value: unknown;
    try {
      lower(cx, args, flat);
      lowered = count;
      value = finish(call, apply(core, flat));
    } catch (error) {
      throw failed(call, error, lowered);
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
 * The function that JavaScript sees of an `async func`, or of any function of an instance that may have to wait for the
 * host. Where the engine has JavaScript promise integration, the guest is suspended while it waits.
 */
export function promisingCallableOf(lifted: LiftedFunction, name: string): HostCallable {
  const { root } = lifted.context.instance;
  const start = startOf(lifted, root);
  if (start === undefined) {
    const call = callableOf(lifted, name);
    return async (...args) => call(...args);
  }
  const call = callOf(lifted, name);
  const { context, instance, host, signature } = call;
  const lowerAll = stageLowerParams(lifted.stagers.host, signature);
  const flat = flatArguments(signature);
  const callAndWait = async (args: readonly unknown[]): Promise<unknown> => {
    enterFromHost(instance);
    let lowered = -1;
    try {
      lowerAll(context, args, flat);
      lowered = signature.params.length;
      return finish(call, (await start(...flat)) as CoreValue | undefined);
    } catch (error) {
      throw failed(call, error, lowered);
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
