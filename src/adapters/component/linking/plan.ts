/**
 * The parts of a component that are prepared once for all of its instances: the compiled core modules and the staged
 * closures of the canonical ABI.
 */
import type { Stagers } from '../abi/canon-lift.ts';
import { CachedStager } from '../abi/stager.ts';
import type { Representation, Stager } from '../abi/staging.ts';
import type { Component as BinaryComponent, CoreModule } from '../binary/definitions.ts';
import type { EngineModule } from '../engine/web-assembly.ts';
import type { NamedNode } from '../types/nodes.ts';
import type { ResourceType } from '../types.ts';
import type { ValidatedComponent } from '../validation/validated.ts';
import { checkExportNames, type SameNames, sameNames } from './js-names.ts';

export class Plan {
  readonly component: ValidatedComponent;
  /** The modules of this component and of all that are nested in it. */
  readonly modules: ReadonlyMap<CoreModule, EngineModule>;
  readonly #nested = new Map<ValidatedComponent, Plan>();
  readonly #slots = new Map<ResourceType, number>();
  /** The names that collide. They are computed on demand, because few components have such names. */
  #sameNames: Map<readonly NamedNode[], SameNames | undefined> | undefined;
  readonly #checked: { objects?: true; handles?: true } = {};
  readonly #stagers: { [Each in Representation]?: Stager } = {};

  constructor(component: ValidatedComponent, modules: ReadonlyMap<CoreModule, EngineModule>) {
    this.component = component;
    this.modules = modules;
  }

  /** Returns the index of a static resource type in `ComponentInstance.resources`. */
  readonly slotOf = (resource: ResourceType): number => {
    let slot = this.#slots.get(resource);
    if (slot === undefined) this.#slots.set(resource, (slot = this.#slots.size));
    return slot;
  };

  #stager(representation: Representation): Stager {
    this.#stagers[representation] ??= new CachedStager(representation, this.slotOf);
    return this.#stagers[representation];
  }

  /** Returns the names that collide in the root's imports, or in the exports of an instance that it imports. */
  sameNames(list: readonly NamedNode[]): SameNames | undefined {
    if (!this.component.mayCollide) return undefined;
    this.#sameNames ??= new Map();
    if (!this.#sameNames.has(list)) this.#sameNames.set(list, sameNames(list));
    return this.#sameNames.get(list);
  }

  /** Checks the exports of the root. @throws LinkError */
  checkExportNames(representation: 'objects' | 'handles'): void {
    if (!this.component.mayCollide || this.#checked[representation]) return;
    checkExportNames(this.component.type, representation);
    this.#checked[representation] = true;
  }

  stagersFor(host: 'objects' | 'handles'): Stagers {
    return { host: this.#stager(host), direct: this.#stager('direct') };
  }

  nestedPlan(component: ValidatedComponent): Plan {
    let plan = this.#nested.get(component);
    if (plan === undefined) this.#nested.set(component, (plan = new Plan(component, this.modules)));
    return plan;
  }
}

/** Returns all core modules that a component contains, at any depth. */
export function coreModulesOf({ definitions }: BinaryComponent, found: CoreModule[] = []): CoreModule[] {
  for (const each of definitions) {
    if (each.kind === 'core module') found.push(each);
    else if (each.kind === 'component') coreModulesOf(each.component, found);
  }
  return found;
}
