/** The interfaces of the virtual WASI, compared with the import objects of current tools. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { virtualWasi } from 'decidable/component/wasi';

type Functions = Record<string, (...args: unknown[]) => unknown>;

/** An interface of an import object, by its name without the version. */
function interfaceOf(imports: object, name: string): Record<string, unknown> {
  const found = Object.entries(imports).find(([key]) => key.replace(/@.*/, '') === name);
  assert.ok(found !== undefined, `${name} is there`);
  return found[1];
}

/** The declarations of WASI 0.2 in jco, which describe the import objects of current tools. */
function declarations(): { readonly name: string; readonly text: string }[] {
  const tools = fileURLToPath(import.meta.resolve('@bytecodealliance/jco-transpile/wasm-tools'));
  const shim = createRequire(tools)
    .resolve('@bytecodealliance/preview2-shim')
    .replace(/(preview2-shim)\/.*$/, '$1');
  const folder = join(shim, 'types/interfaces');
  return readdirSync(folder)
    .filter((file) => !/wasi-cli-run|incoming-handler/.test(file)) // A guest exports those.
    .map((file) => ({
      name: file.replace(/^wasi-([a-z]+)-(.*)\.d\.ts$/, 'wasi:$1/$2'),
      text: readFileSync(join(folder, file), 'utf8'),
    }));
}

describe('the virtual WASI', () => {
  const { imports } = virtualWasi();
  for (const { name, text } of declarations()) {
    test(`has all functions and resources of ${name}`, () => {
      const given = interfaceOf(imports, name);
      for (const [, member] of text.matchAll(/^export function (\w+)\(/gm)) {
        assert.equal(typeof given[member!], 'function', `${name} has ${member}`);
      }
      for (const [, resource, body] of text.matchAll(/^export class (\w+) \{\n(.*?)^\s*\}$/gms)) {
        const class_ = given[resource!] as { prototype: object } & Functions;
        assert.equal(typeof class_, 'function', `${name} has ${resource}`);
        for (const [, isStatic, quoted] of body!.matchAll(/^\s+(static )?('?\w+'?)\(.*\): /gm)) {
          const member = quoted!.replaceAll("'", '');
          const holder = (isStatic === undefined ? class_.prototype : class_) as Functions;
          assert.equal(typeof holder[member], 'function', `${name}#${resource}.${member}`);
        }
      }
    });
  }
});

test('an interface that does not exist cannot be granted', () => {
  const error = { code: 'invalid-argument', argument: 'grant[0]' };
  assert.throws(() => virtualWasi({ grant: ['wasi:sockets/tcp' as never] }), error);
});
