/** The resources that a guest may use, and the error if it uses more. */

import type { OptionNames } from '../../../../core/unknown-names.ts';
import { ArgumentError, Trap, type TrapCode } from '../../index.ts';
import { checkNames } from '../../option-names.ts';
import { checkGrant, type Indeterminism } from './determinism.ts';

/** The resources that one call may use in each core module of the component. */
export interface Budget {
  /**
   * The units of fuel. Each call of a function and each iteration of a loop costs one unit. So does each block of 64
   * bytes or 8 elements that one instruction copies, fills or adds.
   */
  readonly fuel: number;
  /** The number of nested calls. A function with many locals counts one more for every 16 of them. */
  readonly callDepth: number;
}

/** The limits of each core module of a component. */
export interface Bounds {
  /** The maximum number of bytes of each memory. */
  readonly maxMemoryBytes: number;
  /** The maximum number of elements of each table. */
  readonly maxTableElements: number;
  readonly budget?: Budget | undefined;
  /** The indeterminism that is granted. */
  readonly grant?: readonly Indeterminism[] | undefined;
}

const BUDGET_NAMES: OptionNames<Budget> = { fuel: true, callDepth: true };

/**
 * Returns the limits unchanged.
 *
 * @throws ArgumentError if a limit is unknown, is not a whole number, or is greater than a counter can hold.
 */
export function checkBounds(bounds: Bounds): Bounds {
  const { budget, maxMemoryBytes, maxTableElements, grant } = bounds;
  checkCount('maxMemoryBytes', maxMemoryBytes, Number.MAX_SAFE_INTEGER, 'or Infinity');
  checkCount('maxTableElements', maxTableElements, Number.MAX_SAFE_INTEGER, 'or Infinity');
  if (budget !== undefined) {
    checkNames('budget', budget, BUDGET_NAMES);
    checkCount('budget.fuel', budget.fuel, Number.MAX_SAFE_INTEGER);
    checkCount('budget.callDepth', budget.callDepth, 2 ** 31 - 1);
  }
  if (grant !== undefined) checkGrant(grant);
  return bounds;
}

/**
 * Checks a limit.
 * @throws ArgumentError if `value` is not a whole number from 0 to `most`. With `orElse`, `Infinity` is accepted too.
 */
export function checkCount(name: string, value: number, most: number, orElse?: 'or Infinity'): void {
  if (orElse !== undefined && value === Number.POSITIVE_INFINITY) return;
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  const range = `an integer from 0 to ${most}${orElse === undefined ? '' : ` ${orElse}`}`;
  throw new ArgumentError(name, `expected ${range}, got ${value}`);
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
  fuel: (limit) => `more than ${limit} units of fuel in one call; the limit is budget.fuel`,
  callDepth: (limit) => `more than ${limit} nested calls; the limit is budget.callDepth`,
  memory: (limit) => `more than ${limit} bytes in one memory; the limit is maxMemoryBytes`,
  tables: (limit) => `more than ${limit} elements in one table; the limit is maxTableElements`,
};

/**
 * The guest exceeded its budget. The same call uses the same resources on every machine. `code` names the budget:
 * `fuel-exhausted`, `call-depth-exhausted`, `memory-exhausted` or `tables-exhausted`. The failure of the command has
 * the same code, as `payload.val.code`.
 */
export class OutOfBudget extends Trap {
  override readonly name: string = 'OutOfBudget';
  declare readonly code: BudgetCode;
  /** The name of the exceeded budget. */
  readonly budget: BudgetName;
  /** The limit that the guest exceeded, in the unit of the budget. */
  readonly limit: number;

  constructor(budget: BudgetName, limit: number, options?: ErrorOptions) {
    super(`the guest is out of budget: ${EXCEEDED[budget](limit)}`, { ...options, code: CODES[budget] });
    this.budget = budget;
    this.limit = limit;
  }
}

/**
 * The prefix of the names that a rewritten module exports in addition to its own. No guest may export a name with this
 * prefix. `FUEL` is an `i64` and `DEPTH` is an `i32`. Both are the remaining units. `REFUSAL` is an `i32` that records
 * which growth was refused. `START` is the start function, which the host calls when it has received the other exports.
 */
export const RESERVED = 'decidable ';
export const FUEL = 'decidable fuel';
export const DEPTH = 'decidable depth';
export const FILL = 'decidable fill';
export const REFUSAL = 'decidable refusal';
export const START = 'decidable start';

/**
 * The values of `REFUSAL`. A growth was refused because of the host's limit for memories or for tables, or because the
 * machine has too little memory.
 */
export const Refusal = { none: 0, memory: 1, tables: 2, machine: 3 } as const;
