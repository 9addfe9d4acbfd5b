/**
 * *CanonicalABI.md*, "Lifting and Lowering Values": the parameters and results of a whole function.
 */

import { layoutOfFields } from '../types/layout.ts';
import type { Signature } from '../types/nodes.ts';
import type { Context, CoreValue, LoweredOwn } from './canonical-options.ts';
import { flatPlaces, type LiftOne, stageLiftOne } from './flat-lifting.ts';
import { type LowerOne, stageLowerOne } from './flat-lowering.ts';
import { discriminantOf, invalidDiscriminant } from './loading.ts';
import { liftOwnAsHandle, liftOwnAsObject, lowerHandle, lowerObject, undoLowerOwn } from './resource-handles.ts';
import type { Load, Stager } from './staging.ts';
import { within } from './wrong-value.ts';

// lift_flat_values -------------------------------------------------------------------------------------------------

/** Stages the lifting of the parameters that a guest passes, from its core arguments. */
export function stageLiftParams(
  stager: Stager,
  { params, spillsParams }: Signature,
): (cx: Context, flat: readonly CoreValue[]) => unknown[] {
  const count = params.length;
  if (!spillsParams) {
    const lifts = params.map((param) => stager.lift(param));
    const places = flatPlaces(params);
    return (cx, flat) => {
      cx.lifted = 0;
      const values: unknown[] = [];
      for (let i = 0; i < count; i++) values.push(lifts[i]!(cx, flat, places[i]!));
      return values;
    };
  }
  const { offsets, alignment, size } = layoutOfFields(params);
  const loads = params.map((param) => stager.load(param));
  return (cx, flat) => {
    const ptr = checkedPointer(cx, flat[0], alignment, size);
    const values: unknown[] = [];
    for (let i = 0; i < count; i++) values.push(loads[i]!(cx, ptr + offsets[i]!));
    return values;
  };
}

/** Stages the lifting of each parameter from its one core argument. */
export function stageLiftSimpleParams(stager: Stager, { params }: Signature): readonly LiftOne[] {
  return params.map((param) => stageLiftOne(stager, param));
}

/**
 * Stages the lifting of a guest's result from its core result. The staging waits until the first call, because a host
 * calls few functions of a guest.
 */
export function stageLiftResult(stager: Stager, { result, spillsResult }: Signature): LiftOne {
  if (result === undefined) return () => undefined;
  if (!spillsResult) return stageLiftOne(stager, result);
  const { alignment, size } = result.layout;
  let load: Load | undefined;
  return (cx, pointer) => {
    load ??= stager.load(result);
    return load(cx, checkedPointer(cx, pointer, alignment, size));
  };
}

/** The `error` case of a function's `result`, which the call throws. */
export class Failure {
  readonly payload: unknown;

  constructor(payload: unknown) {
    this.payload = payload;
  }
}

/** The lifting of a result for JavaScript. */
export interface HostResult {
  readonly lift: LiftOne;
  /**
   * The offset of the handle in a `result<own<r>, …>`, which is lifted without calling a closure, or -1 for other
   * results.
   */
  readonly ownAt: number;
  readonly slot: number;
  readonly isObject: boolean;
  readonly alignment: number;
  readonly size: number;
}

/**
 * Stages the lifting of a result for JavaScript. A `result` becomes the payload of its `ok` case, or a {@link Failure}.
 */
export function stageHostResult(stager: Stager, signature: Signature): HostResult {
  const { result } = signature;
  const plain = { ownAt: -1, slot: -1, isObject: false, alignment: 1, size: 0 };
  if (result?.kind !== 'result') return { lift: stageLiftResult(stager, signature), ...plain };
  if (!signature.spillsResult) return { lift: liftBareResult, ...plain };
  const { alignment, size } = result.layout;
  const { offset } = discriminantOf(result);
  const [ok, error] = result.inside;
  let loadOk: Load | undefined;
  let loadError: Load | undefined;
  const lift: LiftOne = (cx, pointer) => {
    const ptr = checkedPointer(cx, pointer, alignment, size);
    const discriminant = cx.memory.view.getUint8(ptr);
    if (discriminant === 0) return ok && (loadOk ??= stager.load(ok))(cx, ptr + offset);
    if (discriminant !== 1) throw invalidDiscriminant(cx, discriminant, 2);
    return new Failure(error && (loadError ??= stager.load(error))(cx, ptr + offset));
  };
  if (ok?.kind !== 'own') return { lift, ...plain };
  const isObject = stager.representation === 'objects';
  return { lift, ownAt: offset, slot: stager.slotOf(ok.resource!), isObject, alignment, size };
}

export function liftHostResult(cx: Context, result: HostResult, value: CoreValue | undefined): unknown {
  const { ownAt } = result;
  if (ownAt >= 0) {
    const ptr = checkedPointer(cx, value, result.alignment, result.size);
    const { view } = cx.memory;
    if (view.getUint8(ptr) === 0) return liftOwnResult(cx, result, view.getInt32(ptr + ownAt, true));
  }
  return result.lift(cx, value);
}

export function liftOwnResult(cx: Context, { slot, isObject }: HostResult, index: number): unknown {
  return isObject ? liftOwnAsObject(cx, slot, index) : liftOwnAsHandle(cx, slot, index);
}

/** Lifts a `result` without payloads. */
function liftBareResult(cx: Context, discriminant: CoreValue | undefined): unknown {
  if (discriminant === 0) return undefined;
  if (discriminant !== 1) throw invalidDiscriminant(cx, Number(discriminant) >>> 0, 2);
  return new Failure(undefined);
}

// lower_flat_values ------------------------------------------------------------------------------------------------

/**
 * Stages the lowering of the arguments for a guest to core arguments in `flat`. Each function has one such array for
 * all its calls. The calls cannot overlap, because an instance that is running cannot be entered.
 */
export function stageLowerParams(stager: Stager, signature: Signature): LowerParams {
  const lower = stageLowerAll(stager, signature);
  const consumesHandles = stager.representation !== 'direct' && signature.params.some(({ handle }) => handle);
  return consumesHandles ? undoingOnFailure(lower) : lower;
}

function stageLowerAll(stager: Stager, { names, params, spillsParams }: Signature): LowerParams {
  const count = params.length;
  if (!spillsParams) {
    const lowers = params.map((param) => stager.lower(param));
    const places = flatPlaces(params);
    return (cx, values, flat) => {
      let i = 0;
      try {
        for (; i < count; i++) lowers[i]!(cx, values[i], flat, places[i]!);
      } catch (error) {
        throw within(error, names[i]!);
      }
    };
  }
  const { offsets, alignment, size } = layoutOfFields(params);
  const stores = params.map((param) => stager.store(param));
  return (cx, values, flat) => {
    const ptr = cx.allocate(alignment, size);
    let i = 0;
    try {
      for (; i < count; i++) stores[i]!(cx, values[i], ptr + offsets[i]!);
    } catch (error) {
      throw within(error, names[i]!);
    }
    flat[0] = ptr;
  };
}

type LowerParams = (cx: Context, values: readonly unknown[], flat: CoreValue[]) => void;

/** Wraps `lower` so that it returns the handles it has lowered to the host if a later argument cannot be lowered. */
function undoingOnFailure(lower: LowerParams): LowerParams {
  return (cx, values, flat) => {
    const lowered: LoweredOwn[] = [];
    cx.loweredOwns = lowered;
    try {
      lower(cx, values, flat);
    } catch (error) {
      for (const each of lowered.reverse()) undoLowerOwn(cx, ...each);
      throw error;
    } finally {
      cx.loweredOwns = undefined;
    }
  };
}

/** Returns an array for the core arguments of a function. */
export function flatArguments({ flatParams }: Signature): CoreValue[] {
  return new Array<CoreValue>(flatParams).fill(0);
}

/** The lowering of a parameter to its one core argument. */
export interface SimpleParam {
  /**
   * The slot of a handle's resource type, or -1. Most arguments are handles, which are lowered without calling a
   * closure.
   */
  readonly slot: number;
  readonly isOwn: boolean;
  readonly isObject: boolean;
  readonly lower: LowerOne;
}

export function stageSimpleParams(stager: Stager, { params }: Signature): readonly SimpleParam[] {
  return params.map((param) => {
    const isHandle = param.kind === 'own' || param.kind === 'borrow';
    const slot = isHandle ? stager.slotOf(param.resource!) : -1;
    const isObject = stager.representation === 'objects';
    return { slot, isOwn: param.kind === 'own', isObject, lower: stageLowerOne(stager, param) };
  });
}

export function lowerSimple(cx: Context, { slot, isOwn, isObject, lower }: SimpleParam, value: unknown): CoreValue {
  if (slot < 0) return lower(cx, value);
  return isObject ? lowerObject(cx, slot, isOwn, value) : lowerHandle(cx, slot, isOwn, value);
}

/**
 * Stages the lowering of a result for a guest. The staged function returns the core result, or stores the result at
 * `outPointer`.
 */
export function stageLowerResult(
  stager: Stager,
  { result, spillsResult }: Signature,
): (cx: Context, value: unknown, outPointer: CoreValue | undefined) => CoreValue | undefined {
  if (result === undefined) return () => undefined;
  if (!spillsResult) return stageLowerOne(stager, result);
  const { alignment, size } = result.layout;
  const store = stager.store(result);
  return (cx, value, outPointer) => {
    store(cx, value, checkedPointer(cx, outPointer, alignment, size));
    return undefined;
  };
}

/** Checks the alignment and bounds of an area for parameters or results. Returns its address. */
export function checkedPointer(cx: Context, pointer: CoreValue | undefined, alignment: number, size: number): number {
  cx.lifted = 0;
  // The engine has checked that it is an i32.
  const ptr = (pointer as number) >>> 0;
  if ((ptr & (alignment - 1)) !== 0) throw cx.trap('unaligned pointer: parameters or result');
  if (cx.isOutOfBounds(ptr, size)) throw cx.trap('pointer out of bounds of memory: parameters or result');
  return ptr;
}

/** Calls a core function with all arguments. Up to three arguments are passed without spreading, which is faster. */
export function apply<Result>(core: (...flat: CoreValue[]) => Result, flat: readonly CoreValue[]): Result {
  switch (flat.length) {
    case 0:
      return core();
    case 1:
      return core(flat[0]!);
    case 2:
      return core(flat[0]!, flat[1]!);
    case 3:
      return core(flat[0]!, flat[1]!, flat[2]!);
    default:
      return core(...flat);
  }
}
