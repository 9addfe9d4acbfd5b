/** The counters of one instance. They are reset before each call, and read if the call traps. */
import { isTrap, Trap } from '../../index.ts';
import { type Bounds, DEPTH, FILL, FUEL, OutOfBudget, REFUSAL, Refusal, START } from './budget.ts';

/** A `WebAssembly.Global`. */
interface Counter<Value> {
  value: Value;
}

/** The exports of a rewritten core module in addition to its own. */
interface Rewritten {
  readonly [FUEL]?: Counter<bigint>;
  readonly [DEPTH]?: Counter<number>;
  readonly [FILL]?: () => void;
  readonly [REFUSAL]?: Counter<number>;
  readonly [START]?: () => void;
}

export class Counters {
  readonly #bounds: Bounds;
  readonly #fuel: Counter<bigint>[] = [];
  readonly #depth: Counter<number>[] = [];
  readonly #fills: (() => void)[] = [];
  readonly #refusals: Counter<number>[] = [];

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** Registers the counters of a new core instance, and runs its start function. */
  readonly add = (exports: Rewritten): void => {
    const { [FUEL]: fuel, [DEPTH]: depth, [FILL]: fill, [REFUSAL]: refusal } = exports;
    if (fuel !== undefined) this.#fuel.push(fuel);
    if (depth !== undefined) this.#depth.push(depth);
    if (fill !== undefined) this.#fills.push(fill);
    if (refusal !== undefined) this.#refusals.push(refusal);
    exports[START]?.();
  };

  fill(): void {
    for (const fill of this.#fills) fill();
  }

  /** Returns the error to throw for an error of a call. If a limit caused the trap, the error names that limit. */
  readonly explain = (error: unknown): unknown => {
    if (!isTrap(error)) return error;
    const { budget, maxMemoryBytes, maxTableElements } = this.#bounds;
    // A component that another host compiled was not rewritten. The loader detects that its memory is too large.
    if (error.code === 'memory-exhausted') return new OutOfBudget('memory', maxMemoryBytes, { cause: error });
    for (const { value } of this.#refusals) {
      if (value === Refusal.memory) return new OutOfBudget('memory', maxMemoryBytes, { cause: error });
      if (value === Refusal.tables) return new OutOfBudget('tables', maxTableElements, { cause: error });
      if (value === Refusal.machine)
        return new Trap(
          'the machine has less memory than the limits of the guest allow; lower maxMemoryBytes or maxTableElements',
          {
            code: 'machine-exhausted',
            cause: error,
          },
        );
    }
    if (budget === undefined) return error;
    if (this.#fuel.some(({ value }) => value < 0n)) return new OutOfBudget('fuel', budget.fuel, { cause: error });
    if (this.#depth.some(({ value }) => value < 0))
      return new OutOfBudget('callDepth', budget.callDepth, { cause: error });
    return error;
  };
}
