/**
 * Guests that misuse control flow: re-entry, recursion, traps at every position, and exceptions that try to hide a
 * trap.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import { engine } from '../../../../src/adapters/component/engine/web-assembly.ts';
import { ALLOCATOR, run } from '../abi/guests.ts';
import { assemble } from '../assemble.ts';
import { type Exported, hasEnded, trapsForGood, trapsWith } from './traps.ts';

const CALLS_OUT = `(component
  (import "out" (func $out))
  (core func $out' (canon lower (func $out)))
  (core module $M (import "" "out" (func $out)) (func (export "go") (call $out)) (func (export "idle")))
  (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
  (func (export "go") (canon lift (core func $m "go")))
  (func (export "idle") (canon lift (core func $m "idle"))))`;

describe('re-entry', () => {
  test('is refused if an import calls the instance again', async () => {
    let refusal: unknown;
    const { exports } = await run(CALLS_OUT, {
      out: () => {
        try {
          (exports.idle as Exported)();
        } catch (error) {
          refusal = error;
        }
      },
    });
    (exports.go as Exported)();
    assert.ok(isTrap(refusal));
    assert.match(refusal.message, /cannot enter component instance/);
    (exports.idle as Exported)();
  });

  test('ends the instance, if the import does not catch the error', async () => {
    const { exports } = await run(CALLS_OUT, { out: () => (exports.idle as Exported)() });
    trapsWith(exports, 'go', /cannot enter/);
    trapsWith(exports, 'idle', /cannot enter/);
  });
});

describe('an exception of an import', () => {
  test('is thrown unchanged by the export, and ends the instance', async () => {
    const thrown = new Error('the host is out of order');
    const { exports } = await run(CALLS_OUT, {
      out: () => {
        throw thrown;
      },
    });
    assert.throws(
      () => (exports.go as Exported)(),
      (error) => error === thrown,
    );
    hasEnded(exports, 'idle');
  });

  test('cannot be caught by the guest', async () => {
    const { exports } = await run(
      `(component
        (import "out" (func $out))
        (core func $out' (canon lower (func $out)))
        (core module $M
          (import "" "out" (func $out))
          (func (export "go") (result i32)
            (block $caught (try_table (catch_all $caught) (call $out)))
            (i32.const 1)))
        (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
        (func (export "go") (result u32) (canon lift (core func $m "go"))))`,
      {
        out: () => {
          throw new Error('not for the guest');
        },
      },
    );
    assert.throws(() => (exports.go as Exported)(), /not for the guest/);
    trapsWith(exports, 'go', /cannot enter/);
  });
});

/** Parameters of both kinds of functions, and arguments for them. */
function numbers(count: number): { params: string; core: string; args: string } {
  const each = (text: (index: number) => string) => Array.from({ length: count }, (_, index) => text(index)).join(' ');
  return {
    params: each((index) => `(param "p${index}" u32)`),
    core: `(param ${each(() => 'i32')})`,
    args: each(() => '(i32.const 1)'),
  };
}

describe('an exception of an import in a component that another one calls', () => {
  for (const count of [1, 5]) {
    test(`cannot be caught by either component, in a function of ${count} parameters`, async () => {
      const { params, core, args } = numbers(count);
      const { exports } = await run(
        `(component
          (import "out" (func $out))
          (component $C
            (import "out" (func $out))
            (core func $out' (canon lower (func $out)))
            (core module $M (import "" "out" (func $out))
              (func (export "f") ${core} (result i32)
                (block $caught (try_table (catch_all $caught) (call $out))) (i32.const 1)))
            (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
            (func (export "f") ${params} (result u32) (canon lift (core func $m "f"))))
          (component $D
            (import "f" (func $f ${params} (result u32)))
            (core func $f' (canon lower (func $f)))
            (core module $M (import "" "f" (func $f ${core} (result i32)))
              (func (export "go") (result i32)
                (block $caught (try_table (catch_all $caught) (drop (call $f ${args})))) (i32.const 2)))
            (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
            (func (export "go") (result u32) (canon lift (core func $m "go"))))
          (instance $c (instantiate $C (with "out" (func $out))))
          (instance $d (instantiate $D (with "f" (func $c "f"))))
          (func (export "f") (alias export $c "f"))
          (func (export "go") (alias export $d "go")))`,
        {
          out: () => {
            throw new Error('not for the guests');
          },
        },
      );
      assert.throws(() => (exports.go as Exported)(), /not for the guests/);
      hasEnded(exports, 'go');
      hasEnded(exports, 'f', 1, 1, 1, 1, 1);
    });
  }
});

describe('an exception of a core module that an import calls', () => {
  test('is a trap, and not an error of the import’s result', async () => {
    const module = new engine.Module(
      new Uint8Array(await assemble('(module (tag $t) (func (export "f") (throw $t)))')),
    );
    const { exports: core } = new engine.Instance(module, {});
    const { exports } = await run(
      `(component
        (import "out" (func $out (result (result))))
        (core func $out' (canon lower (func $out)))
        (core module $M (import "" "out" (func $out (result i32))) (func (export "go") (result i32) (call $out)))
        (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
        (func (export "go") (result u32) (canon lift (core func $m "go"))))`,
      { out: () => (core.f as Exported)() },
    );
    trapsForGood(exports, 'go', /uncaught core exception/);
  });
});

describe('an exception of an import that takes a handle and returns one', () => {
  for (const resources of ['objects', 'handles'] as const) {
    test(`cannot be caught by the guest (${resources})`, async () => {
      let isBroken = false;
      const { exports } = await run(
        `(component
          (import "out" (func $out))
          (core func $out' (canon lower (func $out)))
          (type $r' (resource (rep i32)))
          (export $r "r" (type $r'))
          (core func $new (canon resource.new $r'))
          (core module $M
            (import "" "out" (func $out)) (import "" "new" (func $new (param i32) (result i32)))
            (memory (export "memory") 1)
            (func (export "make") (result i32) (call $new (i32.const 1)))
            (func (export "next") (param i32 i32) (result i32)
              (i32.store (i32.const 12) (local.get 0))
              (block $caught (try_table (catch_all $caught) (call $out)))
              (i32.const 8)))
          (core instance $m (instantiate $M (with "" (instance (export "out" (func $out')) (export "new" (func $new))))))
          (func (export "make") (result (own $r)) (canon lift (core func $m "make")))
          (func (export "next") (param "r" (own $r)) (param "x" u32) (result (result (own $r) (error u32)))
            (canon lift (core func $m "next") (memory (core memory $m "memory")))))`,
        {
          out: () => {
            if (isBroken) throw new Error('not for the guest');
          },
        },
        { resources },
      );
      const next = exports.next as Exported;
      const handle = next((exports.make as Exported)(), 1);
      isBroken = true;
      assert.throws(() => next(handle, 1), /not for the guest/);
      hasEnded(exports, 'make');
    });
  }
});

describe('the first error of an instance', () => {
  test('is the error of later calls, even if the guest continues after it', async () => {
    const thrown = new Error('the first');
    const { exports } = await run(
      `(component
        (import "out" (func $out))
        (core func $out' (canon lower (func $out)))
        (core module $M (import "" "out" (func $out))
          (func (export "go") (block $caught (try_table (catch_all $caught) (call $out))) unreachable))
        (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
        (func (export "go") (canon lift (core func $m "go"))))`,
      {
        out: () => {
          throw thrown;
        },
      },
    );
    trapsWith(exports, 'go', /unreachable/);
    assert.throws(
      () => (exports.go as Exported)(),
      (error) => isTrap(error) && error.cause === thrown,
    );
  });
});

describe('unbounded recursion', () => {
  test('is a trap', async () => {
    const { exports } = await run(`(component
      (core module $M (func $f (export "f") (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0)))))
      (core instance $m (instantiate $M))
      (func (export "f") (param "x" u32) (result u32) (canon lift (core func $m "f"))))`);
    trapsForGood(exports, 'f', 'stack-overflow', 1);
  });

  test('is a trap through calls between components too', async () => {
    const { exports } = await run(
      `(component
        (import "again" (func $again))
        (core func $again' (canon lower (func $again)))
        (core module $M (import "" "again" (func $again)) (func (export "f") (call $again)))
        (core instance $m (instantiate $M (with "" (instance (export "again" (func $again'))))))
        (func (export "f") (canon lift (core func $m "f"))))`,
      {
        again: function again(): void {
          again();
        },
      },
    );
    trapsForGood(exports, 'f', 'stack-overflow');
  });
});

describe('a trap', () => {
  test('in post-return ends the instance', async () => {
    const { exports } = await run(`(component
      (core module $M (func (export "f") (result i32) (i32.const 1)) (func (export "post") (param i32) unreachable))
      (core instance $m (instantiate $M))
      (func (export "f") (result u32) (canon lift (core func $m "f") (post-return (core func $m "post")))))`);
    trapsForGood(exports, 'f', /unreachable/);
  });

  test('is the result of a core exception that no handler catches', async () => {
    const { exports } = await run(`(component
      (core module $M (tag $t) (func (export "f") (throw $t)))
      (core instance $m (instantiate $M))
      (func (export "f") (canon lift (core func $m "f"))))`);
    trapsForGood(exports, 'f', /exception/);
  });

  test('makes instantiation trap if it is in a start function', async () => {
    const text = `(component
      (core module $M (func $start unreachable) (start $start))
      (core instance (instantiate $M)))`;
    await assert.rejects(run(text), isTrap);
  });

  test('makes instantiation fail if a start function catches it', async () => {
    const text = `(component
      (import "out" (func $out))
      (core func $out' (canon lower (func $out)))
      (core module $M (import "" "out" (func $out))
        (func $start (block $caught (try_table (catch_all $caught) (call $out))))
        (start $start))
      (core instance (instantiate $M (with "" (instance (export "out" (func $out')))))))`;
    const thrown = new Error('not for the guest');
    const out = (): never => {
      throw thrown;
    };
    await assert.rejects(run(text, { out }), (error) => error === thrown);
    await run(text, { out: () => undefined });
  });

  test('ends both components if one calls the other', async () => {
    const { exports } = await run(`(component
      (component $C
        (core module $M (func (export "fail") unreachable) (func (export "idle")))
        (core instance $m (instantiate $M))
        (func (export "fail") (canon lift (core func $m "fail")))
        (func (export "idle") (canon lift (core func $m "idle"))))
      (component $D
        (import "fail" (func $fail))
        (core func $fail' (canon lower (func $fail)))
        (core module $M (import "" "fail" (func $fail)) (func (export "go") (call $fail)) (func (export "idle")))
        (core instance $m (instantiate $M (with "" (instance (export "fail" (func $fail'))))))
        (func (export "go") (canon lift (core func $m "go")))
        (func (export "idle") (canon lift (core func $m "idle"))))
      (instance $c (instantiate $C))
      (instance $d (instantiate $D (with "fail" (func $c "fail"))))
      (func (export "go") (alias export $d "go"))
      (func (export "idle-c") (alias export $c "idle"))
      (func (export "idle-d") (alias export $d "idle")))`);
    (exports.idleC as Exported)();
    trapsWith(exports, 'go', /unreachable/);
    hasEnded(exports, 'idleC');
    hasEnded(exports, 'idleD');
  });
});

describe('a forbidden call out of the component', () => {
  for (const place of ['realloc', 'post-return'] as const) {
    test(`cannot be hidden by ${place}, which catches the trap and continues`, async () => {
      let calls = 0;
      const hidden = '(block $caught (try_table (catch_all $caught) (call $out)))';
      const { exports } = await run(
        `(component
          (import "out" (func $out))
          (core func $out' (canon lower (func $out)))
          (core module $M (import "" "out" (func $out)) ${ALLOCATOR}
            (func (export "hiding") (param i32 i32 i32 i32) (result i32) ${hidden} (i32.const 16))
            (func (export "post") (param i32) ${place === 'post-return' ? hidden : ''})
            (func (export "f") (param i32 i32) (result i32) ${place === 'realloc' ? hidden : ''} (i32.const 0)))
          (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
          (func (export "f") (param "x" string) (result u32)
            (canon lift (core func $m "f") (memory (core memory $m "memory"))
              (realloc (core func $m "${place === 'realloc' ? 'hiding' : 'realloc'}")) (post-return (core func $m "post")))))`,
        { out: () => void calls++ },
      );
      trapsForGood(exports, 'f', /cannot leave component instance/, 'x');
      assert.equal(calls, 0);
    });
  }

  for (const place of ['realloc', 'post-return']) {
    for (const count of [1, 5]) {
      test(`traps if ${place} calls another component with ${count} arguments`, async () => {
        const { params, core, args } = numbers(count);
        const { exports } = await run(`(component
          (component $C
            (core module $M (func (export "f") ${core}))
            (core instance $m (instantiate $M))
            (func (export "f") ${params} (canon lift (core func $m "f"))))
          (component $D
            (import "f" (func $f ${params}))
            (core func $f' (canon lower (func $f)))
            (core module $M (import "" "f" (func $f ${core})) ${ALLOCATOR}
              (func (export "calling") (param i32 i32 i32 i32) (result i32) (call $f ${args}) (i32.const 16))
              (func (export "post") (param i32) (call $f ${args}))
              (func (export "go") (param i32 i32) (result i32) (i32.const 0)))
            (core instance $m (instantiate $M (with "" (instance (export "f" (func $f'))))))
            (func (export "go") (param "x" string) (result u32)
              (canon lift (core func $m "go") (memory (core memory $m "memory"))
                (realloc (core func $m "${place === 'realloc' ? 'calling' : 'realloc'}"))
                ${place === 'realloc' ? '' : '(post-return (core func $m "post"))'})))
          (instance $c (instantiate $C))
          (instance $d (instantiate $D (with "f" (func $c "f"))))
          (func (export "go") (alias export $d "go")))`);
        trapsForGood(exports, 'go', /cannot leave component instance/, 'x');
      });
    }

    for (const count of [0, 5]) {
      test(`traps if ${place} calls an import with ${count} arguments`, async () => {
        const { params, core, args } = numbers(count);
        const { exports } = await run(
          `(component
          (import "out" (func $out ${params}))
          (core func $out' (canon lower (func $out)))
          (core module $M (import "" "out" (func $out ${core})) ${ALLOCATOR}
            (func (export "calling") (param i32 i32 i32 i32) (result i32) (call $out ${args}) (i32.const 16))
            (func (export "post") (param i32) (call $out ${args}))
            (func (export "f") (param i32 i32) (result i32) (i32.const 0)))
          (core instance $m (instantiate $M (with "" (instance (export "out" (func $out'))))))
          (func (export "f") (param "x" string) (result u32)
            (canon lift (core func $m "f") (memory (core memory $m "memory"))
              (realloc (core func $m "${place === 'realloc' ? 'calling' : 'realloc'}"))
              ${place === 'realloc' ? '' : '(post-return (core func $m "post"))'})))`,
          { out: () => undefined },
        );
        trapsForGood(exports, 'f', /cannot leave component instance/, 'x');
      });
    }
  }
});
