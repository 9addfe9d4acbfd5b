import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainError } from '../../../examples/bank/explain-error.ts';
import { CommandFailure, StoreFailureError } from '../../../src/core/index.ts';

const CODES = ['read-only', 'full', 'busy', 'corrupt', 'newer-format', 'not-a-store', 'io', 'unknown-outcome'];

test('whatever a store fails with is one paragraph: what, code, way out', () => {
  for (const code of CODES) {
    const val = { code, message: 'bank.db cannot be used.' };
    const errors = [
      new StoreFailureError({ tag: 'failure', val }, val.message),
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

test('what nobody foresaw is not explained away', () => {
  assert.equal(explainError(new TypeError('x is not a function')), undefined);
  assert.equal(explainError(Object.assign(new Error('odd'), { code: 'EMFILE' })), undefined);
});
