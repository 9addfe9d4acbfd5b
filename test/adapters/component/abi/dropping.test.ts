/**
 * *CanonicalABI.md*, "`canon resource.drop`", in the form that JavaScript uses: the time at which a destructor runs,
 * and the resources that are released when an instance ends.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compile, type Instance, instantiate, instantiateSync, isTrap } from 'decidable/component';
import { assemble } from '../assemble.ts';
import { DROPPED_RESOURCE } from './guests.ts';
import type { Exported } from './handles.ts';

/**
 * A component with a resource `r`, whose destructor calls the host with the rep and traps if that is 666, and an
 * imported resource `h`. `call` calls the host's `out`, and traps afterwards if its argument is true.
 */
const GUEST = `(component
  ${DROPPED_RESOURCE}
  (import "out" (func $out))
  (import "h" (type $h (sub resource)))
  (core func $out' (canon lower (func $out)))
  (core func $drop-h (canon resource.drop $h))
  (core module $M
    (import "" "out" (func $out))
    (func (export "call") (param i32) (call $out) (if (local.get 0) (then unreachable)))
    (func (export "same") (param i32) (result i32) (local.get 0))
    (func (export "keep") (param i32))
    (func (export "see") (param i32) (call $out)))
  (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
  (func (export "make") (param "rep" u32) (result (own $r)) (canon lift (core func $new)))
  (func (export "call") (param "traps" bool) (canon lift (core func $m "call")))
  (func (export "see") (param "r" (borrow $r)) (canon lift (core func $m "see")))
  (func (export "keep") (param "h" (own $h)) (canon lift (core func $m "keep")))
  (func (export "back") (param "h" (own $h)) (result (own $h)) (canon lift (core func $m "same")))
  (func (export "drop-h") (param "h" (own $h)) (canon lift (core func $drop-h))))`;

/** An instance, the reps that were destroyed, and the function that drops a resource. */
interface Guest {
  readonly api: Record<string, Exported>;
  readonly instance: Instance;
  readonly log: unknown[];
  out: () => void;
  afterDrop: (rep: number) => void;
  drop(resource: unknown): void;
  host(name: string): unknown;
}

async function guest(resources: 'objects' | 'handles'): Promise<Guest> {
  const log: unknown[] = [];
  class H {
    readonly name: string;
    constructor(name: string) {
      this.name = name;
    }
    [Symbol.dispose](): void {
      log.push(this.name);
      if (this.name === 'failing') throw new Error('cannot be disposed');
    }
  }
  const imports = {
    dropped: (rep: number) => {
      log.push(rep);
      self.afterDrop(rep);
    },
    out: () => self.out(),
    h: H,
  };
  const instance = await instantiate(await compile(await assemble(GUEST)), imports, { resources });
  const api = instance.exports as Record<string, Exported>;
  const self: Guest = {
    api,
    instance,
    log,
    out: () => undefined,
    afterDrop: () => undefined,
    drop: (resource) => {
      if (resources === 'handles') (api.r as unknown as { drop(handle: unknown): void }).drop(resource);
      else (resource as Disposable)[Symbol.dispose]();
    },
    host: (name) => new H(name),
  };
  return self;
}

for (const resources of ['objects', 'handles'] as const) {
  describe(`a resource that JavaScript drops (${resources})`, () => {
    test('is destroyed before the drop returns', async () => {
      const { api, drop, log } = await guest(resources);
      drop(api.make!(5));
      assert.deepEqual(log, [5]);
    });

    test('is destroyed when the running call has ended, if an import drops it', async () => {
      const self = await guest(resources);
      const { api, drop, log } = self;
      const [one, other] = [api.make!(1), api.make!(2)];
      self.out = () => {
        drop(one);
        drop(other);
        log.push('the import returns');
      };
      api.call!(false);
      assert.deepEqual(log, ['the import returns', 1, 2]);
    });

    test('is destroyed when the outermost call has ended, if a call into another instance drops it', async () => {
      const [outer, inner] = [await guest(resources), await guest(resources)];
      const one = outer.api.make!(1);
      inner.out = () => outer.drop(one);
      outer.out = () => {
        inner.api.call!(false);
        outer.log.push('the import returns');
      };
      outer.api.call!(false);
      assert.deepEqual(outer.log, ['the import returns', 1]);
    });

    test('can be dropped only once, also if its destructor has to wait', async () => {
      const self = await guest(resources);
      const { api, drop, log } = self;
      const one = api.make!(1);
      self.out = () => {
        drop(one);
        if (resources === 'objects') drop(one);
        else assert.throws(() => drop(one), TypeError);
      };
      api.call!(false);
      assert.deepEqual(log, [1]);
    });

    test('stays live if it is lent to the running call', async () => {
      const self = await guest(resources);
      const { api, drop, log } = self;
      const one = api.make!(1);
      self.out = () => assert.throws(() => drop(one), TypeError);
      api.see!(one);
      drop(one);
      assert.deepEqual(log, [1]);
    });

    test('ends its instance if a destructor that had to wait traps', async () => {
      const self = await guest(resources);
      const bad = self.api.make!(666);
      self.out = () => self.drop(bad);
      self.api.call!(false);
      assert.throws(() => self.api.make!(1), isTrap);
    });

    test('has ended together with an instance that trapped, so dropping it does nothing', async () => {
      const self = await guest(resources);
      const { api, drop, log } = self;
      const [one, other] = [api.make!(1), api.make!(2)];
      self.out = () => drop(other);
      assert.throws(() => api.call!(true), isTrap);
      drop(one);
      assert.deepEqual(log, []);
    });

    test('may drop any number of others in its destructor, one after another', async () => {
      const self = await guest(resources);
      const { api, drop, log } = self;
      const count = 20_000;
      const all = Array.from({ length: count }, (_, index) => api.make!(1000 + index));
      // Each destructor calls the host, which drops the next resource.
      self.afterDrop = (rep) => {
        const next = rep - 1000 + 1;
        if (next < count) drop(all[next]);
      };
      drop(all[0]);
      assert.equal(log.length, count);
    });
  });

  describe(`an instance that ends (${resources})`, () => {
    test('disposes the resources of the host that it holds, if it traps', async () => {
      const { api, host, log } = await guest(resources);
      for (const name of ['one', 'two']) api.keep!(host(name));
      api.dropH!(host('dropped'));
      const back = api.back!(host('back'));
      log.length = 0;
      assert.throws(() => api.call!(true), isTrap);
      assert.deepEqual(log, ['one', 'two']);
      assert.ok(back);
    });

    test('disposes all of them, even if one throws', async () => {
      const { api, host, log } = await guest(resources);
      for (const name of ['failing', 'two']) api.keep!(host(name));
      assert.throws(() => api.call!(true), isTrap);
      assert.deepEqual(log, ['failing', 'two']);
    });

    test('disposes them if it is disposed, and can no longer be called', async () => {
      const { api, host, instance, log } = await guest(resources);
      api.keep!(host('one'));
      instance[Symbol.dispose]();
      instance[Symbol.dispose]();
      assert.deepEqual(log, ['one']);
      assert.throws(
        () => api.make!(1),
        (error) => isTrap(error) && isTrap(error.cause) && error.cause.code === 'disposed',
      );
    });
  });
}

describe('an instance whose start function traps', () => {
  const STARTING = `(component
    (import "h" (type $h (sub resource)))
    (import "give" (func $give (result (own $h))))
    (core func $give' (canon lower (func $give)))
    (core module $M (import "" "give" (func $give (result i32)))
      (func $start (drop (call $give)) unreachable) (start $start))
    (core instance (instantiate $M (with "" (instance (export "give" (func $give')))))))`;

  test('disposes the resources of the host that it received', async () => {
    const log: string[] = [];
    class H {
      [Symbol.dispose](): void {
        log.push('disposed');
      }
    }
    const component = await compile(await assemble(STARTING));
    await assert.rejects(instantiate(component, { h: H, give: () => new H() }), isTrap);
    assert.deepEqual(log, ['disposed']);
    assert.throws(() => instantiateSync(component, { h: H, give: () => new H() }), isTrap);
    assert.deepEqual(log, ['disposed', 'disposed']);
  });
});

describe('`using` of a resource', () => {
  test('throws only the trap that ended its instance', async () => {
    const self = await guest('objects');
    let trap: unknown;
    self.out = () => undefined;
    try {
      using one = self.api.make!(1) as Disposable;
      assert.ok(one);
      self.api.call!(true);
    } catch (error) {
      trap = error;
    }
    assert.ok(isTrap(trap), String(trap));
  });
});

describe('a component that holds resources of another one', () => {
  const HOLDER = `(component
    (import "r" (type $r (sub resource)))
    (core module $M (func (export "keep") (param i32)) (func (export "trap") unreachable))
    (core instance $m (instantiate $M))
    (func (export "keep") (param "r" (own $r)) (canon lift (core func $m "keep")))
    (func (export "trap") (canon lift (core func $m "trap"))))`;

  test('destroys them when it ends', async () => {
    const { api, log } = await guest('objects');
    const holder = await instantiate(await compile(await assemble(HOLDER)), { r: api.R });
    const { keep, trap } = holder.exports as Record<string, Exported>;
    keep!(api.make!(1));
    keep!(api.make!(2));
    assert.throws(() => trap!(), isTrap);
    assert.deepEqual(log, [1, 2]);
    assert.ok(api.make!(3));
  });
});
