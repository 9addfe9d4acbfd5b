/** The validator's result for each definition, which the linker uses. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from '../../../../src/adapters/component/binary/decode.ts';
import { describeExterns, describeFunction } from '../../../../src/adapters/component/types/describe.ts';
import type { ExternNode } from '../../../../src/adapters/component/types/nodes.ts';
import type { ResourceType } from '../../../../src/adapters/component/types.ts';
import { validate } from '../../../../src/adapters/component/validation/validate.ts';
import type {
  ResourceBinding,
  ValidatedComponent,
  ValidatedDefinition,
} from '../../../../src/adapters/component/validation/validated.ts';
import { assemble } from '../assemble.ts';

type Of<Kind extends ValidatedDefinition['kind']> = ValidatedDefinition & { readonly kind: Kind };

async function validated(text: string): Promise<ValidatedComponent> {
  return validate(decode(await assemble(text)));
}

/** Returns the definitions of a kind, in order. */
function all<Kind extends ValidatedDefinition['kind']>(component: ValidatedComponent, kind: Kind): Of<Kind>[] {
  return component.definitions.filter((one): one is Of<Kind> => one.kind === kind);
}

function resourceOf(type: ExternNode | undefined): ResourceType {
  assert.ok(type?.kind === 'type' && type.type.kind === 'resource');
  return type.type;
}

function paths(introduces: readonly ResourceBinding[]): (readonly string[])[] {
  return introduces.map((binding) => binding.path);
}

describe('the introduction of a resource type', () => {
  test('happens in a type definition, with an empty path', async () => {
    const [type] = all(await validated('(component (type (resource (rep i32))) (type u8))'), 'type');
    assert.deepEqual(paths(type?.introduces ?? []), [[]]);
    assert.equal(type?.introduces[0]?.resource, type?.type);
  });

  test('happens in an import with an abstract type, not in one with an equal type', async () => {
    const component = await validated('(component (import "a" (type $a (sub resource))) (import "b" (type (eq $a))))');
    const [a, b] = all(component, 'import');
    assert.deepEqual(paths(a?.introduces ?? []), [[]]);
    assert.deepEqual(b?.introduces, []);
    assert.equal(resourceOf(a?.type), resourceOf(b?.type));
    assert.deepEqual(
      [a, b].map((one) => one?.type.kind === 'type' && one.type.bound),
      ['sub', 'eq'],
    );
    assert.deepEqual(component.type.imported, [resourceOf(a?.type)]);
  });

  test('happens in an imported instance, at the paths of its abstract types', async () => {
    const [i] = all(
      await validated(`(component (import "i" (instance
        (export "a" (type $a (sub resource))) (export "b" (type (eq $a)))
        (export "j" (instance (export "c" (type (sub resource))))))))`),
      'import',
    );
    assert.deepEqual(paths(i?.introduces ?? []), [['a'], ['j', 'c']]);
  });

  test('happens in an instantiation if the child defines it, and not if it was an argument', async () => {
    const component = await validated(`(component
      (component $c
        (import "x" (type $x (sub resource))) (type $r (resource (rep i32))) (type $hidden (resource (rep i32)))
        (instance $bag (export "r" (type $r)))
        (export "x2" (type $x)) (export "i" (instance $bag)) (export "r2" (type $r)))
      (type $mine (resource (rep i32)))
      (instance $i (instantiate $c (with "x" (type $mine)))) (instance $j (instantiate $c (with "x" (type $mine)))))`);
    const [first, second] = all(component, 'instance');
    assert.deepEqual(paths(first?.introduces ?? []), [['i', 'r']]);
    assert.notEqual(first?.introduces[0]?.resource, second?.introduces[0]?.resource);
    const types = new Map(first?.type.exports.map((one) => [one.name, one.type]));
    assert.equal(resourceOf(types.get('r2')), first?.introduces[0]?.resource);
    assert.equal(resourceOf(types.get('x2')), all(component, 'type')[0]?.type);
  });

  test('happens in an export whose ascribed type makes it abstract', async () => {
    const component = await validated(`(component (type $r (resource (rep i32)))
      (export "r" (type $r)) (export "s" (type $r) (type (sub resource))) (export "t" (type $r)))`);
    const [r, s, t] = all(component, 'export');
    assert.deepEqual(
      [r, s, t].map((one) => paths(one?.introduces ?? [])),
      [[], [[]], []],
    );
    assert.notEqual(resourceOf(r?.type), resourceOf(s?.type));
    assert.deepEqual(
      [r, s, t].map((one) => one?.type.kind === 'type' && one.type.bound),
      ['sub', 'sub', 'eq'],
    );
    assert.deepEqual(component.type.defined, [resourceOf(r?.type), resourceOf(s?.type)]);
  });
});

test('the name of a resource type is the first name that it receives', async () => {
  const component = await validated(`(component
    (import "a" (type $a (sub resource))) (import "i" (instance $i (export "b" (type (sub resource)))))
    (type $c (resource (rep i32))) (type (resource (rep i32)))
    (export "a2" (type $a)) (export "c" (type $c)) (export "c2" (type $c)))`);
  const introduced = component.definitions.flatMap((one) => ('introduces' in one ? one.introduces : []));
  assert.deepEqual(
    introduced.map((binding) => binding.resource.name),
    ['a', 'b', 'c', undefined],
  );
});

describe('a resolved canonical definition', () => {
  test('has the types of both sides and all options', async () => {
    const component = await validated(`(component
      (core module $m (memory (export "m") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
        (func (export "f") (param i32 i32 i64) (result i32) unreachable) (func (export "post") (param i32)))
      (core instance $i (instantiate $m))
      (func (param "s" string) (param "n" u64) (result (tuple u8 u8))
        (canon lift (core func $i "f") string-encoding=utf16 (memory (core memory $i "m"))
          (realloc (core func $i "realloc")) (post-return (core func $i "post")))))`);
    const [lift] = all(component, 'canon lift');
    assert.deepEqual(lift?.core, { params: ['i32', 'i32', 'i64'], results: ['i32'] });
    assert.deepEqual(lift && describeFunction(lift.type), {
      kind: 'func',
      async: false,
      params: [
        { name: 's', type: { kind: 'string' } },
        { name: 'n', type: { kind: 'u64' } },
      ],
      result: { kind: 'tuple', elements: [{ kind: 'u8' }, { kind: 'u8' }] },
    });
    const { memory, realloc, postReturn, ...rest } = lift?.options ?? assert.fail();
    assert.deepEqual(rest, { stringEncoding: 'utf16', async: false, callback: undefined });
    assert.deepEqual([memory, realloc, postReturn], [0, 1, 2]);
  });

  test('returns the results of a lowered function through a pointer', async () => {
    const component =
      await validated(`(component (core module $m (memory (export "m") 1)) (core instance $i (instantiate $m))
      (import "f" (func $f (result (tuple u8 u8)))) (core func (canon lower (func $f) (memory (core memory $i "m")))))`);
    const [lower] = all(component, 'canon lower');
    assert.deepEqual(lower?.core, { params: ['i32'], results: [] });
  });

  test('has the resource type of a built-in', async () => {
    const component = await validated('(component (type $r (resource (rep i32))) (core func (canon resource.new $r)))');
    const [builtin] = all(component, 'canon builtin');
    assert.equal(builtin?.resource, all(component, 'type')[0]?.type);
    assert.deepEqual(builtin?.core, { params: ['i32'], results: ['i32'] });
  });
});

describe('the resolved type', () => {
  test('has the types of the imports and exports of a core module', async () => {
    const component = await validated(`(component (core module (import "a" "b" (func (param i32) (result funcref)))
      (memory (export "m") 1 2) (global (export "g") (mut f32) (f32.const 0))))`);
    const [module] = all(component, 'core module');
    const [imported] = module?.type.imports ?? [];
    assert.ok(imported?.type.kind === 'func');
    assert.deepEqual([imported.module, imported.name], ['a', 'b']);
    assert.deepEqual([imported.type.params, imported.type.results], [['i32'], ['funcref']]);
    assert.deepEqual(module?.type.exports, [
      { name: 'm', type: { kind: 'memory', limits: { min: 1n, max: 2n, shared: false, is64: false } } },
      { name: 'g', type: { kind: 'global', type: 'f32', mutable: true } },
    ]);
  });

  test('has the attributes of the name of an import or export', async () => {
    const component = await validated(
      '(component (import "a" (implements "n:p/i") (external-id "x") (instance $a)) (export "n:p/i" (instance $a)))',
    );
    assert.deepEqual(describeExterns(component.imports), [
      { name: 'a', type: { kind: 'instance', exports: [], defined: [] }, implements: 'n:p/i', externalId: 'x' },
    ]);
    assert.deepEqual(describeExterns(component.exports), [
      { name: 'n:p/i', type: { kind: 'instance', exports: [], defined: [] } },
    ]);
  });

  test('hides items of an export that the ascribed type does not mention', async () => {
    const component = await validated(
      '(component (import "i" (instance $i (export "f" (func)))) (export "e" (instance $i) (instance)))',
    );
    assert.deepEqual(describeExterns(component.exports), [
      { name: 'e', type: { kind: 'instance', exports: [], defined: [] } },
    ]);
  });

  test('refers to the resource types of the nested component itself', async () => {
    const component = await validated(`(component
      (component $c (import "r" (type $r (sub resource))) (export "s" (type $r))) (type $mine (resource (rep i32)))
      (instance (instantiate $c (with "r" (type $mine)))))`);
    const [child] = all(component, 'component');
    const [own] = child?.component.type.imported ?? [];
    assert.equal(resourceOf(child?.component.exports[0]?.type), own);
    assert.notEqual(own, all(component, 'type')[0]?.type);
  });
});
