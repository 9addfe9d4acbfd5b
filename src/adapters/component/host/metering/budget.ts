/** What a guest may use, and the error that says that it used more. */
import { Trap, type TrapCode } from '../../index.ts';
import { checkNames, type OptionNames } from '../../option-names.ts';

/** What a call may use up, in each core module of the component. */
export interface Budget {
  /**
   * One unit for each call of a function and each round of a loop, and for each 64 bytes or 8 elements that one instruction
   * copies, fills or adds.
   */
  readonly fuel: number;
  /** Functions that are active at once. One with many locals counts for several: once more for each 16 of them. */
  readonly callDepth: number;
}

/** What holds for each core module of a component. */
export interface Bounds {
  /** Bytes of each memory. */
  readonly maxMemoryBytes: number;
  /** Elements of each table. */
  readonly maxTableElements: number;
  readonly budget?: Budget | undefined;
}

const BUDGET_NAMES: OptionNames<Budget> = { fuel: true, callDepth: true };

/** @throws TypeError | RangeError for what is no bound, no whole number, or more than a counter holds. */
export function checkBounds(bounds: Bounds): Bounds {
  const { budget, maxMemoryBytes, maxTableElements } = bounds;
  checkCount('maxMemoryBytes', maxMemoryBytes, Number.MAX_SAFE_INTEGER, 'or Infinity');
  checkCount('maxTableElements', maxTableElements, Number.MAX_SAFE_INTEGER, 'or Infinity');
  if (budget !== undefined) {
    checkNames('budget', budget, BUDGET_NAMES);
    checkCount('budget.fuel', budget.fuel, Number.MAX_SAFE_INTEGER);
    checkCount('budget.callDepth', budget.callDepth, 2 ** 31 - 1);
  }
  return bounds;
}

/** @throws RangeError for what is no whole number from 0 to `most`, nor Infinity where that may be. */
export function checkCount(name: string, value: number, most: number, orElse?: 'or Infinity'): void {
  if (orElse !== undefined && value === Number.POSITIVE_INFINITY) return;
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new RangeError(`${name}: ${value} is no whole number from 0 to ${most}`);
}

/** The parts of a budget. */
export type BudgetName = keyof Budget | 'memory' | 'tables';

type BudgetCode = 'fuel-exhausted' | 'call-depth-exhausted' | 'memory-exhausted' | 'tables-exhausted';

const CODES: { readonly [Name in BudgetName]: BudgetCode & TrapCode } = {
  fuel: 'fuel-exhausted',
  callDepth: 'call-depth-exhausted',
  memory: 'memory-exhausted',
  tables: 'tables-exhausted',
};

const EXCEEDED: { readonly [Name in BudgetName]: (limit: number) => string } = {
  fuel: (limit) => `more than ${limit} units of fuel in one call`,
  callDepth: (limit) => `calls ${limit} deep in one call`,
  memory: (limit) => `more than ${limit} bytes in one memory`,
  tables: (limit) => `more than ${limit} elements in one table`,
};

/**
 * The guest used more than it may use. The same call uses the same on every machine. `code` names the budget:
 * `fuel-exhausted`, `call-depth-exhausted`, `memory-exhausted` or `tables-exhausted`. A command that fails by it has the same
 * code in its failure, as `payload.val.code`.
 */
export class OutOfBudget extends Trap {
  override readonly name: string = 'OutOfBudget';
  declare readonly code: BudgetCode;
  readonly budget: BudgetName;
  readonly limit: number;

  constructor(budget: BudgetName, limit: number, options?: ErrorOptions) {
    super(`the guest is out of budget: ${EXCEEDED[budget](limit)} (${budget})`, { ...options, code: CODES[budget] });
    this.budget = budget;
    this.limit = limit;
  }
}

/**
 * What a rewritten module exports beside its own: no guest may export a name that begins like these.
 * `FUEL` is an `i64` and `DEPTH` an `i32` that hold what is left, `REFUSAL` an `i32` that says which growth was refused, and
 * `START` the start function, which the host calls when it has the others.
 */
export const RESERVED = 'decidable ';
export const FUEL = 'decidable fuel';
export const DEPTH = 'decidable depth';
export const REFUSAL = 'decidable refusal';
export const START = 'decidable start';

/** What `REFUSAL` holds: nothing, the host's limits, or a machine that has less than those allow. */
export const Refusal = { none: 0, memory: 1, tables: 2, machine: 3 } as const;
