/** Adds a rule to a generated schema through the interface of Standard Schema. */
import type { StandardSchema } from 'decidable';
import { MAX_AMOUNT } from '../bank/account.ts';

/** Returns `schema` with the additional rule that the amount is from 1 to the largest amount of a command. */
export function amountInRange<Data extends { readonly amount: number }>(
  schema: StandardSchema<Data>,
): StandardSchema<Data> {
  const { validate } = schema['~standard'];
  return {
    '~standard': {
      version: 1,
      vendor: 'bank',
      validate: (value) => {
        const result = validate(value);
        if (result instanceof Promise || result.issues !== undefined) return result;
        const { amount } = result.value;
        if (amount >= 1 && amount <= MAX_AMOUNT) return result;
        return { issues: [{ message: `must be from 1 to ${MAX_AMOUNT}`, path: ['amount'] }] };
      },
    },
  };
}
