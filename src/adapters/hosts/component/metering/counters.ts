/** The counters of one instance: filled before each call, and looked at when one has trapped. */
import { isTrap, Trap } from '../../../component/index.ts';
import { type Budget, DEPTH, FUEL } from './meter.ts';

/** The guest has used up what a call may use. The same call uses up the same on every machine. */
export class OutOfBudget extends Trap {
  readonly budget: keyof Budget;

  constructor(budget: keyof Budget, limit: number, options?: ErrorOptions) {
    const what = budget === 'fuel' ? `more than ${limit} calls and rounds of loops` : `calls ${limit} deep`;
    super(`the guest is out of budget: ${what} in one call (${budget})`, options);
    this.budget = budget;
  }
}

/** A `WebAssembly.Global`. */
interface Counter {
  value: unknown;
}

export class Counters {
  readonly #budget: Budget;
  readonly #fuel: Counter[] = [];
  readonly #depth: Counter[] = [];

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** To be called with the exports of each core instance. */
  readonly add = (exports: Readonly<Record<string, unknown>>): void => {
    if (isCounter(exports[FUEL])) this.#fuel.push(exports[FUEL]);
    if (isCounter(exports[DEPTH])) this.#depth.push(exports[DEPTH]);
  };

  fill(): void {
    const fuel = BigInt(this.#budget.fuel);
    for (const counter of this.#fuel) counter.value = fuel;
    for (const counter of this.#depth) counter.value = this.#budget.callDepth;
  }

  /** What a call threw; a trap for which a counter is to blame says so. */
  explain(error: unknown): unknown {
    if (!isTrap(error)) return error;
    const { fuel, callDepth } = this.#budget;
    if (this.#fuel.some(isExhausted)) return new OutOfBudget('fuel', fuel, { cause: error });
    if (this.#depth.some(isExhausted)) return new OutOfBudget('callDepth', callDepth, { cause: error });
    return error;
  }
}

function isCounter(value: unknown): value is Counter {
  return typeof value === 'object' && value !== null && 'value' in value;
}

function isExhausted({ value }: Counter): boolean {
  return (typeof value === 'bigint' || typeof value === 'number') && value < 0;
}
