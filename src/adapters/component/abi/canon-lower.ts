/**
 * *CanonicalABI.md*, "`canon lower`": converts a component function to a core function that a guest calls. The host
 * implements the component function, or another component lifts it. Values pass directly between components.
 */
import { engine } from '../engine/web-assembly.ts';
import { LinkError, showPath } from '../errors.ts';
import type { FunctionNode, Signature, ValueTypeNode } from '../types/nodes.ts';
import { signatureOf } from '../types/signature.ts';
import {
  callPostReturn,
  endingLends,
  endTask,
  type HostCallable,
  type LiftedFunction,
  promisingCore,
  type Stagers,
  type WaitingFunction,
  waitingFunctions,
} from './canon-lift.ts';
import type { Context, CoreFunction, CoreValue } from './canonical-options.ts';
import {
  asFailure,
  type ComponentInstance,
  cannotEnter,
  ENTERED,
  enteringSet,
  IDLE,
  isGuestFault,
  takeTurn,
} from './component-instance.ts';
import { isError, propertyOf, show } from './javascript-values.ts';
import {
  apply,
  flatArguments,
  stageLiftParams,
  stageLiftResult,
  stageLiftSimpleParams,
  stageLowerParams,
  stageLowerResult,
  stageSimpleParams,
} from './values.ts';
import { asValueError, WrongValue, within } from './wrong-value.ts';

/** A function that the host passed as an import. */
interface HostFunction {
  readonly kind: 'host';
  /** The names that lead to the import, for error messages. */
  readonly path: readonly string[];
  readonly call: HostCallable;
  /** True if the function may return a promise, for which the guest has to wait. */
  readonly mayWait: boolean;
}

/** A function at run time (`FuncInst`). */
export type FunctionInstance = LiftedFunction | HostFunction;

/** The caller's side of `canon lower`. */
export interface Lowering {
  readonly type: FunctionNode;
  readonly stagers: Stagers;
  readonly context: Context;
}

export function coreFunctionOf(callee: FunctionInstance, lowering: Lowering): CoreFunction {
  return callee.kind === 'host' ? lowerHostFunction(callee, lowering) : lowerLiftedFunction(callee, lowering);
}

/** Implements `trap_if(not thread.task.inst.may_leave)`. */
export function checkMayLeave(instance: ComponentInstance): void {
  if (instance.mayLeave) return;
  const { failure } = instance;
  throw instance.trap('cannot leave component instance', failure === undefined ? undefined : { cause: failure });
}

/** Locks the instance down, so that a guest that catches the error cannot continue. Returns the error to throw. */
function failIn(instance: ComponentInstance, error: unknown): unknown {
  const failure = asFailure(error);
  instance.poison(failure);
  return failure;
}

// Calls to the host ------------------------------------------------------------------------------------------------

function lowerHostFunction({ call, path, mayWait }: HostFunction, { type, stagers, context }: Lowering): CoreFunction {
  const signature = signatureOf(type);
  const isPromise = mayWait ? promiseTest(type.result) : neverPromise;
  const callHost = type.result?.kind === 'result' ? catchingErrors(call, type.result.inside[0], isPromise) : call;
  const lowerResult = namingImport(path, stageLowerResult(stagers.host, signature), type.result?.kind === 'result');
  const { instance } = context;
  instance.host.handles.isObserved = true;
  const core =
    signature.isSimple && !signature.spillsResult && !mayWait
      ? simpleHostCall(callHost, context, stageLiftSimpleParams(stagers.host, signature), lowerResult)
      : generalHostCall(callHost, lowerResult, path, isPromise, { type, stagers, context });
  return toGuestFunction(core, signature, instance, mayWait);
}

type LowerResult = ReturnType<typeof stageLowerResult>;

/**
 * Adds the name of the import to the error for a result of the wrong type. Nothing else in the error identifies the
 * import.
 */
function namingImport(path: readonly string[], lower: LowerResult, isWrapped: boolean): LowerResult {
  return (cx, value, outPointer) => {
    try {
      return lower(cx, value, outPointer);
    } catch (error) {
      if (isGuestFault(error)) throw error;
      // The function returned or threw the payload of a case, so the path to the wrong value begins inside `val`.
      if (isWrapped && error instanceof WrongValue && error.path[0] === 'val') error.path.shift();
      const cause = asValueError(within(error, 'result'));
      const hint = hasPromise(value) ? `; if the function returns a promise, ${declaration(path)}` : '';
      throw importError(path, `${isError(cause) ? cause.message : show(cause)}${hint}`, { cause });
    }
  };
}

/** Returns whether the value is a promise, or an `ok` case whose payload is one. */
function hasPromise(value: unknown): boolean {
  return isThenable(value) || isThenable(propertyOf(value, 'val'));
}

function declaration(path: readonly string[]): string {
  return `declare it with asyncImports: [${showPath([path.join('#')])}]`;
}

/** Returns the error for an import. `path` leads to the import, and `inner` from there to the part that is wrong. */
export function importError(
  path: readonly string[],
  message: string,
  options?: ErrorOptions,
  inner: readonly string[] = [],
): LinkError {
  return new LinkError(`import ${showPath(path)}: ${message}`, [...path, ...inner], options);
}

type LiftSimple = ReturnType<typeof stageLiftSimpleParams>;

function simpleHostCall(call: HostCallable, cx: Context, lifts: LiftSimple, lowerResult: LowerResult): CoreFunction {
  const { instance } = cx;
  const [lift0, lift1, lift2, lift3] = lifts;
  return (a, b, c, d) => {
    checkMayLeave(instance);
    try {
      if (lift0 === undefined) return lowerResult(cx, call(), undefined);
      const x = lift0(cx, a);
      if (lift1 === undefined) return lowerResult(cx, call(x), undefined);
      const y = lift1(cx, b);
      if (lift2 === undefined) return lowerResult(cx, call(x, y), undefined);
      const z = lift2(cx, c);
      if (lift3 === undefined) return lowerResult(cx, call(x, y, z), undefined);
      return lowerResult(cx, call(x, y, z, lift3(cx, d)), undefined);
    } catch (error) {
      throw failIn(instance, error);
    }
  };
}

function generalHostCall(
  call: HostCallable,
  lowerResult: LowerResult,
  path: readonly string[],
  isPromise: PromiseTest,
  { type, stagers, context }: Lowering,
): WaitingFunction {
  const { instance } = context;
  const signature = signatureOf(type);
  const liftAll = stageLiftParams(stagers.host, signature);
  const lower = (value: unknown, flat: readonly CoreValue[]): CoreResult =>
    lowerResult(context, value, flat[signature.flatParams]);
  const fail = (error: unknown): never => {
    throw failIn(instance, error);
  };
  return (...flat) => {
    checkMayLeave(instance);
    try {
      const value = call(...liftAll(context, flat));
      if (!isPromise(value)) return lower(value, flat);
      if (suspending === undefined)
        throw importError(
          path,
          'expected a value, got a promise, and this engine lacks JavaScript promise integration; return the value itself',
        );
      return Promise.resolve(value)
        .then((settled) => lower(settled, flat))
        .catch(fail);
    } catch (error) {
      return fail(error);
    }
  };
}

/**
 * Returns the function that the guest calls. It ends the borrows of the call, and suspends a guest that may have to
 * wait.
 */
function toGuestFunction(
  core: WaitingFunction,
  { lendsHandles }: Signature,
  instance: ComponentInstance,
  mayWait: boolean,
): CoreFunction {
  const call = lendsHandles ? endingLends(core, instance.handles, instance.host) : core;
  if (!mayWait || suspending === undefined) return call as CoreFunction;
  instance.mayWait = instance.root.mayWait = true;
  const suspended = suspending(call);
  waitingFunctions.set(suspended, call);
  return suspended;
}

/**
 * Converts exceptions to the `error` case (*Explainer.md*, "JS API"). An `Error` without a `payload` is not part of the
 * interface, so it passes through the guest, as traps do. As in current JavaScript tools, the function may also return
 * the whole result, `{ tag, val }`, unless the payload of `ok` could be such an object itself.
 */
function catchingErrors(call: HostCallable, type: ValueTypeNode | undefined, isPromise: PromiseTest): HostCallable {
  const payload = type?.kind === 'option' ? type.element : type;
  const isTagged = payload !== undefined && MAY_BE_TAGGED.includes(payload.kind);
  const ok = (val: unknown): unknown => (isTagged || !isResult(val) ? { tag: 'ok', val } : val);
  return (...args) => {
    try {
      const val = call(...args);
      return isPromise(val) ? val.then(ok, errorCase) : ok(val);
    } catch (error) {
      return errorCase(error);
    }
  };
}

/** Types whose values may be objects with their own `tag`. */
const MAY_BE_TAGGED: readonly ValueTypeNode['kind'][] = ['record', 'variant', 'result', 'map', 'own', 'borrow'];

function isResult(value: unknown): boolean {
  const tag = propertyOf(value, 'tag');
  return tag === 'ok' || tag === 'err';
}

function errorCase(error: unknown): unknown {
  if (isGuestFault(error)) throw error;
  if (typeof error === 'object' && error !== null && 'payload' in error) return { tag: 'err', val: error.payload };
  if (isError(error)) throw error;
  return { tag: 'err', val: error };
}

// Calls that wait --------------------------------------------------------------------------------------------------

type PromiseTest = (value: unknown) => value is PromiseLike<unknown>;

/** Returns the test for a promise. A resource may have a method `then`, so only real promises count for resources. */
function promiseTest(result: ValueTypeNode | undefined): PromiseTest {
  let type = result;
  while (type?.kind === 'result' || type?.kind === 'option') type = type.inside[0];
  return type?.resource === undefined ? isThenable : isPromise;
}

function neverPromise(_: unknown): _ is PromiseLike<unknown> {
  return false;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof propertyOf(value, 'then') === 'function';
}

/** Returns true for the promises of all realms. */
function isPromise(value: unknown): value is PromiseLike<unknown> {
  return Object.prototype.toString.call(value) === '[object Promise]';
}

const { Suspending } = engine;
const suspending = Suspending && ((callable: WaitingFunction) => new Suspending(callable));

// Calls to another component ---------------------------------------------------------------------------------------

/** Combines `Store.lift` and `Store.lower` for a component-to-component call. */
function lowerLiftedFunction(callee: LiftedFunction, { type, stagers, context }: Lowering): CoreFunction {
  const { instance } = context;
  observeOtherHost(instance, callee.context.instance);
  const entering = enteringSet(callee.context.instance, instance);
  if (entering === undefined) {
    return () => {
      checkMayLeave(instance);
      throw instance.trap('cannot enter component instance: one contains the other');
    };
  }
  const signature = signatureOf(type);
  const calleeSignature = signatureOf(callee.type);
  const calleeContext = callee.context;
  const { core, postReturn } = callee;
  const liftResult = stageLiftResult(callee.stagers.direct, calleeSignature);
  const lowerResult = stageLowerResult(stagers.direct, signature);
  const finish: Finish<CoreResult, CoreResult> = (result, outPointer) => {
    if (calleeContext.instance.state !== ENTERED) throw calleeContext.instance.failure;
    const value = liftResult(calleeContext, result);
    endTask(calleeContext.instance);
    const lowered = lowerResult(context, value, outPointer);
    if (postReturn !== undefined) callPostReturn(calleeContext.instance, postReturn, result);
    leave(entering);
    return lowered;
  };
  // Calls from another root instance take turns with all calls that wait inside.
  const { root } = calleeContext.instance;
  const other = root === instance.root ? undefined : root;
  const start = promisingCore(callee, other ?? calleeContext.instance);
  const lowering = { type, stagers, context };
  if (start === undefined) {
    const isSimple = signature.isSimple && !signature.spillsResult;
    const call = (isSimple ? simpleDirectCall : directCall<CoreResult, CoreResult>)(
      core,
      entering,
      lowering,
      callee,
      finish,
    );
    return toGuestFunction(call, signature, instance, false);
  }
  const waiting = waitingCall(start, other, entering, lowering, callee, finish);
  return toGuestFunction(waiting, signature, instance, true);
}

type Finish<Result, Lowered> = (result: Result, outPointer: CoreValue | undefined) => Lowered;
type CoreResult = CoreValue | undefined;

/** Enters the callee, passes the arguments to it, calls its core function, and passes the result back. */
function directCall<Result, Lowered>(
  core: (...flat: CoreValue[]) => Result,
  entering: readonly ComponentInstance[],
  { type, stagers, context }: Lowering,
  callee: LiftedFunction,
  finish: Finish<Result, Lowered>,
): (...flat: CoreValue[]) => Lowered {
  const { instance } = context;
  const signature = signatureOf(type);
  const liftAll = stageLiftParams(stagers.direct, signature);
  const calleeSignature = signatureOf(callee.type);
  const lowerAll = stageLowerParams(callee.stagers.direct, calleeSignature);
  const args = flatArguments(calleeSignature);
  return (...flat) => {
    checkMayLeave(instance);
    enter(instance, entering);
    try {
      lowerAll(callee.context, liftAll(context, flat), args);
      return finish(apply(core, args), flat[signature.flatParams]);
    } catch (error) {
      throw failInAll(instance, entering, error);
    }
  };
}

/** Does the same as {@link directCall} without arrays of arguments, in a third of the time for a small function. */
function simpleDirectCall(
  core: CoreFunction,
  entering: readonly ComponentInstance[],
  { type, stagers, context }: Lowering,
  callee: LiftedFunction,
  finish: Finish<CoreResult, CoreResult>,
): CoreFunction {
  const { instance } = context;
  const lifts = stageLiftSimpleParams(stagers.direct, signatureOf(type));
  const params = stageSimpleParams(callee.stagers.direct, signatureOf(callee.type));
  const count = lifts.length;
  const pass = (index: number, value: CoreValue | undefined): CoreValue =>
    params[index]!.lower(callee.context, lifts[index]!(context, value));
  return (a, b, c, d) => {
    checkMayLeave(instance);
    enter(instance, entering);
    try {
      if (count === 0) return finish(core(), undefined);
      const x = pass(0, a);
      if (count === 1) return finish(core(x), undefined);
      const y = pass(1, b);
      if (count === 2) return finish(core(x, y), undefined);
      const z = pass(2, c);
      return finish(count === 3 ? core(x, y, z) : core(x, y, z, pass(3, d)), undefined);
    } catch (error) {
      throw failInAll(instance, entering, error);
    }
  };
}

/**
 * Returns the call of a callee that may have to wait for the host. Engines cannot suspend a stack with a frame of
 * JavaScript, so the callee is started as if by the host, and the caller waits for it. Calls from another root instance
 * wait for their turn.
 */
function waitingCall(
  start: (...flat: CoreValue[]) => Promise<unknown>,
  other: ComponentInstance | undefined,
  entering: readonly ComponentInstance[],
  lowering: Lowering,
  callee: LiftedFunction,
  finish: Finish<CoreResult, CoreResult>,
): WaitingFunction {
  const { instance } = lowering.context;
  const call = directCall(start, entering, lowering, callee, async (result, outPointer) => {
    try {
      return finish((await result) as CoreResult, outPointer);
    } catch (error) {
      throw failInAll(instance, entering, error);
    }
  });
  return other === undefined ? call : (...flat) => takeTurn(other, () => call(...flat));
}

/**
 * Marks the host's handles as observed if the callee belongs to another root instance. The callee may call JavaScript,
 * which can then read these handles.
 */
export function observeOtherHost(caller: ComponentInstance, callee: ComponentInstance | undefined): void {
  if (callee?.host !== caller.host) caller.host.handles.isObserved = true;
}

/** Implements `may_enter_from` and `enter_from`. */
export function enter(caller: ComponentInstance, entering: readonly ComponentInstance[]): void {
  for (const each of entering) if (each.state !== IDLE) throw failIn(caller, cannotEnter(each));
  for (const each of entering) each.state = ENTERED;
}

/** Implements `leave_to`. */
export function leave(entering: readonly ComponentInstance[]): void {
  for (const each of entering) each.state = IDLE;
}

export function failInAll(caller: ComponentInstance, entering: readonly ComponentInstance[], error: unknown): unknown {
  const failure = failIn(caller, error);
  for (const each of entering) each.poison(failure);
  return failure;
}
