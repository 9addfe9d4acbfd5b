/** Asynchronous imports. If the engine supports it, the guest is suspended while it waits. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { engine } from '../../../../src/adapters/component/engine/web-assembly.ts';
import { ALLOCATOR, run } from '../abi/guests.ts';

type Api = Record<string, (...args: unknown[]) => Promise<unknown>>;

const skip = engine.Suspending === undefined ? 'this engine has no JavaScript promise integration' : false;

function guest(isAsync: boolean): string {
  const type = `(func ${isAsync ? 'async' : ''} (param "text" string) (result (result string (error string))))`;
  return `(component
    (import "ask" ${type.replace('(func', '(func $ask')})
    (core module $Libc ${ALLOCATOR})
    (core instance $libc (instantiate $Libc))
    (core func $ask' (canon lower (func $ask) (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
    (core module $M (import "" "ask" (func $ask (param i32 i32 i32)))
      (func (export "ask") (param i32 i32) (result i32)
        (call $ask (local.get 0) (local.get 1) (i32.const 16)) (i32.const 16))
      (func (export "trap") unreachable))
    (core instance $m (instantiate $M (with "" (instance (export "ask" (func $ask'))))))
    (func (export "ask") ${type.slice('(func'.length, -1)}
      (canon lift (core func $m "ask") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
    (func (export "trap") (canon lift (core func $m "trap"))))`;
}

for (const isAsync of [false, true]) {
  describe(`an asynchronous import of ${isAsync ? 'an async func' : 'a sync func'}`, { skip }, () => {
    test('makes the export return a promise', async () => {
      const { exports } = await run(guest(isAsync), {
        ask: async (text: string) => {
          await Promise.resolve();
          return text.toUpperCase();
        },
      });
      assert.equal(await (exports as Api).ask!('wait'), 'WAIT');
    });

    test('throws the error case if it fails, and throws a bug of the host unchanged', async () => {
      const { exports } = await run(guest(isAsync), {
        ask: async (text: string) => {
          await Promise.resolve();
          throw text === 'no' ? Object.assign(new Error('x'), { payload: 'refused' }) : new Error('a defect');
        },
      });
      const api = exports as Api;
      await assert.rejects(api.ask!('no'), { name: 'ComponentError', payload: 'refused' });
      await assert.rejects(api.ask!('other'), /a defect/);
      await assert.rejects(api.ask!('no'), isTrap);
    });

    test('serializes the calls of one instance', async () => {
      const log: string[] = [];
      const { exports } = await run(guest(isAsync), {
        ask: async (text: string) => {
          log.push(`begin ${text}`);
          await Promise.resolve();
          log.push(`end ${text}`);
          return text;
        },
      });
      const api = exports as Api;
      assert.deepEqual(await Promise.all([api.ask!('a'), api.ask!('b')]), ['a', 'b']);
      assert.deepEqual(log, ['begin a', 'end a', 'begin b', 'end b']);
      await assert.rejects(api.trap!() as Promise<unknown>, isTrap);
    });
  });
}

describe('a resource that is dropped while a call waits', { skip }, () => {
  const text = `(component
    (import "wait" (func $wait))
    (core func $wait' (canon lower (func $wait)))
    (core module $Count
      (global $n (mut i32) (i32.const 0))
      (func (export "dtor") (param i32) (global.set $n (i32.add (global.get $n) (i32.const 1))))
      (func (export "dropped") (result i32) (global.get $n)))
    (core instance $count (instantiate $Count))
    (type $r' (resource (rep i32) (dtor (core func $count "dtor"))))
    (export $r "r" (type $r'))
    (core func $new (canon resource.new $r'))
    (core module $M
      (import "" "wait" (func $wait)) (import "" "new" (func $new (param i32) (result i32)))
      (func (export "make") (result i32) (call $new (i32.const 1)))
      (func (export "pause") (call $wait)))
    (core instance $m (instantiate $M (with "" (instance (export "wait" (func $wait')) (export "new" (func $new))))))
    (func (export "make") (result (own $r)) (canon lift (core func $m "make")))
    (func (export "pause") (canon lift (core func $m "pause")))
    (func (export "dropped") (result u32) (canon lift (core func $count "dropped"))))`;

  for (const resources of ['objects', 'handles'] as const) {
    test(`is dropped when the call has ended (${resources})`, async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const { exports } = await run(text, { wait: async () => promise }, { resources });
      const api = exports as Api;
      const resource = await api.make!();
      const pause = api.pause!();
      await Promise.resolve();
      if (resources === 'objects') (resource as Disposable)[Symbol.dispose]();
      else (exports.r as { drop: (handle: unknown) => void }).drop(resource);
      resolve();
      await pause;
      assert.equal(await api.dropped!(), 1);
      await api.pause!();
    });
  }
});

describe('a call that cannot wait', { skip }, () => {
  const wait = async (): Promise<void> => {
    await Promise.resolve();
  };
  const cannotBlock = { name: 'Trap', message: /cannot block a synchronous task before returning/ };

  test('traps in a start function', async () => {
    const text = `(component
      (import "wait" (func $wait))
      (core func $wait' (canon lower (func $wait)))
      (core module $M (import "" "wait" (func $wait)) (func $start (call $wait)) (start $start))
      (core instance (instantiate $M (with "" (instance (export "wait" (func $wait')))))))`;
    await assert.rejects(run(text, { wait }), cannotBlock);
  });

  test('traps in a destructor, whether the guest or the host drops the resource', async () => {
    const text = `(component
      (import "wait" (func $wait))
      (core func $wait' (canon lower (func $wait)))
      (core module $D (import "" "wait" (func $wait)) (func (export "dtor") (param i32) (call $wait)))
      (core instance $d (instantiate $D (with "" (instance (export "wait" (func $wait'))))))
      (type $r' (resource (rep i32) (dtor (core func $d "dtor"))))
      (export $r "r" (type $r'))
      (core func $new (canon resource.new $r'))
      (core func $drop (canon resource.drop $r'))
      (core module $M
        (import "" "new" (func $new (param i32) (result i32))) (import "" "drop" (func $drop (param i32)))
        (func (export "make") (result i32) (call $new (i32.const 1)))
        (func (export "make-and-drop") (call $drop (call $new (i32.const 1)))))
      (core instance $m (instantiate $M (with "" (instance (export "new" (func $new)) (export "drop" (func $drop))))))
      (func (export "make") (result (own $r)) (canon lift (core func $m "make")))
      (func (export "make-and-drop") (canon lift (core func $m "make-and-drop"))))`;
    const guest = async (): Promise<Api> => (await run(text, { wait })).exports as Api;
    await assert.rejects((await guest()).makeAndDrop!(), cannotBlock);
    const resource = (await (await guest()).make!()) as Disposable;
    assert.throws(() => resource[Symbol.dispose](), cannotBlock);
  });
});

describe('an asynchronous method of a resource', { skip }, () => {
  const text = `(component
    (import "door" (type $door (sub resource)))
    (import "[constructor]door" (func $new (result (own $door))))
    (import "[method]door.open" (func $open (param "self" (borrow $door)) (result u32)))
    (core func $new' (canon lower (func $new)))
    (core func $open' (canon lower (func $open)))
    (core module $M (import "" "new" (func $new (result i32))) (import "" "open" (func $open (param i32) (result i32)))
      (func (export "open") (result i32) (call $open (call $new))))
    (core instance $m (instantiate $M (with "" (instance (export "new" (func $new')) (export "open" (func $open'))))))
    (func (export "open") (result u32) (canon lift (core func $m "open"))))`;

  test('is waited for, in a class', async () => {
    class Door {
      async open(): Promise<number> {
        return 5;
      }
    }
    assert.equal(await ((await run(text, { Door })).exports as Api).open!(), 5);
  });

  test('is waited for, in functions on numbers', async () => {
    const door = { create: () => 3, open: async (rep: number) => rep + 2 };
    assert.equal(await ((await run(text, { door }, { resources: 'handles' })).exports as Api).open!(), 5);
  });
});
