/**
 * `decidable/component`: loads WebAssembly components and runs them in the JavaScript engine, without generating code.
 *
 * ```ts
 * import { compile, instantiate } from 'decidable/component';
 * const component = await compile(bytes);
 * const { exports } = await instantiate(component, imports);
 * ```
 *
 * Source: the WebAssembly component model, `design/mvp/` (*Explainer.md*, *Binary.md*, *CanonicalABI.md*).
 */
export {
  type BufferSource,
  type CompileOptions,
  type Component,
  type ComponentSource,
  compile,
  compileSync,
  fromPostable,
  type PostableComponent,
} from './compile.ts';
export {
  ArgumentError,
  ComponentError,
  InvalidError,
  isArgumentError,
  isComponentError,
  isInvalidError,
  isLinkError,
  isMalformedError,
  isTrap,
  isUnsupportedError,
  isValueError,
  LinkError,
  type LinkProblem,
  MalformedError,
  Trap,
  type TrapCode,
  type TrapOptions,
  UnsupportedError,
  ValueError,
} from './errors.ts';
export {
  type ImportObject,
  type Instance,
  type InstantiateOptions,
  instantiate,
  instantiateSync,
} from './instantiate.ts';
export type {
  Case,
  ComponentType,
  CoreExternType,
  CoreModuleType,
  CoreValueType,
  ExternType,
  Field,
  FunctionType,
  InstanceType,
  Limits,
  NamedExtern,
  PrimitiveKind,
  ResourceType,
  TypeDefinition,
  ValueType,
} from './types.ts';
