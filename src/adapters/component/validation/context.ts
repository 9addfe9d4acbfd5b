import { InvalidError } from '../errors.ts';
import { maxTypeWork } from '../limits.ts';
import type { CoreModuleType } from '../types.ts';
import { CoreTypes } from './core-types.ts';
import type { CoreInstanceType } from './validated.ts';

/** The state of one run of the validator: its position, its work so far, and the core types of the component. */
export class Context {
  /** The byte offset of the current definition. */
  offset = 0;
  /**
   * The exports of core modules by name. A weak map would take more of the garbage collector's time than all other
   * objects.
   */
  readonly coreExports: Map<CoreModuleType, CoreInstanceType> = new Map();
  readonly coreTypes: CoreTypes = new CoreTypes((message) => this.fail(message));
  /** True if the component has a name that may collide in JavaScript. */
  mayCollide = false;
  /** True if the component has the type of an `async` function. */
  hasAsync = false;
  #work = 0;

  /** Refuses the component at the current definition. */
  fail(message: string, path?: readonly string[]): never {
    throw new InvalidError(message, this.offset, path);
  }

  /** Counts type nodes that are built, substituted or compared. See {@link maxTypeWork}. */
  spend(nodes: number): void {
    this.#work += nodes;
    if (this.#work > maxTypeWork) this.fail(`effective type size exceeds the limit of ${maxTypeWork}`);
  }

  /** Returns the element of an index space. Refuses the component if the index is out of range. */
  at<Element>(space: readonly Element[], index: number, sort: string): Element {
    const found = space[index];
    if (found === undefined) return this.fail(`unknown ${sort} ${index}: ${sort} index out of bounds`);
    return found;
  }
}
