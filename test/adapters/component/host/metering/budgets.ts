/** Budgets of rewritten modules, and the errors that name them. */
import { isTrap } from 'decidable/component';
import { OutOfBudget } from 'decidable/component/host';
import { ROOMY } from './rewritten.ts';

export const isOut = (budget: 'fuel' | 'callDepth') => (error: unknown) =>
  isTrap(error) && error instanceof OutOfBudget && error.budget === budget;

export const withBudget = (fuel: number, callDepth = 1_000) => ({ ...ROOMY, budget: { fuel, callDepth } });
