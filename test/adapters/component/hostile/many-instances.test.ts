/**
 * Components that each instantiate the previous one twice require exponential work with a few bytes. Core instances
 * require tables and memories of any size. Both are limited.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compile, instantiate, isLinkError } from 'decidable/component';
import { assemble } from '../assemble.ts';
import { ENDLESS } from '../endless.ts';

/** A component with 2 ** depth instances. Each level instantiates the previous one twice. */
function doubling(depth: number, first = ''): string {
  const levels = Array.from({ length: depth }, (_, level) =>
    level === 0
      ? `(component $c0 ${first})`
      : `(component $c${level} (alias outer 1 $c${level - 1} (component $c))
           (instance (instantiate $c)) (instance (instantiate $c)))`,
  );
  return `(component ${levels.join('\n')} (instance (instantiate $c${depth - 1})))`;
}

/** A component with `count` instances of one core module. */
function coreInstances(module: string, count: number): string {
  return `(component (core module $M ${module}) ${'(core instance (instantiate $M))'.repeat(count)})`;
}

async function isRefused(text: string): Promise<void> {
  const component = await compile(await assemble(text));
  await assert.rejects(
    instantiate(component),
    // No other link error of a component without imports has an empty path.
    (error) => isLinkError(error) && error.path.length === 0 && error.cause === undefined,
  );
}

test('the linker instantiates a component of a thousand instances', async () => {
  await instantiate(await compile(await assemble(doubling(10))));
});

describe('a component whose instantiation exceeds the limit', { timeout: ENDLESS }, () => {
  test('is refused with a billion instances', () => isRefused(doubling(30)));

  const names = Array.from({ length: 2_000 }, (_, index) => `e${index}`);

  test('is refused with a thousand instances that each create an instance of many exports', () =>
    isRefused(doubling(11, `(type $t u8) (instance ${names.map((name) => `(export "${name}" (type $t))`).join('')})`)));

  test('is refused with a thousand instances that each export an instance of many exports many times', () => {
    const some = names.slice(0, 100);
    const again = names.slice(0, 20).map((name) => `(export "${name}" (instance $i))`);
    return isRefused(
      doubling(
        11,
        `(type $t (instance ${some.map((name) => `(export "${name}" (func))`).join('')}))
         (component $inner (alias outer 1 $t (type $t)) (import "i" (instance $i (type $t))) ${again.join('')})
         (core module $M (func (export "f"))) (core instance $m (instantiate $M))
         (func $f (canon lift (core func $m "f")))
         (instance $i ${some.map((name) => `(export "${name}" (func $f))`).join('')})
         (instance (instantiate $inner (with "i" (instance $i))))`,
      ),
    );
  });

  test('is refused with fifteen thousand instances', () => isRefused(doubling(14)));

  test('is refused with many instances of many definitions', () =>
    isRefused(doubling(10, '(type (func))'.repeat(2_000))));

  test('is refused with twelve thousand core instances in instances', () =>
    isRefused(doubling(8, `(core module $M) ${'(core instance (instantiate $M))'.repeat(100)}`)));
});

describe('core instances with a large initial size', { timeout: ENDLESS }, () => {
  test('are instantiated if there are few of them', async () => {
    await instantiate(await compile(await assemble(coreInstances('(table 1000000 funcref) (memory 1000)', 10))));
  });

  for (const [what, module, count] of [
    ['tables with the most elements of an engine', '(table 10000000 funcref)', 2],
    ['several tables', `${'(table 5000000 funcref)'.repeat(2)}`, 2],
    ['tables that are exported', '(table (export "t") 10000000 funcref)', 2],
    ['memories with the most pages', '(memory 65536)', 16],
  ] as const) {
    test(`are refused if their sum is too large: ${what}`, () => isRefused(coreInstances(module, count)));
  }

  test('are refused if a component uses a module of the enclosing component', () =>
    isRefused(`(component
      (core module $M (table 10000000 funcref))
      (component $C (import "m" (core module $m)) (core instance (instantiate $m)))
      (instance (instantiate $C (with "m" (core module $M))))
      (instance (instantiate $C (with "m" (core module $M)))))`));
});
