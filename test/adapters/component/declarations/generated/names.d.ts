export interface Promise {
  delete: number,
  a1: number,
}
/** Interface plain-name */
export namespace PlainName {
  function _new(arguments_: number): void;
  export { _new as new };
  /** Interface x */
  export namespace x {
    export function y(): void;
  }
}
/** Interface types:only/here */
export namespace TypesOnlyHere {
  export type Map = 'a' | 'b';
}
/** Interface test:names/hiding */
export namespace TestNamesHiding {
  export interface Map {
    x: number,
  }
  export type Array = 'a';
  export type Option = OptionSome | OptionNone;
  export interface OptionSome {
    tag: 'some',
    val: number,
  }
  export interface OptionNone {
    tag: 'none',
  }
  export interface Result {
    a?: boolean | undefined,
  }
  export interface OptionSome2 {
    y: number,
  }
  export type Error = object;
  export const Error: {
    readonly prototype: Error;
  };
  export function f(a: globalThis.Array<Map>, b: globalThis.Map<number, Array>, c: Option_<Option | undefined>, d: Result_<Result, OptionSome2> | undefined, e: Error, e1: number, e12: number): void;
  function _delete(): void;
  export { _delete as delete };
  function _import(): number;
  export { _import as import };
}
/** Interface test:names/hiding@1.0.0 */
export namespace TestNamesHiding2 {
  export function g(): void;
}
/** Interface outer */
export namespace Outer {
  /** Interface deep:er/name */
  export namespace DeepErName {
    export function g(): void;
  }
  /** Interface nothing */
  export namespace nothing {
    export {};
  }
  export function f(): void;
}
export class Symbol implements globalThis.Disposable {
  #private;
  private constructor();
  [globalThis.Symbol.dispose](): void;
}
export class Disposable implements globalThis.Disposable {
  #private;
  private constructor();
  [globalThis.Symbol.dispose](): void;
}
export interface ImportObject {
  default(this_: Promise, in_: number): globalThis.Map<string, globalThis.Array<Promise>>,
  plainName: typeof PlainName,
  lib: object /* WebAssembly.Module */,
  part: object /* component */,
  'test:names/hiding': typeof TestNamesHiding,
  'test:names/hiding@1.0.0': typeof TestNamesHiding2,
}
export interface Root {
  void(): void,
  code: object /* WebAssembly.Module */,
  outer: typeof Outer & { 'deep:er/name': typeof Outer.DeepErName; nothing: {}; },
  Symbol: typeof Symbol,
  Disposable: typeof Disposable,
}
export type Option_<T> = { tag: 'none' } | { tag: 'some', val: T };
export type Result_<T, E> = { tag: 'ok', val: T } | { tag: 'err', val: E };
