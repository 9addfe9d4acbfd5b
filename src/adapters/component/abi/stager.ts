/**
 * Where lifting and lowering are staged: each operation of the canonical ABI, asked for a type, gives a closure that
 * does it for that type, and gives the same closure for the same type. A call then runs closures and looks at no type.
 */
import type { ValueTypeNode } from '../types/value-type.ts';
import type { ResourceType } from '../types.ts';
import type { Context, CoreValue } from './canonical-options.ts';
import { stageLift } from './flat-lifting.ts';
import { stageLower } from './flat-lowering.ts';
import { stageLoad } from './loading.ts';
import { stageStore } from './storing.ts';

/**
 * What lifted values are:
 * - `objects`: JavaScript values as *Explainer.md* maps them, resources as objects;
 * - `handles`: the same, but resources are numbers, handles in the host's own table;
 * - `direct`: on the way from one component to another. Resources are reps, lists of numbers are views of the memory
 *   they come from, and strings and maps keep what lowering them needs.
 */
export type Representation = 'objects' | 'handles' | 'direct';

/** `load`: the caller has checked alignment and bounds of `ptr`. */
export type Load = (context: Context, ptr: number) => unknown;
/** `store`: likewise. */
export type Store = (context: Context, value: unknown, ptr: number) => void;
/** `lift_flat`: from `flat[at]` on. How many it takes follows from the type. */
export type Lift = (context: Context, flat: readonly CoreValue[], at: number) => unknown;
/** `lower_flat`: to `flat[at]` on. */
export type Lower = (context: Context, value: unknown, flat: CoreValue[], at: number) => void;

export class Stager {
  readonly representation: Representation;
  /** The place of a static resource type in `ComponentInstance.resources`. */
  readonly slotOf: (resource: ResourceType) => number;
  readonly load: (type: ValueTypeNode) => Load;
  readonly store: (type: ValueTypeNode) => Store;
  readonly lift: (type: ValueTypeNode) => Lift;
  readonly lower: (type: ValueTypeNode) => Lower;

  constructor(representation: Representation, slotOf: (resource: ResourceType) => number) {
    this.representation = representation;
    this.slotOf = slotOf;
    this.load = once(this, stageLoad);
    this.store = once(this, stageStore);
    this.lift = once(this, stageLift);
    this.lower = once(this, stageLower);
  }
}

/** Stages each type when it is first asked for. */
function once<Staged>(
  stager: Stager,
  stage: (stager: Stager, type: ValueTypeNode) => Staged,
): (type: ValueTypeNode) => Staged {
  const known = new Map<ValueTypeNode, Staged>();
  return (type) => {
    let staged = known.get(type);
    if (staged === undefined) known.set(type, (staged = stage(stager, type)));
    return staged;
  };
}
