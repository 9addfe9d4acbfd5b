/**
 * Denied by default: every function of WASI 0.2 can be linked. Calling one that was not granted traps, with its name
 * and the way to grant it. A socket or a name look-up fails with `access-denied`. A grant is one interface, and no
 * other.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compile, type Instance, instantiate, isComponentError, isLinkError, isTrap } from 'decidable/component';
import { GRANTABLE, LANGUAGE_RUNTIME, NotGranted, virtualWasi, type WasiInterface } from 'decidable/component/wasi';
import { callingGuest } from './wasi-guest.ts';
import { WASI, type WasiFunction } from './wasi-names.ts';

/** Interfaces that do not need a grant, because functions of other interfaces create their resources. */
const HARMLESS: readonly string[] = [
  'wasi:io/error',
  'wasi:io/poll',
  'wasi:io/streams',
  'wasi:cli/terminal-input',
  'wasi:cli/terminal-output',
  'wasi:sockets/network',
  'wasi:sockets/instance-network',
];

/** The functions of sockets that have no error code, so that a guest that calls one traps. */
const WITHOUT_ERROR_CODE = ['subscribe', 'is-listening', 'address-family'];

/**
 * The grant that an interface needs is the interface itself. Files need a directory, because a guest cannot reach them
 * without one.
 */
function grantFor(name: string): WasiInterface | undefined {
  const wanted = name === 'wasi:filesystem/types' ? 'wasi:filesystem/preopens' : name;
  return GRANTABLE.find((each) => each === wanted);
}

const camelCase = (kebab: string) => kebab.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
const pascalCase = (kebab: string) => camelCase(`-${kebab}`);

/** Calls a function of an import object. A method is called on an object that was never constructed. */
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

/** Returns the exception of a call, or undefined if the call returned. */
function thrownBy(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}

const isDenial = (error: unknown): boolean =>
  error instanceof NotGranted || (isComponentError(error) && error.payload === 'access-denied');

function assertDenied(error: unknown, name: string, { fullName, member }: WasiFunction): void {
  const hasErrorCode = name.startsWith('wasi:sockets/') && !WITHOUT_ERROR_CODE.includes(member!);
  if (hasErrorCode) {
    assert.ok(isComponentError(error) && error.payload === 'access-denied', String(error));
    return;
  }
  assert.ok(error instanceof NotGranted && isTrap(error), String(error));
  assert.deepEqual([error.code, error.function, error.grant], ['not-granted', fullName, grantFor(name)]);
}

async function start(bytes: Uint8Array, imports: object): Promise<Record<string, () => unknown>> {
  const { exports }: Instance = await instantiate(await compile(bytes), imports);
  return exports as Record<string, () => unknown>;
}

describe('an interface that was not granted', () => {
  for (const names of WASI) {
    const { name, functions } = names;
    if (functions.length === 0) continue;
    test(`can be linked, and each of its functions fails: ${name}`, async () => {
      const bytes = await callingGuest(names, '0.2.0');
      const component = await compile(bytes);
      for (const [index, each] of functions.entries()) {
        // An instance that has trapped cannot be entered again.
        const { exports } = await instantiate(component, virtualWasi().imports);
        const error = thrownBy(exports[`call${index}`] as () => unknown);
        // A method traps before its call, because there is no handle for the call.
        if (each.form === 'method') assert.ok(isTrap(error), `${each.fullName}: ${String(error)}`);
        else if (!HARMLESS.includes(name)) assertDenied(error, name, each);
      }
    });

    if (HARMLESS.includes(name)) continue;
    test(`fails with the name of the function, even if JavaScript calls it: ${name}`, () => {
      const { imports } = virtualWasi();
      for (const each of functions)
        assertDenied(
          thrownBy(() => callDirectly(imports, name, each)),
          name,
          each,
        );
    });
  }

  test('is shared by all instances and frozen', () => {
    const [one, another] = [virtualWasi().imports, virtualWasi().imports];
    for (const [name, given] of Object.entries(one)) {
      assert.equal(another[name], given, name);
      assert.ok(Object.isFrozen(given), name);
    }
  });

  test('is in the list of this test', () => {
    const offered = Object.keys(virtualWasi().imports).map((name) => name.replace(/@.*/, ''));
    assert.deepEqual(offered.toSorted(), WASI.map(({ name }) => name).toSorted());
  });
});

describe('granting', () => {
  for (const grant of GRANTABLE) {
    test(`${grant} opens that interface and no other`, () => {
      const { imports } = virtualWasi({ grant: [grant] });
      for (const { name, functions } of WASI) {
        if (HARMLESS.includes(name)) continue;
        const granted = grantFor(name) === grant;
        for (const each of functions) {
          const error = thrownBy(() => callDirectly(imports, name, each));
          if (granted) assert.ok(!isDenial(error), `${each.fullName} is granted`);
          else assertDenied(error, name, each);
        }
      }
    });
  }

  test('all interfaces does not open the network', () => {
    const { imports } = virtualWasi({ grant: LANGUAGE_RUNTIME });
    for (const { name, functions } of WASI) {
      if (!/^wasi:(sockets|http)/.test(name) || HARMLESS.includes(name)) continue;
      for (const each of functions)
        assertDenied(
          thrownBy(() => callDirectly(imports, name, each)),
          name,
          each,
        );
    }
  });

  test('no interface lets a guest poll, and an empty list traps', () => {
    const { poll } = virtualWasi().imports['wasi:io/poll@0.2.12'] as { poll(list: readonly object[]): unknown };
    assert.ok(isTrap(thrownBy(() => poll([]))));
  });
});

describe('versions', () => {
  const names = WASI.find(({ name }) => name === 'wasi:random/random')!;
  const index = names.functions.findIndex(({ member }) => member === 'get-random-u64');
  const imports = () => virtualWasi({ grant: ['wasi:random/random'] }).imports;

  for (const version of ['0.2.0', '0.2.1', '0.2.3', '0.2.6', '0.2.12', '0.2.99', '0.2.3+build.7']) {
    test(`allow a guest of WASI ${version} to be linked`, async () => {
      const exports = await start(await callingGuest(names, version), imports());
      assert.equal(thrownBy(exports[`call${index}`]!), undefined);
    });
  }

  for (const version of ['0.1.0', '0.3.0', '1.0.0', '0.2.0-rc-2023-12-05']) {
    test(`do not allow a guest of WASI ${version}, which is incompatible`, async () => {
      await assert.rejects(start(await callingGuest(names, version), imports()), isLinkError);
    });
  }
});
