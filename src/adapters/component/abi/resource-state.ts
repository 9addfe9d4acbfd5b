/** *CanonicalABI.md*, "Resource State": resource types at run time. */
const UNNAMED = 'resource';

/**
 * `ResourceType` at run time. Each instantiation of the component that defines it creates a new type. The host creates
 * one for each type that it defines.
 *
 * `Instance` is `ComponentInstance`, which refers to resource types in turn. `component-instance.ts` binds the
 * parameter in its class `RuntimeResource`.
 */
export class ResourceState<Instance> {
  /** The name of its first export or import, for error messages. */
  name: string;
  /** The instance that defines the type. It is undefined if the host defines it. */
  readonly impl: Instance | undefined;
  /** The destructor, if the type has a destructor. The linker sets it when it creates the core function. */
  dtor: ((rep: number) => void) | undefined = undefined;
  /**
   * The JavaScript objects of this type (see `resource-objects.ts`). They are set before a resource of this type is
   * passed to JavaScript.
   */
  objects: ResourceObjects | undefined = undefined;

  constructor(name: string | undefined, impl: Instance | undefined) {
    this.name = name ?? UNNAMED;
    this.impl = impl;
  }

  nameOnce(name: string): void {
    if (this.name === UNNAMED) this.name = name;
  }
}

/** Converts the handles of one resource type to JavaScript objects and back. It is not used if handles are numbers. */
export interface ResourceObjects {
  /** The class that is exported for the type, or with `resources: 'handles'` the object of functions. */
  readonly exported: object;
  liftOwn(rep: number): unknown;
  /** Returns an object for a handle that ends with the current call. The call releases `scope` when it ends. */
  liftBorrow(rep: number, scope: CallScope): unknown;
  /** Returns the rep of a resource that the host implements. */
  lower?(value: unknown): number;
}

/** The lends and borrows that a call ends when it returns. Those of the innermost call come last. */
export type CallScope = { release(): void }[];
