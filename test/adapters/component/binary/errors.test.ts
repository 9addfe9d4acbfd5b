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
  [new MalformedError('bad byte', 0x1f), 'component/malformed', isMalformedError],
  [new InvalidError('bad type', 10, ['f', 'x']), 'component/invalid', isInvalidError],
  [new LinkError('no import', ['f']), 'component/link', isLinkError],
  [new Trap('out of bounds'), 'component/trap', isTrap],
  [new UnsupportedError('values'), 'component/unsupported', isUnsupportedError],
  [new ComponentError({ tag: 'no' }), 'component/error', isComponentError],
] as const;

describe('each error of the component loader', () => {
  for (const [error, code, guard] of errors) {
    test(`${error.name} has the code ${code} and is known by its guard alone`, () => {
      assert.equal(error.code, code);
      assert.ok(error instanceof Error);
      assert.deepEqual(
        errors.map(([other]) => guard(other)),
        errors.map(([other]) => other === error),
      );
    });

    test(`${error.name} of another copy of the package is known too`, () => {
      assert.ok(guard({ code }));
      assert.ok(!guard({ code: 'other' }));
      assert.ok(!guard(code));
      assert.ok(!guard(null));
    });
  }
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

test("a component's error has its payload, whose text is its message", () => {
  assert.equal(new ComponentError('no such file').message, 'no such file');
  const access = new ComponentError({ tag: 'access', val: 1 });
  assert.deepEqual([access.message, access.payload], ['the guest returned an error', { tag: 'access', val: 1 }]);
  assert.equal(new ComponentError(undefined).payload, undefined);
});
