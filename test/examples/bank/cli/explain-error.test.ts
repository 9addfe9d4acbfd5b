import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandFailure, StoreFailure } from 'decidable';
import { explainError } from '../../../../examples/bank/cli/explain-error.ts';

const CODES = ['read-only', 'full', 'busy', 'corrupt', 'newer-format', 'not-a-store', 'io', 'unknown-outcome'];

test('each failure of a store is explained in one paragraph with problem, code and remedy', () => {
  for (const code of CODES) {
    const val = { code, message: 'bank.db cannot be used.' };
    const errors = [
      new StoreFailure({ tag: 'failure', val }, val.message),
      new CommandFailure({ tag: 'store', val }, val.message),
    ];
    for (const error of errors) {
      const explanation = explainError(error);
      assert.equal(explanation?.exitCode, 1);
      const text = explanation.text;
      assert.ok(text.startsWith(`bank.db cannot be used (${code}). `), text);
      assert.match(text, /\. [A-Z][^\n]{20,}\.\n$/);
    }
  }
});

test('an unexpected error is not explained', () => {
  assert.equal(explainError(new TypeError('x is not a function')), undefined);
  assert.equal(explainError(Object.assign(new Error('odd'), { code: 'EMFILE' })), undefined);
});
