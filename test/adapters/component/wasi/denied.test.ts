/**
 * Denied by default: every function of WASI 0.2 can be linked, and calling one that was not granted traps, with its name and
 * the way to grant it. What is granted is one interface, and no other.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compile, type Instance, instantiate, isLinkError, isTrap } from '../../../../src/adapters/component/index.ts';
import {
  GRANTABLE,
  LANGUAGE_RUNTIME,
  virtualWasi,
  type WasiInterface,
} from '../../../../src/adapters/component/wasi/index.ts';
import { callingGuest } from './wasi-guest.ts';
import { WASI, type WasiFunction } from './wasi-names.ts';

/** Types that give nothing by themselves: what they reach, a function of another interface gave. */
const GIVEN: readonly string[] = [
  'wasi:io/error',
  'wasi:io/poll',
  'wasi:io/streams',
  'wasi:cli/terminal-input',
  'wasi:cli/terminal-output',
];

/** What has to be granted for an interface: itself, but for files, which nobody reaches without a directory. */
function grantFor(name: string): WasiInterface | undefined {
  const wanted = name === 'wasi:filesystem/types' ? 'wasi:filesystem/preopens' : name;
  return GRANTABLE.find((each) => each === wanted);
}

const camelCase = (kebab: string) => kebab.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
const pascalCase = (kebab: string) => camelCase(`-${kebab}`);

/** Calls a function of an import object, a method on an object that is of the class but was never made. */
function callDirectly(imports: object, name: string, { form, resource, member }: WasiFunction): unknown {
  const [, found] = Object.entries(imports).find(([key]) => key.replace(/@.*/, '') === name) ?? [];
  assert.ok(found !== undefined, `${name} is there`);
  const functionOf = (holder: object, key: string) => {
    const value: unknown = Reflect.get(holder, key);
    assert.ok(typeof value === 'function', `${name} has ${resource ?? ''} ${key}`);
    return value;
  };
  if (form === 'function') return Reflect.apply(functionOf(found, camelCase(member!)), undefined, [0n]);
  const type = functionOf(found, pascalCase(resource!));
  if (form === 'constructor') return Reflect.construct(type, []);
  if (form === 'static') return Reflect.apply(functionOf(type, camelCase(member!)), type, []);
  return Reflect.apply(functionOf(type.prototype, camelCase(member!)), Object.create(type.prototype), []);
}

/** What a call threw; undefined: nothing. */
function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

const isDenial = (error: unknown): error is Error => isTrap(error) && error.message.includes('it was not granted');

function assertDenied(error: unknown, name: string, { fullName }: WasiFunction): void {
  assert.ok(isDenial(error), String(error));
  const called = /^the guest called (?:the constructor of )?(\S+), which it was not granted: (.+)$/.exec(error.message);
  assert.equal(called?.[1], fullName);
  const grant = grantFor(name);
  if (grant !== undefined) assert.equal(called?.[2], `grant it with virtualWasi({ grant: ['${grant}'] })`);
  else assert.match(called?.[2] ?? '', /no network; give an import object of your own for this interface/);
}

async function start(bytes: Uint8Array, imports: object): Promise<Record<string, () => unknown>> {
  const { exports }: Instance = await instantiate(await compile(bytes), imports);
  return exports as Record<string, () => unknown>;
}

describe('of an interface that was not granted', () => {
  for (const names of WASI) {
    const { name, functions } = names;
    if (functions.length === 0) continue;
    test(`a guest can link against ${name}, and each of its functions traps`, async () => {
      const bytes = await callingGuest(names, '0.2.0');
      const component = await compile(bytes);
      for (const [index, each] of functions.entries()) {
        // An instance that has trapped cannot be entered again.
        const { exports } = await instantiate(component, virtualWasi().imports);
        const error = thrownBy(exports[`call${index}`] as () => unknown);
        // A method traps before anyone is called: there is no handle that it could be called with.
        if (each.form === 'method') assert.ok(isTrap(error), `${each.fullName}: ${String(error)}`);
        else if (!GIVEN.includes(name)) assertDenied(error, name, each);
      }
    });

    if (GIVEN.includes(name)) continue;
    test(`each function of ${name} says so itself, whoever calls it`, () => {
      const { imports } = virtualWasi();
      for (const each of functions)
        assertDenied(
          thrownBy(() => callDirectly(imports, name, each)),
          name,
          each,
        );
    });
  }

  test('there is one for all instances, and nobody can change it', () => {
    const [one, another] = [virtualWasi().imports, virtualWasi().imports];
    for (const [name, given] of Object.entries(one)) {
      assert.equal(another[name], given, name);
      assert.ok(Object.isFrozen(given), name);
    }
  });

  test('no name is forgotten here', () => {
    const offered = Object.keys(virtualWasi().imports).map((name) => name.replace(/@.*/, ''));
    assert.deepEqual(offered.toSorted(), WASI.map(({ name }) => name).toSorted());
  });
});

describe('a grant gives its own interface and no other:', () => {
  for (const grant of GRANTABLE) {
    test(grant, () => {
      const { imports } = virtualWasi({ grant: [grant] });
      for (const { name, functions } of WASI) {
        if (GIVEN.includes(name)) continue;
        const granted = grantFor(name) === grant;
        for (const each of functions) {
          const error = thrownBy(() => callDirectly(imports, name, each));
          if (granted) assert.ok(!isDenial(error), `${each.fullName} is granted`);
          else assertDenied(error, name, each);
        }
      }
    });
  }

  test('the network is never granted', () => {
    const { imports } = virtualWasi({ grant: LANGUAGE_RUNTIME });
    for (const { name, functions } of WASI) {
      if (!/^wasi:(sockets|http)/.test(name)) continue;
      for (const each of functions)
        assertDenied(
          thrownBy(() => callDirectly(imports, name, each)),
          name,
          each,
        );
    }
  });

  test('waiting for nothing traps, as the standard demands', () => {
    const { poll } = virtualWasi().imports['wasi:io/poll@0.2.12'] as { poll(list: readonly object[]): unknown };
    assert.ok(isTrap(thrownBy(() => poll([]))));
  });
});

describe('versions', () => {
  const names = WASI.find(({ name }) => name === 'wasi:random/random')!;
  const index = names.functions.findIndex(({ member }) => member === 'get-random-u64');
  const imports = () => virtualWasi({ grant: ['wasi:random/random'] }).imports;

  for (const version of ['0.2.0', '0.2.1', '0.2.3', '0.2.6', '0.2.12', '0.2.99', '0.2.3+build.7']) {
    test(`a guest of WASI ${version} is given what it imports`, async () => {
      const exports = await start(await callingGuest(names, version), imports());
      assert.equal(thrownBy(exports[`call${index}`]!), undefined);
    });
  }

  for (const version of ['0.1.0', '0.3.0', '1.0.0', '0.2.0-rc-2023-12-05']) {
    test(`WASI ${version} is another one, and cannot be linked`, async () => {
      await assert.rejects(start(await callingGuest(names, version), imports()), isLinkError);
    });
  }
});
