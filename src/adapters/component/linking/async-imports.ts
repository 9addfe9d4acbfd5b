/**
 * The option `asyncImports`: the imported functions that return promises without being `async` functions.
 *
 * Source of the names: jco's option of the same name (`wasi:io/poll@0.2.0#poll`,
 * `wasi:io/poll#[method]pollable.block`).
 */
import { show } from '../abi/javascript-values.ts';
import { ArgumentError, showPath } from '../errors.ts';
import { isSameInterface } from './names.ts';

/** One parsed name of the option. */
interface Declared {
  readonly name: string;
  /** The name of the interface. It is empty for a function at the root. */
  readonly container: string;
  isFound: boolean;
}

export class AsyncImports {
  readonly #byFunction = new Map<string, Declared[]>();

  /** Parses the names. @throws ArgumentError if `names` is not a list of names. */
  constructor(names: readonly string[]) {
    if (!Array.isArray(names)) throw new ArgumentError('asyncImports', `expected a list of names, got ${show(names)}`);
    for (const name of names as readonly unknown[]) this.#add(name);
  }

  #add(name: unknown): void {
    if (typeof name !== 'string') throw new ArgumentError('asyncImports', `expected a name, got ${show(name)}`);
    const at = name.lastIndexOf('#');
    const declared = { name, container: name.slice(0, Math.max(at, 0)), isFound: false };
    const same = this.#byFunction.get(name.slice(at + 1));
    if (same === undefined) this.#byFunction.set(name.slice(at + 1), [declared]);
    else same.push(declared);
  }

  /** Returns whether the function at the end of `path` is declared, with or without the version of its interface. */
  has(path: readonly string[]): boolean {
    if (this.#byFunction.size === 0) return false;
    const container = path.slice(0, -1).join('#');
    let isFound = false;
    for (const declared of this.#byFunction.get(path.at(-1) ?? '') ?? []) {
      if (!isSameInterface(declared.container, container)) continue;
      isFound = declared.isFound = true;
    }
    return isFound;
  }

  /**
   * Checks that each name is the name of an imported function.
   *
   * @throws ArgumentError that shows a name without such a function.
   */
  check(): void {
    for (const list of this.#byFunction.values()) {
      const missing = list.find(({ isFound }) => !isFound);
      if (missing === undefined) continue;
      const form = 'write it as "ns:package/interface#function", or as "function" at the root';
      throw new ArgumentError(
        'asyncImports',
        `the component does not import the function ${showPath([missing.name])}; ${form}`,
      );
    }
  }
}
