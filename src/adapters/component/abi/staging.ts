/**
 * The interfaces of staged lifting and lowering. Each operation of the canonical ABI returns a closure for a type,
 * which performs the operation on values of that type. A call then only runs closures, and does not inspect types.
 */

import type { ValueTypeNode } from '../types/nodes.ts';
import type { ResourceType } from '../types.ts';
import type { Context, CoreValue } from './canonical-options.ts';

/**
 * The form of lifted values:
 * - `objects`: JavaScript values as *Explainer.md* maps them. Resources are objects.
 * - `handles`: the same, but resources are numbers: handles in the host's own table.
 * - `direct`: values that are passed from one component to another. Resources are reps, lists of numbers are views of
 *   the memory that they come from, and strings and maps keep the details that lowering needs.
 */
export type Representation = 'objects' | 'handles' | 'direct';

/** The staged `load` of a type. The caller has checked the alignment and bounds of `ptr`. */
export type Load = (context: Context, ptr: number) => unknown;
/** The staged `store` of a type. The caller has checked the alignment and bounds of `ptr`. */
export type Store = (context: Context, value: unknown, ptr: number) => void;
/**
 * The staged `lift_flat` of a type, which reads the core values from `flat[at]` on. The type determines their number.
 */
export type Lift = (context: Context, flat: readonly CoreValue[], at: number) => unknown;
/** The staged `lower_flat` of a type, which writes the core values from `flat[at]` on. */
export type Lower = (context: Context, value: unknown, flat: CoreValue[], at: number) => void;

/** Stages the operations. It returns the same closure for the same type. */
export interface Stager {
  readonly representation: Representation;
  /** Returns the index of a static resource type in `ComponentInstance.resources`. */
  readonly slotOf: (resource: ResourceType) => number;
  readonly load: (type: ValueTypeNode) => Load;
  readonly store: (type: ValueTypeNode) => Store;
  readonly lift: (type: ValueTypeNode) => Lift;
  readonly lower: (type: ValueTypeNode) => Lower;
}
