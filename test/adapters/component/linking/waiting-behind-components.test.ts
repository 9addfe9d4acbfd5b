/**
 * Asynchronous imports that are called through several components. All components are suspended while the last one
 * waits.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { engine } from '../../../../src/adapters/component/engine/web-assembly.ts';
import { ALLOCATOR, run } from '../abi/guests.ts';

type Api = Record<string, (...args: unknown[]) => Promise<unknown>>;

const skip = engine.Suspending === undefined ? 'this engine has no JavaScript promise integration' : false;

const OPTIONS = '(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))';

/** Calls its import, and returns the result. */
function guest(isAsync: boolean): string {
  const type = `${isAsync ? 'async' : ''} (param "text" string) (result (result string (error string)))`;
  return `(component
    (import "ask" (func $ask ${type}))
    (core module $Libc ${ALLOCATOR})
    (core instance $libc (instantiate $Libc))
    (core func $ask' (canon lower (func $ask) ${OPTIONS}))
    (core module $M (import "" "ask" (func $ask (param i32 i32 i32)))
      (func (export "ask") (param i32 i32) (result i32)
        (call $ask (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16)))
    (core instance $m (instantiate $M (with "" (instance (export "ask" (func $ask'))))))
    (func (export "ask") ${type} (canon lift (core func $m "ask") ${OPTIONS})))`;
}

/** A component with the same guest twice: the first one calls the second one. */
function composed(isAsync: boolean): string {
  const type = `${isAsync ? 'async' : ''} (param "text" string) (result (result string (error string)))`;
  return `(component
    (import "ask" (func $ask ${type}))
    ${guest(isAsync).replace('(component', '(component $G')}
    (instance $inner (instantiate $G (with "ask" (func $ask))))
    (instance $outer (instantiate $G (with "ask" (func $inner "ask"))))
    (export "ask" (func $outer "ask")))`;
}

type Host = (text: string) => unknown;

const CHAINS = {
  'given to one another': async (isAsync: boolean, ask: Host): Promise<Api> => {
    const inner = await run(guest(isAsync), { ask });
    return (await run(guest(isAsync), inner.exports)).exports as Api;
  },
  'composed in one': async (isAsync: boolean, ask: Host): Promise<Api> =>
    (await run(composed(isAsync), { ask })).exports as Api,
};

for (const isAsync of [true, false]) {
  for (const [how, chain] of Object.entries(CHAINS)) {
    describe(`an asynchronous import of ${isAsync ? 'an async func' : 'a sync func'}, called through components ${how}`, {
      skip,
    }, () => {
      test('is waited for', async () => {
        const { ask } = await chain(isAsync, async (text) => {
          await Promise.resolve();
          return text.toUpperCase();
        });
        assert.equal(await ask!('wait'), 'WAIT');
        assert.equal(await ask!('again'), 'AGAIN');
      });

      test('throws the error case if it fails, and throws a bug of the host unchanged', async () => {
        const { ask } = await chain(isAsync, async (text) => {
          await Promise.resolve();
          throw text === 'no' ? Object.assign(new Error('x'), { payload: 'refused' }) : new Error('a defect');
        });
        await assert.rejects(ask!('no'), { name: 'ComponentError', payload: 'refused' });
        await assert.rejects(ask!('other'), /a defect/);
        await assert.rejects(ask!('no'), isTrap);
      });

      test('serializes calls', async () => {
        const log: string[] = [];
        const { ask } = await chain(isAsync, async (text) => {
          log.push(`begin ${text}`);
          await Promise.resolve();
          log.push(`end ${text}`);
          return text;
        });
        assert.deepEqual(await Promise.all([ask!('a'), ask!('b')]), ['a', 'b']);
        assert.deepEqual(log, ['begin a', 'end a', 'begin b', 'end b']);
      });
    });
  }
}

describe('a component that waits', { skip }, () => {
  test('serializes the calls of several components and of JavaScript', async () => {
    const inner = await run(guest(true), {
      ask: async (text: string) => {
        await Promise.resolve();
        return text;
      },
    });
    const outer = await Promise.all(['a', 'b'].map(() => run(guest(true), inner.exports)));
    const apis = [inner, ...outer].map(({ exports }) => exports as Api);
    assert.deepEqual(await Promise.all(apis.map((api, index) => api.ask!(`${index}`))), ['0', '1', '2']);
  });
});

describe('an asynchronous import that is lowered and lifted again', { skip }, () => {
  for (const isAsync of ['async', '']) {
    test(`is waited for in ${isAsync === '' ? 'a sync func' : 'an async func'}`, async () => {
      const through = `(component
        (import "ask" (func $ask ${isAsync} (param "number" u32) (result u32)))
        (core func $ask' (canon lower (func $ask)))
        (func (export "ask") ${isAsync} (param "number" u32) (result u32) (canon lift (core func $ask'))))`;
      const ask = async (number: number) => {
        await Promise.resolve();
        return number + 1;
      };
      const inner = await run(through, { ask });
      assert.equal(await (inner.exports as Api).ask!(5), 6);
      assert.equal(await ((await run(through, inner.exports)).exports as Api).ask!(6), 7);
    });
  }
});

/** Two components in one: the first one waits, and the second one does not. */
const SIBLINGS = `(component
  (import "ask" (func $ask async (param "text" string) (result (result string (error string)))))
  ${guest(true).replace('(component', '(component $G')}
  (component $P
    (core module $M (func (export "plain") (result i32) (i32.const 7)))
    (core instance $m (instantiate $M))
    (func (export "plain") async (result u32) (canon lift (core func $m "plain"))))
  (instance $g (instantiate $G (with "ask" (func $ask))))
  (instance $p (instantiate $P))
  (export "ask" (func $g "ask"))
  (export "plain" (func $p "plain")))`;

const CALLS_PLAIN = `(component
  (import "plain" (func $plain async (result u32)))
  (core func $plain' (canon lower (func $plain)))
  (core module $M (import "" "plain" (func $plain (result i32))) (func (export "plain") (result i32) (call $plain)))
  (core instance $m (instantiate $M (with "" (instance (export "plain" (func $plain'))))))
  (func (export "plain") async (result u32) (canon lift (core func $m "plain"))))`;

describe('a component next to one that waits', { skip }, () => {
  test('takes turns with it for calls from JavaScript and from other components', async () => {
    const calls: Promise<unknown>[] = [];
    const siblings = await run(SIBLINGS, {
      ask: async (text: string) => {
        calls.push(plain!(), elsewhere!());
        await Promise.resolve();
        return text;
      },
    });
    const { ask, plain } = siblings.exports as Api;
    const { plain: elsewhere } = (await run(CALLS_PLAIN, siblings.exports)).exports as Api;
    assert.equal(await ask!('a'), 'a');
    assert.deepEqual(await Promise.all(calls), [7, 7]);
    assert.equal(await ask!('b'), 'b');
  });
});

const RESOURCE = `(component
  (type $r' (resource (rep i32)))
  (export $r "r" (type $r'))
  (core func $new (canon resource.new $r'))
  (core module $M (import "" "new" (func $new (param i32) (result i32)))
    (func (export "make") (result i32) (call $new (i32.const 7))))
  (core instance $m (instantiate $M (with "" (instance (export "new" (func $new))))))
  (func (export "make") (result (own $r)) (canon lift (core func $m "make"))))`;

/** Lends a resource, and drops it after the call. */
const LENDER = `(component
  (import "r" (type $r (sub resource)))
  (import "make" (func $make (result (own $r))))
  (import "look" (func $look async (param "r" (borrow $r)) (result u32)))
  (core func $make' (canon lower (func $make)))
  (core func $look' (canon lower (func $look)))
  (core func $drop (canon resource.drop $r))
  (core module $M
    (import "" "make" (func $make (result i32))) (import "" "look" (func $look (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "look") (result i32) (local $r i32)
      (local.set $r (call $make))
      (call $look (local.get $r))
      (call $drop (local.get $r))))
  (core instance $m (instantiate $M (with "" (instance
    (export "make" (func $make')) (export "look" (func $look')) (export "drop" (func $drop))))))
  (func (export "look") async (result u32) (canon lift (core func $m "look"))))`;

/** Waits, and then drops the borrowed resource. */
const BORROWER = `(component
  (import "r" (type $r (sub resource)))
  (import "wait" (func $wait async (result u32)))
  (core func $wait' (canon lower (func $wait)))
  (core func $drop (canon resource.drop $r))
  (core module $M (import "" "wait" (func $wait (result i32))) (import "" "drop" (func $drop (param i32)))
    (func (export "look") (param i32) (result i32) (call $wait) (call $drop (local.get 0))))
  (core instance $m (instantiate $M (with "" (instance (export "wait" (func $wait')) (export "drop" (func $drop))))))
  (func (export "look") async (param "r" (borrow $r)) (result u32) (canon lift (core func $m "look"))))`;

describe('a resource that is lent for a call that waits', { skip }, () => {
  test('is lent to JavaScript until the call has ended', async () => {
    const { exports } = await run(RESOURCE);
    let lent: object | undefined;
    const look = async (resource: object) => {
      lent = resource;
      await Promise.resolve();
      return 5;
    };
    const api = (await run(LENDER, { ...exports, look })).exports as Api;
    assert.equal(await api.look!(), 5);
    assert.equal(await api.look!(), 5);
    const { look: again } = (await run(BORROWER, { ...exports, wait: async () => 5 })).exports as Api;
    await assert.rejects(again!(lent));
  });

  test('is lent to a component until the call has ended', async () => {
    const { exports } = await run(RESOURCE);
    const wait = async () => {
      await Promise.resolve();
      return 5;
    };
    const borrower = await run(BORROWER, { ...exports, wait });
    const api = (await run(LENDER, { ...exports, ...borrower.exports })).exports as Api;
    assert.equal(await api.look!(), 5);
    assert.equal(await api.look!(), 5);
  });
});
