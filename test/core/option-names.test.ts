import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DefinitionError } from 'decidable';
import { checkOptionNames, nearestName, type OptionNames, unknownOption } from '../../src/core/option-names.ts';

interface Options {
  readonly commandId?: string;
  readonly readOnly?: boolean;
}

const NAMES: OptionNames<Options> = { commandId: true, readOnly: true };

describe('option names', () => {
  test('known names pass', () => {
    assert.equal(unknownOption({ commandId: '1', readOnly: undefined }, NAMES), undefined);
    checkOptionNames({}, NAMES, 'place');
  });

  test('an unknown name is found, with the name that was probably meant', () => {
    assert.deepEqual(unknownOption({ comandId: '1' }, NAMES), {
      name: 'comandId',
      message: 'unknown option "comandId"; did you mean "commandId"?',
    });
  });

  test('a name that resembles none is found, with the names that are known', () => {
    assert.deepEqual(unknownOption({ timeout: 1 }, NAMES), {
      name: 'timeout',
      message: 'unknown option "timeout"; the options are commandId, readOnly',
    });
  });

  test('an unknown name is found if its value is undefined', () => {
    assert.equal(unknownOption({ readonly: undefined }, NAMES)?.name, 'readonly');
  });

  test('an inherited unknown name is found', () => {
    assert.equal(unknownOption(Object.create({ readonly: true }), NAMES)?.name, 'readonly');
  });

  test('a name of Object.prototype is unknown', () => {
    assert.equal(unknownOption({ toString: 1 }, NAMES)?.name, 'toString');
  });

  test('a definition error names the place and the option', () => {
    assert.throws(
      () => checkOptionNames({ readonly: true }, NAMES, 'createStore'),
      (error) => error instanceof DefinitionError && error.payload.place === 'createStore.readonly',
    );
  });

  for (const options of [undefined, null, 'commandId', 1]) {
    test(`${options} instead of options is a definition error`, () => {
      assert.throws(() => checkOptionNames(options, NAMES, 'createStore'), {
        code: 'invalid-definition',
        payload: { place: 'createStore' },
      });
    });
  }
});

describe('the nearest name', () => {
  const known = ['commandId', 'correlationId', 'readOnly', 'maxPages'];
  const cases: readonly [string, string | undefined][] = [
    ['comandId', 'commandId'],
    ['commandID', 'commandId'],
    ['commnadId', 'commandId'],
    ['readonly', 'readOnly'],
    ['maxPage', 'maxPages'],
    ['correlation', 'correlationId'],
    ['deadline', undefined],
    ['x', undefined],
    ['', undefined],
  ];
  for (const [given, meant] of cases) {
    test(`of ${JSON.stringify(given)} is ${meant ?? 'none'}`, () => assert.equal(nearestName(given, known), meant));
  }
});
