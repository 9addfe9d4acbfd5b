/** The items in the index spaces of a component instance at run time. Instances export such items too. */
import type { FunctionInstance } from '../abi/canon-lower.ts';
import type { CoreFunction } from '../abi/canonical-options.ts';
import type { ComponentInstance, RuntimeResource } from '../abi/component-instance.ts';
import type { EngineModule } from '../engine/web-assembly.ts';
import type { ExternNode } from '../types/nodes.ts';
import type { CoreModuleType } from '../types.ts';
import type { Plan } from './plan.ts';

export type Item =
  | {
      readonly kind: 'core module';
      readonly module: EngineModule;
      readonly type: CoreModuleType | undefined;
      /** The length of the binary, if it is known. */
      readonly byteLength: number | undefined;
      /** The initial size of its memories and tables, in pages. See `pagesOf`. */
      readonly pages: number;
    }
  | { readonly kind: 'func'; readonly func: FunctionInstance }
  | TypeItem
  | ComponentItem
  | InstanceItem;

/** `resource` is undefined for all types except resource types, because only resource types exist at run time. */
interface TypeItem {
  readonly kind: 'type';
  readonly resource: RuntimeResource | undefined;
}

/** The item for every type that is not a resource type. */
export const erasedType: TypeItem = { kind: 'type', resource: undefined };

/** A component, and the scope in which its outer aliases are resolved. */
export interface ComponentItem {
  readonly kind: 'component';
  readonly plan: Plan;
  readonly outer: Frame | undefined;
}

export interface InstanceItem {
  readonly kind: 'instance';
  readonly exports: ReadonlyMap<string, Item>;
}

/** The index spaces of a component instance that is being created. Each is filled in the order of its definitions. */
export class Frame {
  readonly plan: Plan;
  readonly outer: Frame | undefined;
  readonly instance: ComponentInstance;
  readonly items: { readonly [Kind in Item['kind']]: (Item & { readonly kind: Kind })[] } = {
    'core module': [],
    func: [],
    type: [],
    component: [],
    instance: [],
  };
  readonly core: {
    readonly func: CoreFunction[];
    /** Core exports by name. */
    readonly instance: Record<string, unknown>[];
    readonly memory: unknown[];
    readonly table: unknown[];
    readonly global: unknown[];
    readonly tag: unknown[];
  } = { func: [], instance: [], memory: [], table: [], global: [], tag: [] };

  constructor(plan: Plan, outer: Frame | undefined, instance: ComponentInstance) {
    this.plan = plan;
    this.outer = outer;
    this.instance = instance;
  }
}

/** Describes the value that JavaScript has to pass for an import. */
export function expectedExtern({ kind }: Pick<ExternNode, 'kind'>): string {
  switch (kind) {
    case 'func':
      return 'a function';
    case 'type':
      return 'a class for the resource type';
    case 'instance':
      return 'an object for the interface';
    case 'core module':
      return 'a WebAssembly.Module';
    case 'component':
      return 'a component that an instance exports';
  }
}

/** Returns the name of the sort of an extern type, for messages. */
export function describeExtern({ kind }: Pick<ExternNode, 'kind'>): string {
  return kind === 'func' ? 'function' : kind === 'type' ? 'resource type' : kind;
}
