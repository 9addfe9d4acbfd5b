import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type AmbientKind, withoutAmbient } from 'decidable/testing';
import {
  FORBIDDEN_BUILTINS,
  forbiddenNames,
  functionNames,
} from '../../../../src/adapters/testing/ambient/builtins.ts';
import { FORBIDDEN, LOCALE_CONSTRUCTORS, LOCALE_METHODS } from '../../../../src/adapters/testing/ambient/catalogue.ts';
import { objectAt } from '../../../../src/adapters/testing/ambient/slot.ts';
import { builtinMembers, globalMembers } from './members.ts';

/** The names of a list, which has lines of the form `holder: member …` and comments after `#`. */
function listed(file: string): readonly string[] {
  return readFileSync(new URL(file, import.meta.url), 'utf8')
    .split('\n')
    .map((line) => line.replace(/(^|\s)#.*$/, '').trim())
    .filter((line) => line !== '')
    .flatMap((line) => {
      const [holder = '', ...members] = line.split(/:? /);
      return members.map((member) => memberName(holder === '(global)' ? '' : holder, member));
    });
}

function memberName(holder: string, member: string): string {
  return holder === '' ? member : member.startsWith('[') ? holder + member : `${holder}.${member}`;
}

interface Forbidden {
  readonly holder: string;
  readonly member: string;
  readonly kind: AmbientKind;
}

const forbidden: readonly Forbidden[] = FORBIDDEN.flatMap(([holder, kind, members]) =>
  members.split(' ').map((member) => ({ holder, member, kind })),
);

/** Members that are refused with some arguments only. determinism.test.ts tests each. */
const conditional: readonly string[] = [
  ...LOCALE_METHODS.map(({ holder, method }) => `${holder}.${method}`),
  ...LOCALE_CONSTRUCTORS.map((name) => `Intl.${name}`),
  'Date',
  'Date.now',
  'Date.parse',
  'process.env',
  'Intl.DateTimeFormat.prototype.format',
  'Intl.DateTimeFormat.prototype.formatToParts',
];

/** The state of the process and of the console. The members that contain it are listed separately. */
const isOpaque = (name: string): boolean =>
  (/^(process|console)[.[]/.test(name) && !name.includes('__proto__')) || name === 'Performance.prototype.nodeTiming';

/** `names` that are not among `others`. */
const missing = (names: readonly string[], others: readonly string[]): string[] => {
  const known = new Set(others);
  return names.filter((name) => !known.has(name));
};

describe('the members of the global object', {
  skip: !process.version.startsWith('v24.') && 'the lists are of Node 24',
}, () => {
  const members = globalMembers(isOpaque);
  const allowed = listed('allowed-globals.txt');
  const refused = [...forbidden.map(({ holder, member }) => memberName(holder, member)), ...conditional];

  test('are each forbidden or allowed', () => {
    assert.deepEqual(missing(members, [...allowed, ...refused]), []);
  });

  test('are not forbidden and allowed at the same time', () => {
    assert.deepEqual(
      allowed.filter((name) => refused.includes(name)),
      [],
    );
  });

  test('exist if they are on a list', () => {
    assert.deepEqual(missing([...allowed, ...refused], members), []);
  });

  for (const { holder, member, kind } of forbidden) {
    test(`are refused if they are forbidden: ${memberName(holder, member)}`, () => {
      const object = objectAt(holder) ?? assert.fail(`there is no ${holder}`);
      const { outcome, calls } = withoutAmbient(() => {
        const value: unknown = Reflect.get(object, member);
        if (typeof value === 'function') Reflect.apply(value, object, []);
        else Reflect.get(Object(value), 'any');
      });
      assert.ok('error' in outcome);
      assert.deepEqual(
        calls.map((call) => call.kind),
        [kind],
      );
      assert.match(calls[0]?.where ?? '', /catalogue\.test\.ts:\d+:\d+$/);
    });
  }
});

describe('the functions of Node’s modules', {
  skip: !process.version.startsWith('v24.') && 'the lists are of Node 24',
}, () => {
  const members = builtinMembers();
  const allowed = listed('allowed-builtins.txt');
  const refused = FORBIDDEN_BUILTINS.flatMap((row) => {
    const object: object | undefined = process.getBuiltinModule(`node:${row.module}` as 'node:fs');
    return forbiddenNames(row, functionNames(object ?? {})).map((key) => ({ object: object ?? {}, key, row }));
  });
  const names = [...refused.map(({ key, row }) => `${row.module}.${key}`), 'util.parseArgs'];

  test('are each forbidden or allowed', () => {
    assert.deepEqual(missing(members, [...allowed, ...names]), []);
  });

  test('are not forbidden and allowed at the same time', () => {
    assert.deepEqual(
      allowed.filter((name) => names.includes(name)),
      [],
    );
  });

  test('exist if they are on a list', () => {
    assert.deepEqual(missing([...allowed, ...names], members), []);
  });

  test('are refused if they are forbidden', () => {
    for (const { object, key, row } of refused) {
      const { calls } = withoutAmbient(() => Reflect.apply(Reflect.get(object, key) as () => void, object, []));
      assert.deepEqual(
        calls.map((call) => call.kind),
        [row.kind],
        `${row.module}.${key}`,
      );
    }
  });
});
