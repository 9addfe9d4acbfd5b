/** *CanonicalABI.md*, "Flattening": the core types of a function. */
import { toCamelCase } from '../camel-case.ts';
import { maxFlatParams, maxFlatResults } from '../limits.ts';
import { appended, type FlatType } from './layout.ts';
import type { FunctionNode, ParamNode, Signature, ValueTypeNode } from './nodes.ts';

const nothing: readonly FlatType[] = [];

function typeOf({ type }: ParamNode): ValueTypeNode {
  return type;
}

/** Returns the signature of a function type. It returns the same object for the same type. */
export function signatureOf(type: FunctionNode): Signature {
  type.signature ??= computeSignature(type);
  return type.signature;
}

function computeSignature({ params: named, result }: FunctionNode): Signature {
  const params = named.map(typeOf);
  let flat: readonly FlatType[] = nothing;
  let isSimple = named.length <= 4;
  let lendsHandles = false;
  let pointer = false;
  for (const type of params) {
    const own = type.layout.flat;
    flat = appended(flat, own);
    isSimple &&= own.length === 1 && (type.resource !== undefined || !type.handle);
    lendsHandles ||= type.borrow;
    pointer ||= type.pointer;
  }
  const spillsParams = flat.length > maxFlatParams;
  const flatResult = result === undefined ? nothing : result.layout.flat;
  return {
    params,
    names: named.map(({ name }) => toCamelCase(name)),
    result,
    flat,
    flatResult,
    pointer,
    flatParams: spillsParams ? 1 : flat.length,
    spillsParams,
    spillsResult: flatResult.length > maxFlatResults,
    isSimple,
    lendsHandles,
  };
}
