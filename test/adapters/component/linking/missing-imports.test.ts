/** Imports that are missing or have the wrong type are refused together, before any code of the component runs. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Component, compile, instantiate, isLinkError, type LinkError } from 'decidable/component';
import { virtualWasi } from 'decidable/component/wasi';
import { run } from '../abi/guests.ts';
import { assemble } from '../assemble.ts';

const compiled = async (text: string): Promise<Component> => compile(await assemble(text));

async function refusalOf(text: string, imports: object): Promise<LinkError> {
  const component = await compiled(text);
  try {
    await instantiate(component, imports);
  } catch (error) {
    assert.ok(isLinkError(error), String(error));
    return error;
  }
  return assert.fail('the imports were accepted');
}

const SEVERAL = `(component
  (import "now" (func (result u64)))
  (import "a:b/log@1.0.0" (instance (export "write" (func)) (export "flush" (func)) (export "close" (func))))
  (import "a:b/files" (instance (export "file" (type $f (sub resource))) (export "open" (func (result (own $f))))))
  (import "lib" (core module)))`;

describe('missing imports', () => {
  test('are listed in one error', async () => {
    const error = await refusalOf(SEVERAL, { 'a:b/log': { write: () => {}, flush: 5 } });
    assert.deepEqual(
      error.problems.map(({ path }) => path),
      [['now'], ['a:b/log@1.0.0', 'flush'], ['a:b/log@1.0.0', 'close'], ['a:b/files'], ['lib']],
    );
    assert.deepEqual(error.path, ['now']);
    // The message lists all problems.
    for (const { message } of error.problems) assert.ok(error.message.includes(message));
  });

  test('are one problem if only one is missing', async () => {
    const error = await refusalOf('(component (import "now" (func)))', {});
    assert.deepEqual(error.problems, [{ path: ['now'], message: error.message }]);
  });

  test('include a missing resource type only once', async () => {
    const text = `(component
      (import "a:b/files" (instance $i (export "file" (type $f (sub resource))) (export "open" (func (result (own $f))))))
      (alias export $i "file" (type $f))
      (import "c:d/again" (instance (export "file" (type (eq $f))))))`;
    const error = await refusalOf(text, { 'a:b/files': { open: () => 1 }, 'c:d/again': {} });
    assert.deepEqual(
      error.problems.map(({ path }) => path),
      [['a:b/files', 'file']],
    );
  });

  test('are all in the problems, although the message lists only the first twenty', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `f${index}`);
    const error = await refusalOf(`(component ${names.map((name) => `(import "${name}" (func))`).join('')})`, {});
    assert.equal(error.problems.length, 30);
    // This test checks the message.
    assert.ok(error.message.includes('"f19"') && !error.message.includes('"f20"'));
  });

  test('are refused before any start function runs', async () => {
    let starts = 0;
    const text = `(component
      (import "starting" (func $starting))
      (core func $starting' (canon lower (func $starting)))
      (core module $M (import "" "f" (func $f)) (start $f))
      (core instance (instantiate $M (with "" (instance (export "f" (func $starting'))))))
      (import "later" (func)))`;
    const component = await compiled(text);
    const starting = (): void => {
      starts++;
    };
    await assert.rejects(instantiate(component, { starting }), isLinkError);
    assert.equal(starts, 0);
    await instantiate(component, { starting, later: () => {} });
    assert.equal(starts, 1);
  });
});

describe('many interfaces', () => {
  test('are found without listing the object again for each of them', async () => {
    const names = Array.from({ length: 300 }, (_, index) => `a:b/i${index}`);
    const text = `(component ${names.map((name) => `(import "${name}@1.0.1" (instance (export "f" (func))))`).join('')})`;
    let listed = 0;
    const given = Object.fromEntries(names.map((name) => [`${name}@1.0.0`, { f: () => {} }]));
    const imports = new Proxy(given, {
      ownKeys(target) {
        listed++;
        return Reflect.ownKeys(target);
      },
    });
    await run(text, imports);
    assert.equal(listed, 1);
  });
});

describe('a component that was built for WASI 0.3', () => {
  for (const version of ['0.3.0', '0.3.0-rc-2025-09-16', '0.3']) {
    test(`is refused with that reason if its version is ${version}`, async () => {
      const text = `(component
        (import "wasi:cli/stdout@${version}" (instance (export "write" (func async (param "data" (stream u8)) (result (result)))))))`;
      const error = await refusalOf(text, virtualWasi().imports);
      // Only the message has the reason, because programs do not need to distinguish it.
      assert.match(error.message, /built for WASI 0\.3/);
    });
  }

  test('runs if the host has its imports', async () => {
    const text = '(component (import "wasi:clocks/system-clock@0.3.0" (instance (export "now" (func (result u64))))))';
    await run(text, { 'wasi:clocks/system-clock': { now: () => 0n } });
  });

  test('is not reported if an interface of WASI 0.2 is missing', async () => {
    const text = '(component (import "wasi:cli/stdout@0.2.3" (instance (export "get-stdout" (func)))))';
    assert.doesNotMatch((await refusalOf(text, {})).message, /0\.3/);
  });
});

describe('a resource type of the component itself', () => {
  test('may be imported under another name, and need not be passed', async () => {
    const text = `(component
      (type $r (resource (rep i32)))
      (import "r" (type $named (eq $r)))
      (export "mine" (type $named)))`;
    const { exports } = await run(text);
    assert.equal(typeof exports.Mine, 'function');
  });
});

describe('options of instantiate', () => {
  const empty = '(component)';
  for (const [what, options, argument] of [
    ['with an unknown name', { resource: 'handles' }, 'resource'],
    ['with an unknown name that is inherited', Object.create({ maxMemory: 1 }), 'maxMemory'],
    ['with a number of handles that is not a number', { maxHandles: '5' }, 'maxHandles'],
    ['with a negative number of bytes', { maxMemoryBytes: -1 }, 'maxMemoryBytes'],
    ['with an unknown representation', { resources: 'numbers' }, 'resources'],
    ['with a hook that is not a function', { onCoreInstance: 5 }, 'onCoreInstance'],
    ['with asynchronous imports that are not a list', { asyncImports: 'f' }, 'asyncImports'],
    ['with an asynchronous import that is not a name', { asyncImports: [5] }, 'asyncImports'],
    ['if they are null', null, 'options'],
  ] as const) {
    test(`are refused ${what}`, async () => {
      await assert.rejects(run(empty, {}, options as object), { code: 'invalid-argument', argument });
    });
  }

  test('are accepted as undefined', async () => {
    await run(empty, {}, { resources: undefined, asyncImports: undefined } as object);
  });

  for (const imports of [null, 5, () => {}]) {
    test(`are refused if the imports are ${String(imports)} instead of an object`, async () => {
      await assert.rejects(run(empty, imports as object), { code: 'invalid-argument', argument: 'imports' });
    });
  }
});

describe('a long name', () => {
  test('is complete in the error', async () => {
    const name = 'some-namespace:some-package-with-a-long-name/some-interface-with-a-long-name@1.0.0';
    const error = await refusalOf(`(component (import "${name}" (instance (export "f" (func)))))`, {});
    // This test checks the message.
    assert.ok(error.message.includes(`"${name}"`));
  });
});
