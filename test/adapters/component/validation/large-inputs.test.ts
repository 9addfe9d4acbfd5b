/**
 * Inputs that are large, or that require much more work than their length. Validation ends, with or without a typed
 * error.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from '../../../../src/adapters/component/binary/decode.ts';
import { isInvalidError } from '../../../../src/adapters/component/errors.ts';
import { validate } from '../../../../src/adapters/component/validation/validate.ts';
import { componentOfSections, leb, moduleSection, section, vec } from '../binary/bytes.ts';

const name = (text: string) => [...leb(text.length), ...new TextEncoder().encode(text)];
const emptyFunc = [0x60, 0, 0];
const componentFunc = section(
  7,
  vec(1, () => [0x40, 0, 1, 0]),
);

describe('a large valid input', () => {
  test('may be a module with 300,000 types', () => {
    accepted(
      moduleSection(
        section(
          1,
          vec(300_000, () => emptyFunc),
        ),
      ),
    );
  });

  test('may be a recursion group of 200,000 types', () => {
    accepted(moduleSection(section(1, [1, 0x4e, ...vec(200_000, () => emptyFunc)])));
  });

  test('may be a component with 200,000 types that each refer to the first one', () => {
    accepted(section(7, [...leb(200_001), 0x73, ...vec(200_000, () => [0x70, 0]).slice(3)]));
  });

  test('may have 100,000 exports of one function', () => {
    const exported = (index: number) => [0, ...name(`f${index}`), 1, 0, 0];
    accepted(
      componentFunc,
      section(
        10,
        vec(1, () => [0, ...name('f'), 1, 0]),
      ),
      section(11, vec(100_000, exported)),
    );
  });

  test('may have 99 components inside one another', () => {
    let inner = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0];
    for (let level = 0; level < 99; level++) inner = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, ...section(4, inner)];
    accepted(section(4, inner));
  });

  test('may have 99 component types inside one another', () => {
    let inner = [0x41, 0];
    for (let level = 0; level < 99; level++) inner = [0x41, 1, 1, ...inner];
    accepted(section(7, [1, ...inner]));
  });

  test('may have a name of 100,000 bytes', () => {
    accepted(
      componentFunc,
      section(
        10,
        vec(1, () => [0, ...name('f'.repeat(100_000)), 1, 0]),
      ),
    );
  });
});

describe('an input that requires too much work', () => {
  test('is refused with instances that each export the previous one', () => {
    const bag = (index: number) => (index === 0 ? [1, 0] : [1, 1, 0, ...name('i'), 5, ...leb(index - 1)]);
    refused('nesting too deep', section(5, vec(9_000, bag)));
  });

  test('is refused with instances that each export the previous one twice', () => {
    const before = (index: number) => leb(index - 1);
    const bag = (index: number) =>
      index === 0 ? [1, 0] : [1, 2, 0, ...name('a'), 5, ...before(index), 0, ...name('b'), 5, ...before(index)];
    refused(
      'effective type size exceeds the limit',
      section(5, vec(90, bag)),
      section(
        11,
        vec(1, () => [0, ...name('x'), 5, 89, 0]),
      ),
    );
  });

  test('is refused with instance types that each export an instance of the previous one', () => {
    const nested = (index: number) =>
      index === 0 ? [0x42, 0] : [0x42, 2, 2, 3, 2, 1, ...leb(index - 1), 4, 0, ...name('i'), 5, 0];
    refused('nesting too deep', section(7, vec(9_000, nested)));
  });

  test('is refused with component types that each import the previous one', () => {
    const nested = (index: number) =>
      index === 0 ? [0x41, 0] : [0x41, 2, 2, 3, 2, 1, ...leb(index - 1), 3, 0, ...name('c'), 4, 0];
    refused('nesting too deep', section(7, vec(9_000, nested)));
  });

  test('is refused with core types that each extend the previous one', () => {
    const extended = (index: number) =>
      index === 0 ? [0x50, 0, ...emptyFunc] : [0x50, 1, ...leb(index - 1), ...emptyFunc];
    refused('type nesting is too deep: more than 63 levels', moduleSection(section(1, vec(9_000, extended))));
  });

  test('is refused with many exports of a large instance', () => {
    const many = vec(5_000, (index) => [0, ...name(`f${index}`), 1, 0]);
    const again = vec(9_000, (index) => [0, ...name(`i${index}`), 5, 0, 0]);
    refused(
      'effective type size exceeds the limit',
      componentFunc,
      section(
        10,
        vec(1, () => [0, ...name('f'), 1, 0]),
      ),
      section(5, [1, 1, ...many]),
      section(11, again),
    );
  });

  test('is refused with many instances of a module with many imports', () => {
    const imports = vec(2_000, (index) => [...name('m'), ...name(`f${index}`), 0, 0]);
    const exports = vec(2_000, (index) => [...name(`f${index}`), 0, 0]);
    const again = vec(9_000, () => [0, 1, 1, ...name('m'), 0x12, 0]);
    refused(
      'effective type size exceeds the limit',
      moduleSection(
        section(1, [1, ...emptyFunc]),
        section(3, [1, 0]),
        section(7, exports),
        section(10, [1, 2, 0, 0x0b]),
      ),
      moduleSection(section(1, [1, ...emptyFunc]), section(2, imports)),
      section(2, [1, 0, 0, 0]),
      section(2, again),
    );
  });

  test('is refused with many liftings of a function with many parameters', () => {
    const params = vec(1_000, (index) => [...name(`p${index}`), 0x7f]);
    const lower = vec(9_000, () => [1, 0, 0, 1, 3, 0]);
    refused(
      'effective type size exceeds the limit',
      moduleSection(section(5, [1, 0, 1]), section(7, [1, ...name('m'), 2, 0])),
      section(2, [1, 0, 0, 0]),
      section(6, [1, 0, 2, 1, 0, ...name('m')]),
      section(7, [1, 0x40, ...params, 1, 0]),
      section(
        10,
        vec(1, () => [0, ...name('f'), 1, 0]),
      ),
      section(8, lower),
    );
  });
});

function accepted(...sections: readonly number[][]): void {
  const component = decode(componentOfSections(...sections));
  assert.equal(validate(component).definitions.length, component.definitions.length);
}

function refused(message: string, ...sections: readonly number[][]): void {
  const component = decode(componentOfSections(...sections));
  assert.throws(
    () => validate(component),
    (error) => {
      assert.ok(isInvalidError(error), String(error));
      assert.ok(error.message.includes(message), error.message);
      return true;
    },
  );
}
