/** Writes function types in TypeScript. */
import type { FunctionType, ValueType } from '../types.ts';
import { Names, parameterName } from './identifiers.ts';
import type { Scope } from './scope.ts';
import { typeOf } from './values.ts';

/** The side of a function, and the form of its result. */
export interface Calling {
  readonly side: 'import' | 'export';
  /** If true, the function returns a promise. */
  readonly isAsync: boolean;
}

/** Returns a function's signature, such as `(x: number): string`. */
export function signatureOf(type: FunctionType, calling: Calling, scope: Scope, isMethod: boolean = false): string {
  return `(${parametersOf(type, scope, isMethod)}): ${resultOf(type.result, calling, scope)}`;
}

/** Returns a function's parameters, such as `x: number, y: string`. A method has no parameter for its object. */
export function parametersOf(type: FunctionType, scope: Scope, isMethod: boolean = false): string {
  const names = new Names();
  const params = type.params.slice(isMethod ? 1 : 0);
  return params.map((param) => `${parameterName(param.name, names)}: ${typeOf(param.type, scope)}`).join(', ');
}

function resultOf(type: ValueType | undefined, { side, isAsync }: Calling, scope: Scope): string {
  // A function returns the `ok` case of a result, and throws the `error` case.
  const returned = type?.kind === 'result' ? type.ok : type;
  const value = returned === undefined ? 'void' : typeOf(returned, scope);
  if (!isAsync) return value;
  const promise = `${scope.declared.global('Promise')}<${value}>`;
  // The host may return the value without a promise.
  return side === 'export' ? promise : `${promise} | ${value}`;
}
