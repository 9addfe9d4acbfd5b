/** Implements the stager. It refers to all operations, and the operations refer to its interface in `staging.ts`. */

import type { ValueTypeNode } from '../types/nodes.ts';
import type { ResourceType } from '../types.ts';
import { stageLift } from './flat-lifting.ts';
import { stageLower } from './flat-lowering.ts';
import { stageLoad } from './loading.ts';
import type { Lift, Load, Lower, Representation, Stager, Store } from './staging.ts';
import { stageStore } from './storing.ts';

/** Stages each operation for each type when it is first needed. */
export class CachedStager implements Stager {
  readonly representation: Representation;
  readonly slotOf: (resource: ResourceType) => number;
  readonly load: (type: ValueTypeNode) => Load;
  readonly store: (type: ValueTypeNode) => Store;
  readonly lift: (type: ValueTypeNode) => Lift;
  readonly lower: (type: ValueTypeNode) => Lower;

  constructor(representation: Representation, slotOf: (resource: ResourceType) => number) {
    this.representation = representation;
    this.slotOf = slotOf;
    this.load = cachedByType(this, stageLoad);
    this.store = cachedByType(this, stageStore);
    this.lift = cachedByType(this, stageLift);
    this.lower = cachedByType(this, stageLower);
  }
}

function cachedByType<Staged>(
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
