import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DefinitionError } from 'decidable';
import { checkOptionNames } from '../../src/core/option-names.ts';
import { nearestName, type OptionNames, unknownOption } from '../../src/core/unknown-names.ts';

interface Options {
  readonly commandId?: string;
  readonly readOnly?: boolean;
}

const NAMES: OptionNames<Options> = { commandId: true, readOnly: true };

describe('option names', () => {
  test('are accepted if they are known', () => {
    assert.equal(unknownOption({ commandId: '1', readOnly: undefined }, NAMES), undefined);
    checkOptionNames({}, NAMES, 'place');
  });

  test('are refused with the nearest known name', () => {
    assert.deepEqual(unknownOption({ comandId: '1' }, NAMES), {
      name: 'comandId',
      message: 'unknown option "comandId"; did you mean "commandId"?',
    });
  });

  test('are refused with all known names if no name is similar', () => {
    assert.deepEqual(unknownOption({ timeout: 1 }, NAMES), {
      name: 'timeout',
      message: 'unknown option "timeout"; the options are commandId, readOnly',
    });
  });

  test('are refused even if the value is undefined', () => {
    assert.equal(unknownOption({ readonly: undefined }, NAMES)?.name, 'readonly');
  });

  test('are refused if they are inherited', () => {
    assert.equal(unknownOption(Object.create({ readonly: true }), NAMES)?.name, 'readonly');
  });

  test('are refused if they are names of Object.prototype', () => {
    assert.equal(unknownOption({ toString: 1 }, NAMES)?.name, 'toString');
  });

  test('are named in the definition error, with their place', () => {
    assert.throws(
      () => checkOptionNames({ readonly: true }, NAMES, 'createStore'),
      (error) => error instanceof DefinitionError && error.payload.place === 'createStore.readonly',
    );
  });

  for (const options of [undefined, null, 'commandId', 1]) {
    test(`are missing if ${options} is passed instead of an object, which is a definition error`, () => {
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
