/** Guests that import one interface of WASI, and call the functions that a test chooses. */
import { parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import type { WasiFunction, WasiNames } from './wasi-names.ts';

/**
 * A component that imports the interface and exports `call0`, `call1` …: each calls the function at that place in the
 * list. Values are omitted from the types, because no call reaches them. Methods are called on a handle that does not
 * exist.
 */
export function callingGuest({ name, resources, functions }: WasiNames, version: string): Promise<Uint8Array> {
  const indices = [...functions.keys()];
  return parse(`(component
    (import "${name}@${version}" (instance $wasi
      ${resources.map((resource, index) => `(export "${resource}" (type $resource${index} (sub resource)))`).join('\n')}
      ${functions.map((each) => `(export "${each.importName}" ${typeOf(each, resources)})`).join('\n')}))
    ${indices.map((index) => `(core func $lowered${index} (canon lower (func $wasi "${functions[index]!.importName}")))`).join('\n')}
    (core module $guest
      ${functions.map((each, index) => `(import "" "${index}" (func $wasi${index} ${coreTypeOf(each)}))`).join('\n')}
      ${functions.map((each, index) => `(func (export "${index}") ${callOf(each, index)})`).join('\n')})
    (core instance $guest (instantiate $guest (with "" (instance
      ${indices.map((index) => `(export "${index}" (func $lowered${index}))`).join('\n')}))))
    ${indices.map((index) => `(func (export "call${index}") (canon lift (core func $guest "${index}")))`).join('\n')})`);
}

function typeOf({ form, resource }: WasiFunction, resources: readonly string[]): string {
  const index = resources.indexOf(resource ?? '');
  switch (form) {
    case 'method':
      return `(func (param "self" (borrow $resource${index})))`;
    case 'constructor':
      return `(func (result (own $resource${index})))`;
    default:
      return '(func)';
  }
}

function coreTypeOf({ form }: WasiFunction): string {
  if (form === 'method') return '(param i32)';
  return form === 'constructor' ? '(result i32)' : '';
}

function callOf({ form }: WasiFunction, index: number): string {
  if (form === 'method') return `(call $wasi${index} (i32.const 1))`;
  return form === 'constructor' ? `(drop (call $wasi${index}))` : `(call $wasi${index})`;
}
