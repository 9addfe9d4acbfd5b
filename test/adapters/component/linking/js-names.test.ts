/** Two WIT names with the same JavaScript name are refused. The error has both names. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type InstantiateOptions, isLinkError } from 'decidable/component';
import { run } from '../abi/guests.ts';

type Api = Record<string, (...args: unknown[]) => unknown>;

/** Checks for a `LinkError` at this path whose text has both names. */
async function assertRefused(
  text: string,
  path: readonly string[],
  names: readonly string[],
  { imports = {}, options = {} }: { imports?: object; options?: InstantiateOptions } = {},
): Promise<void> {
  await assert.rejects(run(text, imports, options), (error: unknown) => {
    assert.ok(isLinkError(error), String(error));
    assert.deepEqual(error.path, path);
    // The path has only one of the names, so this test looks for both in the text.
    for (const name of names) assert.ok(error.message.includes(JSON.stringify(name)), error.message);
    return true;
  });
}

const FIVE = `
  (core module $M (func (export "f") (result i32) (i32.const 5)) (func (export "take") (param i32) (result i32) (i32.const 5)))
  (core instance $m (instantiate $M))`;
const five = (name: string): string => `(func (export "${name}") (result u32) (canon lift (core func $m "f")))`;

/** A component with a resource type `r` that has these functions: a name, its parameter and the lifted function. */
function resource(...functions: readonly string[]): string {
  const members = functions.map((name) => {
    if (name.startsWith('[constructor]')) {
      return `(func (export "${name}") (result (own $r)) (canon lift (core func $n "make")))`;
    }
    const self = name.startsWith('[method]') ? '(param "self" (borrow $r))' : '(param "x" u32)';
    return `(func (export "${name}") ${self} (result u32) (canon lift (core func $m "take")))`;
  });
  return `(component ${FIVE}
    (type $r' (resource (rep i32)))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core module $N (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (result i32) (call $new (i32.const 1))))
    (core instance $n (instantiate $N (with "" (instance (export "new" (func $new))))))
    ${members.join('\n')})`;
}

describe('exports with the same JavaScript name', () => {
  for (const [what, text, path, names] of [
    ['two functions', `(component ${FIVE} ${five('v-1')} ${five('v1')})`, ['v1'], ['v-1', 'v1']],
    [
      'two functions of an interface',
      `(component ${FIVE} (component $C ${FIVE} ${five('a-1-b')} ${five('a1-b')})
        (instance $c (instantiate $C)) (export "a:b/c" (instance $c)))`,
      ['a:b/c', 'a1-b'],
      ['a-1-b', 'a1-b'],
    ],
    [
      'a function and an instance',
      `(component ${FIVE} ${five('v-1')} (component $E) (instance $i (instantiate $E)) (export "v1" (instance $i)))`,
      ['v-1'],
      ['v-1', 'v1'],
    ],
    ['two methods', resource('[method]r.v-1', '[method]r.v1'), ['[method]r.v1'], ['[method]r.v-1', '[method]r.v1']],
    [
      'two resource types',
      `(component (type $r (resource (rep i32))) (type $s (resource (rep i32)))
        (export "r-1" (type $r)) (export "r1" (type $s)))`,
      ['r1'],
      ['r-1', 'r1'],
    ],
  ] as const) {
    test(`are refused: ${what}`, async () => {
      for (const resources of ['objects', 'handles'] as const) {
        await assertRefused(text, path, names, { options: { resources } });
      }
    });
  }

  test('are refused before the component is started', async () => {
    let starts = 0;
    const text = `(component
      (import "start" (func $start))
      (core func $start' (canon lower (func $start)))
      (core module $S (import "" "f" (func $f)) (start $f))
      (core instance (instantiate $S (with "" (instance (export "f" (func $start'))))))
      ${FIVE} ${five('v-1')} ${five('v1')})`;
    await assert.rejects(run(text, { start: () => starts++ }), isLinkError);
    assert.equal(starts, 0);
  });

  test('may be a method and a static function of one class', async () => {
    const { exports } = await run(resource('[constructor]r', '[method]r.v-1', '[static]r.v1'));
    const { R } = exports as unknown as { R: { new (): { v1(): number }; v1(x: number): number } };
    assert.deepEqual([new R().v1(), R.v1(0)], [5, 5]);
    await assertRefused(
      resource('[method]r.v-1', '[static]r.v1'),
      ['[static]r.v1'],
      ['[method]r.v-1', '[static]r.v1'],
      { options: { resources: 'handles' } },
    );
  });
});

describe('labels with the same JavaScript name', () => {
  for (const type of ['(record (field "a-1" u8) (field "a1" u8))', '(flags "a-1" "a1")']) {
    const definition = `(type $t' ${type})`;
    test(`are refused in exports: ${type}`, async () => {
      const text = `(component
        ${definition} (export $t "t" (type $t'))
        (core module $M (func (export "f") (param i32 ${type.startsWith('(r') ? 'i32' : ''})))
        (core instance $m (instantiate $M))
        (func (export "f") (param "x" $t) (canon lift (core func $m "f"))))`;
      await assertRefused(text, ['f'], ['a-1', 'a1']);
    });

    test(`are refused in imports from JavaScript: ${type}`, async () => {
      const text = `(component
        (import "a:b/c" (instance
          (type $u ${type}) (export "t" (type $t (eq $u))) (export "f" (func (param "x" (list (option $t))))))))`;
      await assertRefused(text, ['a:b/c', 'f'], ['a-1', 'a1'], { imports: { 'a:b/c': { f: () => {} } } });
    });
  }

  test('are accepted in variants and enums, because cases keep their names', async () => {
    const text = `(component
      (type $e' (enum "a-1" "a1")) (export $e "e" (type $e'))
      (core module $M (func (export "f") (param i32) (result i32) (local.get 0)))
      (core instance $m (instantiate $M))
      (func (export "f") (param "x" $e) (result $e) (canon lift (core func $m "f"))))`;
    const { exports } = await run(text);
    const api = exports as Api;
    assert.deepEqual([api.f!('a-1'), api.f!('a1')], ['a-1', 'a1']);
  });
});

describe('a name that a class or an object of functions already has', () => {
  test('is refused for a method `drop` if resources are handles', async () => {
    const text = resource('[method]r.drop');
    await assertRefused(text, ['[method]r.drop'], ['drop'], { options: { resources: 'handles' } });
    const { exports } = await run(resource('[constructor]r', '[method]r.drop'));
    const { R } = exports as unknown as { R: new () => Disposable & { drop(): number } };
    using r = new R();
    assert.equal(r.drop(), 5);
  });

  test('is refused for a static function `create` if resources are handles', async () => {
    const text = resource('[constructor]r', '[static]r.create');
    await assertRefused(text, ['[static]r.create'], ['[constructor]r', '[static]r.create', 'create'], {
      options: { resources: 'handles' },
    });
    const { exports } = await run(resource('[static]r.create'), {}, { resources: 'handles' });
    assert.equal((exports.r as unknown as Api).create!(0), 5);
  });

  test('is refused for a static function `prototype` of a class', async () => {
    const text = resource('[static]r.prototype');
    await assertRefused(text, ['[static]r.prototype'], ['prototype']);
    const { exports } = await run(text, {}, { resources: 'handles' });
    assert.equal((exports.r as unknown as Api).prototype!(0), 5);
  });
});

describe('two exports of one resource type', () => {
  const twice = (first: string, second: string): string => `(component
    (core module $M (func (export "one") (param i32) (result i32) (i32.const 1)) (func (export "two") (param i32) (result i32) (i32.const 2)))
    (core instance $m (instantiate $M))
    (type $r (resource (rep i32)))
    (func $one (param "self" (borrow $r)) (result u32) (canon lift (core func $m "one")))
    (func $two (param "self" (borrow $r)) (result u32) (canon lift (core func $m "two")))
    (component $C
      (import "r" (type $r (sub resource)))
      (import "f" (func $f (param "self" (borrow $r)) (result u32)))
      (export $r' "r" (type $r))
      (export "[method]r.f" (func $f) (func (param "self" (borrow $r')) (result u32))))
    (instance $a (instantiate $C (with "r" (type $r)) (with "f" (func ${first}))))
    (instance $b (instantiate $C (with "r" (type $r)) (with "f" (func ${second}))))
    (export "a:b/one" (instance $a))
    (export "a:b/two" (instance $b)))`;

  test('share a class, if their functions are the same', async () => {
    const { exports } = await run(twice('$one', '$one'));
    assert.equal((exports['a:b/one'] as { R: unknown }).R, (exports['a:b/two'] as { R: unknown }).R);
  });

  for (const resources of ['objects', 'handles'] as const) {
    test(`are refused if they have different functions with the same name (${resources})`, async () => {
      await assert.rejects(run(twice('$one', '$two'), {}, { resources }), isLinkError);
    });
  }
});

/** Imports functions and calls each of them. */
function importing(...names: readonly string[]): string {
  const imports = names.map((name, index) => `(import "${name}" (func $f${index} (result u32)))`);
  const lowered = names.map((_, index) => `(core func $g${index} (canon lower (func $f${index})))`);
  const exports = names.map((_, index) => `(export "f${index}" (func $g${index}))`);
  const core = names.map((_, index) => `(import "" "f${index}" (func (result i32)))`);
  const passed = names.map((_, index) => `(export "g${index}" (func ${index}))`);
  const lifted = names.map(
    (_, index) => `(func (export "g${index}") (result u32) (canon lift (core func $m "g${index}")))`,
  );
  return `(component ${imports.join(' ')} ${lowered.join(' ')}
    (core module $M ${core.join(' ')} ${passed.join(' ')})
    (core instance $m (instantiate $M (with "" (instance ${exports.join(' ')}))))
    ${lifted.join(' ')})`;
}

describe('imports with the same JavaScript name', () => {
  const text = importing('v-1', 'v1');

  test('are found under their WIT names', async () => {
    const { exports } = await run(text, { 'v-1': () => 1, v1: () => 2 });
    const api = exports as Api;
    assert.deepEqual([api.g0!(), api.g1!()], [1, 2]);
  });

  test('are not found under the name that they share', async () => {
    await assertRefused(text, ['v-1'], ['v-1', 'v1'], { imports: { v1: () => 2 } });
    await assertRefused(importing('a-1-b', 'a1-b'), ['a-1-b'], ['a-1-b', 'a1-b'], { imports: { a1B: () => 2 } });
  });

  test('are refused if they are functions of a class', async () => {
    const text = `(component (import "a:b/c" (instance
      (export "r" (type $r (sub resource)))
      (export "[method]r.v-1" (func (param "self" (borrow $r))))
      (export "[method]r.v1" (func (param "self" (borrow $r)))))))`;
    class R {
      v1(): void {}
    }
    await assertRefused(text, ['a:b/c', '[method]r.v-1'], ['[method]r.v-1', '[method]r.v1'], {
      imports: { 'a:b/c': { R } },
    });
  });
});

describe('an import with the name of a member of every object', () => {
  const names = ['to-string', 'value-of', 'constructor', 'has-own-property', 'call', 'bind', 'name', 'caller'];
  for (const name of names) {
    test(`is not found there: ${name}`, async () => {
      await assertRefused(importing(name), [name], []);
      const inside = `(component (import "a:b/c" (instance (export "${name}" (func (result u32))))))`;
      await assertRefused(inside, ['a:b/c', name], [], { imports: { 'a:b/c': {} } });
      await assertRefused(inside, ['a:b/c', name], [], { imports: { 'a:b/c': new (class Log {})() } });
      await assertRefused(inside, ['a:b/c', name], [], { imports: { 'a:b/c': class Log {} } });
      const inClass = `(component (import "a:b/c" (instance
        (export "r" (type $r (sub resource)))
        (export "[method]r.${name}" (func (param "self" (borrow $r))))
        (export "[static]r.s-${name}" (func)))))`;
      class R {
        static sToString = (): void => {};
      }
      await assert.rejects(run(inClass, { 'a:b/c': { R } }), isLinkError);
      const inStatics = `(component (import "a:b/c" (instance
        (export "r" (type $r (sub resource))) (export "[static]r.${name}" (func)))))`;
      await assertRefused(inStatics, ['a:b/c', `[static]r.${name}`], [], { imports: { 'a:b/c': { R } } });
    });
  }

  test('is found if the object, its class or its prototype has it', async () => {
    const getIt = (): number => 7;
    class Log {
      toString(): number {
        return 7;
      }
    }
    const forms = [{ toString: getIt }, { 'to-string': getIt }, new Log(), Object.create({ toString: getIt })];
    for (const imports of forms) {
      assert.equal(((await run(importing('to-string'), imports)).exports as Api).g0!(), 7);
    }
    const proxy = new Proxy({}, { get: (_, key) => (key === 'toString' ? getIt : undefined) });
    assert.equal(((await run(importing('to-string'), proxy)).exports as Api).g0!(), 7);
    assert.equal(((await run(importing('constructor'), { constructor: getIt })).exports as Api).g0!(), 7);
  });

  test('is found in a class that has it', async () => {
    const text = `(component
      (import "r" (type $r (sub resource)))
      (import "[static]r.call" (func $call (result u32)))
      (core func $call' (canon lower (func $call)))
      (core module $M (import "" "f" (func (result i32))) (export "g" (func 0)))
      (core instance $m (instantiate $M (with "" (instance (export "f" (func $call'))))))
      (func (export "g") (result u32) (canon lift (core func $m "g"))))`;
    class R {
      static call(): number {
        return 8;
      }
    }
    assert.equal(((await run(text, { R })).exports as Api).g!(), 8);
  });
});

describe('a value of the wrong kind for an import', () => {
  const instance = '(component (import "a:b/c" (instance (export "f" (func)))))';
  const type = '(component (import "r" (type (sub resource))))';

  for (const [what, text, imports] of [
    ['a function for an instance', instance, { 'a:b/c': Object.assign(() => {}, { f: () => {} }) }],
    ['an arrow function for a resource type', type, { r: () => {} }],
    ['a method for a resource type', type, { r: { m() {} }.m }],
    ['an async function for a resource type', type, { r: async () => {} }],
    ['a number for a resource type', type, { r: 5 }],
  ] as const) {
    test(`is refused: ${what}`, async () => {
      await assert.rejects(run(text, imports), isLinkError);
      await assert.rejects(run(text, imports, { resources: 'handles' }), isLinkError);
    });
  }

  test('may be a class for an instance, and a constructor function for a resource type', async () => {
    class Interface {
      static f(): void {}
    }
    await run(instance, { 'a:b/c': Interface });
    await run(type, { R: function R() {} });
  });
});

describe('functions on handles that the host passes', () => {
  const text = `(component
    (import "r" (type $r (sub resource)))
    (import "[constructor]r" (func (result (own $r))))
    (import "[static]r.create" (func))
    (import "[method]r.drop" (func (param "self" (borrow $r)))))`;

  test('are refused if one of them would be found for two imports', async () => {
    const r = { create: () => 1, drop: () => {} };
    await assert.rejects(run(text, { r }, { resources: 'handles' }), (error: unknown) => {
      assert.ok(isLinkError(error));
      assert.deepEqual(
        error.problems.map(({ path }) => path),
        [['[static]r.create'], ['[method]r.drop']],
      );
      return true;
    });
  });

  test('may have these names in a class', async () => {
    class R {
      static create(): void {}
      drop(): void {}
    }
    await run(text, { R }, { resources: 'handles' });
  });
});

describe('a resource with a method `then`', () => {
  class Later {
    // biome-ignore lint/suspicious/noThenProperty: such a class is the subject.
    then(): number {
      return 9;
    }
  }
  /** Creates a resource and calls its method. */
  const text = (isAsync: string): string => `(component
    (import "later" (type $l (sub resource)))
    (import "make" (func $make ${isAsync} (result (own $l))))
    (import "[method]later.then" (func $then (param "self" (borrow $l)) (result u32)))
    (core func $make' (canon lower (func $make)))
    (core func $then' (canon lower (func $then)))
    (core module $M
      (import "" "make" (func $make (result i32))) (import "" "then" (func $then (param i32) (result i32)))
      (func (export "f") (result i32) (call $then (call $make))))
    (core instance $m (instantiate $M (with "" (instance (export "make" (func $make')) (export "then" (func $then'))))))
    (func (export "f") (result u32) (canon lift (core func $m "f"))))`;

  test('is not mistaken for a promise', async () => {
    const imports = { Later, make: () => new Later() };
    assert.equal(((await run(text(''), imports)).exports as Api).f!(), 9);
    assert.equal(await ((await run(text('async'), imports)).exports as Api).f!(), 9);
  });

  test('is not mistaken for a promise as the ok case of a result', async () => {
    const fallible = `(component
      (import "later" (type $l (sub resource)))
      (import "make" (func $make async (result (result (own $l)))))
      (import "[method]later.then" (func $then (param "self" (borrow $l)) (result u32)))
      (core module $Memory (memory (export "memory") 1))
      (core instance $memory (instantiate $Memory))
      (core func $make' (canon lower (func $make) (memory (core memory $memory "memory"))))
      (core func $then' (canon lower (func $then)))
      (core module $M
        (import "" "make" (func $make (param i32))) (import "" "then" (func $then (param i32) (result i32)))
        (import "" "memory" (memory 1))
        (func (export "f") (result i32) (call $make (i32.const 0)) (call $then (i32.load (i32.const 4)))))
      (core instance $m (instantiate $M (with "" (instance
        (export "make" (func $make')) (export "then" (func $then')) (export "memory" (memory $memory "memory"))))))
      (func (export "f") (result u32) (canon lift (core func $m "f"))))`;
    const { exports } = await run(fallible, { Later, make: () => new Later() });
    assert.equal(await (exports as Api).f!(), 9);
  });

  test('is refused if a promise of it would call the method', async () => {
    const text = `(component ${FIVE}
      (type $r' (resource (rep i32))) (export $r "r" (type $r'))
      (core func $new (canon resource.new $r'))
      (core module $N (import "" "new" (func $new (param i32) (result i32)))
        (func (export "make") (result i32) (call $new (i32.const 1))))
      (core instance $n (instantiate $N (with "" (instance (export "new" (func $new))))))
      (func (export "[method]r.then") (param "self" (borrow $r)) (result u32) (canon lift (core func $m "take")))
      (func (export "make") async (result (own $r)) (canon lift (core func $n "make"))))`;
    await assertRefused(text, ['make'], ['then']);
    const { exports } = await run(text, {}, { resources: 'handles' });
    const handle = await (exports as Api).make!();
    assert.equal((exports.r as unknown as Api).then!(handle), 5);
    // A function that does not return a promise may return such a resource.
    await run(text.replace('"make") async', '"make")'));
  });

  test('is refused if the host implements it and a promise of it would call the method', async () => {
    const passing = `(component
      (import "later" (type $l (sub resource)))
      (core module $M (func (export "f") (param i32) (result i32) (local.get 0)))
      (core instance $m (instantiate $M))
      (func (export "f") async (param "l" (own $l)) (result (own $l)) (canon lift (core func $m "f"))))`;
    await assertRefused(passing, ['f'], ['then'], { imports: { Later } });
    class Now {}
    const { exports } = await run(passing, { Later: Now });
    const now = new Now();
    assert.equal(await (exports as Api).f!(now), now);
  });
});
