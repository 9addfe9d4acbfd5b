import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  ComponentError,
  InvalidError,
  isComponentError,
  isInvalidError,
  isLinkError,
  isMalformedError,
  isTrap,
  isUnsupportedError,
  LinkError,
  MalformedError,
  Trap,
  UnsupportedError,
} from '../../../../src/adapters/component/errors.ts';

const errors = [
  [new MalformedError('bad byte', 0x1f), 'decidable/component', 'malformed', isMalformedError],
  [new InvalidError('bad type', 10, ['f', 'x']), 'decidable/component', 'invalid', isInvalidError],
  [new LinkError('no import', ['f']), 'decidable/component', 'link', isLinkError],
  [new Trap('out of bounds'), 'decidable/trap', 'trap', isTrap],
  [new UnsupportedError('values'), 'decidable/component', 'unsupported', isUnsupportedError],
  [new ComponentError({ tag: 'no' }), 'decidable/component', 'error', isComponentError],
] as const;

describe('each error of the component loader', () => {
  for (const [error, family, code, guard] of errors) {
    test(`has the code ${code} and is recognized by its guard alone: ${error.name}`, () => {
      assert.deepEqual([error.family, error.code], [family, code]);
      assert.ok((error as unknown) instanceof Error);
      assert.deepEqual(
        errors.map(([other]) => guard(other)),
        errors.map(([other]) => other === error),
      );
    });

    test(`is recognized by its guard if it is of another copy of the package: ${error.name}`, () => {
      assert.ok(guard({ family, code }));
      for (const other of [{ family: 'decidable/rejection', code }, { code }, code, null, undefined]) {
        assert.ok(!guard(other));
      }
    });
  }
});

test('a trap of any code is a trap', () => {
  const trap = new Trap('too deep', { code: 'stack-overflow', cause: 5 });
  assert.deepEqual([trap.code, trap.cause, isTrap(trap)], ['stack-overflow', 5, true]);
});

test('a malformed or invalid component is refused with the offset in its message', () => {
  assert.match(new MalformedError('bad byte', 0x1f).message, /bad byte \(at offset 0x1f\)/);
  assert.match(new InvalidError('bad type', 10).message, /bad type \(at offset 0xa\)/);
});

test('an unsupported feature is named', () => {
  const error = new UnsupportedError('values');
  assert.equal(error.feature, 'values');
  assert.match(error.message, /values/);
});

test('an error of a component has its payload, and a string payload as its message', () => {
  assert.equal(new ComponentError('no such file').message, 'no such file');
  const access = new ComponentError({ tag: 'access', val: 1 });
  assert.deepEqual([access.message, access.payload], ['the guest returned an error', { tag: 'access', val: 1 }]);
  assert.equal(new ComponentError(undefined).payload, undefined);
});
