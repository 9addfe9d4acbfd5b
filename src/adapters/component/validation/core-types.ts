/**
 * Core types that are comparable across modules. The structure of each recursion group is assigned numbers, and a
 * reference to a concrete type is written with its number. Source: *WebAssembly 3.0*, "Validation / Types" and
 * "Matching".
 */
import type { CoreCompositeType, CoreFieldType, CoreRefType, CoreSubType, CoreValType } from '../binary/definitions.ts';
import { maxCoreSubtyping } from '../limits.ts';
import type { CoreFuncType, CoreModuleType, CoreValueType } from '../types.ts';

/** An entry of a core type index space. */
export type CoreTypeEntry = CoreTypeDefinition | CoreModuleTypeEntry;

/** A module type. Other core types cannot refer to it. */
interface CoreModuleTypeEntry {
  readonly kind: 'module';
  readonly type: CoreModuleType;
}

/** One type of a recursion group. Two types are equal if they are the same object. */
export interface CoreTypeDefinition {
  readonly kind: 'definition';
  readonly id: number;
  readonly final: boolean;
  readonly supertype?: CoreTypeDefinition;
  /** The number of supertypes above it. */
  readonly depth: number;
  readonly composite: CoreFuncType | { readonly kind: 'struct' | 'array'; readonly fields: readonly FieldType[] };
}

/**
 * A final function type without references that is alone in its recursion group. Almost all types in modules are of
 * this kind.
 */
type PlainFunc = CoreTypeDefinition & { readonly composite: CoreFuncType };

function plainComposite(group: readonly CoreSubType[]): CoreFuncType | undefined {
  const [only] = group;
  if (only?.composite.kind !== 'func' || group.length > 1 || !only.final || only.supertypes.length > 0)
    return undefined;
  const { params, results } = only.composite;
  return params.every(isNumber) && results.every(isNumber) ? { kind: 'func', params, results } : undefined;
}

function isNumber(type: CoreValType): type is CoreValType & string {
  return typeof type === 'string';
}

interface FieldType {
  readonly type: CoreValueType;
  readonly mutable: boolean;
}

interface RefType {
  readonly nullable: boolean;
  readonly heap: string | number;
}

/** The supertype of each abstract heap type whose nullable reference has an abbreviation. */
const above: { readonly [heap: string]: string } = {
  func: '',
  extern: '',
  exn: '',
  any: '',
  eq: 'any',
  i31: 'eq',
  struct: 'eq',
  array: 'eq',
};

/** The top type of each hierarchy, by its bottom type. */
const bottoms: { readonly [heap: string]: string } = { none: 'any', nofunc: 'func', noextern: 'extern', noexn: 'exn' };

/** The core types of all modules of a component, by structure. */
export class CoreTypes {
  readonly #fail: (message: string) => never;
  readonly #groups = new Map<string, readonly CoreTypeDefinition[]>();
  readonly #plainFuncs = new Map<string, PlainFunc>();
  readonly #definitions: CoreTypeDefinition[] = [];
  readonly #references = new Map<string, RefType>();

  constructor(fail: (message: string) => never) {
    this.#fail = fail;
  }

  /** Appends the types of a recursion group to an index space. */
  define(space: CoreTypeEntry[], group: readonly CoreSubType[]): void {
    const plain = plainComposite(group);
    if (plain !== undefined) {
      space.push(this.#plain(plain.params, plain.results));
      return;
    }
    const base = space.length;
    // All numbers in a recursion group are type indices.
    const key = JSON.stringify(group, (_, value) =>
      typeof value === 'number' ? this.#member(space, base, group, value) : value,
    );
    let found = this.#groups.get(key);
    if (found === undefined) {
      found = this.#number(space, group);
      this.#groups.set(key, found);
    }
    for (const definition of found) space.push(definition);
  }

  /** Returns the number of a type outside the group, or the position of a type in the group. */
  #member(space: CoreTypeEntry[], base: number, group: readonly CoreSubType[], index: number): number | string {
    if (index < base) return this.definition(space, index).id;
    return index < base + group.length ? `r${index - base}` : this.#unknown(index);
  }

  #unknown(index: number): never {
    return this.#fail(`unknown type ${index}: type index out of bounds`);
  }

  /** Returns the type definition at an index. A module type is refused, because other core types cannot refer to it. */
  definition(space: readonly CoreTypeEntry[], index: number): CoreTypeDefinition {
    const found = space[index];
    return found?.kind === 'definition' ? found : this.#unknown(index);
  }

  /** Returns the function type at an index. */
  func(space: readonly CoreTypeEntry[], index: number): CoreFuncType {
    const { composite } = this.definition(space, index);
    return composite.kind === 'func' ? composite : this.#fail(`type index ${index} is not a function type`);
  }

  #number(space: CoreTypeEntry[], group: readonly CoreSubType[]): readonly CoreTypeDefinition[] {
    const first = this.#definitions.length;
    const base = space.length;
    const numbered: CoreTypeDefinition[] = [];
    const index = (at: number) => (at >= base ? first + at - base : this.definition(space, at).id);
    const value = (one: CoreValType | 'i8' | 'i16') => this.#text(one, index);
    for (const type of group) {
      const id = first + numbered.length;
      const [superIndex] = type.supertypes;
      const supertype = superIndex === undefined ? undefined : this.#definitions[index(superIndex)];
      if (superIndex !== undefined && (supertype === undefined || index(superIndex) >= id)) this.#unknown(superIndex);
      const depth = supertype === undefined ? 0 : supertype.depth + 1;
      if (depth > maxCoreSubtyping) this.#fail(`type nesting is too deep: more than ${maxCoreSubtyping} levels`);
      const definition: CoreTypeDefinition = {
        kind: 'definition',
        id,
        depth,
        final: type.final,
        composite: resolve(type.composite, id, value),
        ...(supertype !== undefined && { supertype }),
      };
      numbered.push(definition);
      this.#definitions.push(definition);
    }
    // A supertype may refer to later types of the group, so it is compared after all types have their numbers.
    for (const { composite, supertype } of numbered) {
      if (supertype === undefined) continue;
      if (supertype.final) this.#fail('sub type cannot have a final super type');
      if (!this.#compositeMatches(composite, supertype.composite)) this.#fail('sub type must match super type');
    }
    return numbered;
  }

  #compositeMatches(a: CoreTypeDefinition['composite'], b: CoreTypeDefinition['composite']): boolean {
    if (a.kind === 'func' || b.kind === 'func') {
      if (a.kind !== 'func' || b.kind !== 'func') return false;
      return (
        a.params.length === b.params.length &&
        a.results.length === b.results.length &&
        a.params.every((type, index) => this.valueMatches(b.params[index] as CoreValueType, type)) &&
        a.results.every((type, index) => this.valueMatches(type, b.results[index] as CoreValueType))
      );
    }
    return (
      a.kind === b.kind &&
      b.fields.every((field, index) => {
        const own = a.fields[index];
        if (own === undefined || own.mutable !== field.mutable) return false;
        return field.mutable ? own.type === field.type : this.valueMatches(own.type, field.type);
      })
    );
  }

  /** Returns a value type as text, with the numbers that `index` returns. */
  #text(type: CoreValType | 'i8' | 'i16', index: (at: number) => string | number): CoreValueType {
    if (typeof type === 'string') return type;
    const heap = typeof type.heap === 'number' ? index(type.heap) : type.heap;
    const text =
      type.nullable && typeof heap === 'string' && heap in above
        ? `${heap}ref`
        : `(ref ${type.nullable ? 'null ' : ''}${heap})`;
    this.#references.set(text, { nullable: type.nullable, heap });
    return text;
  }

  /** Returns a value type of an index space as text. */
  value(space: readonly CoreTypeEntry[], type: CoreValType | CoreRefType): CoreValueType {
    return this.#text(type, (at) => this.definition(space, at).id);
  }

  /** Returns whether a value of type `a` is also of type `b`. */
  valueMatches(a: CoreValueType, b: CoreValueType): boolean {
    if (a === b) return true;
    const from = this.#references.get(a);
    const to = this.#references.get(b);
    if (from === undefined || to === undefined) return false;
    return (to.nullable || !from.nullable) && this.#heapMatches(from.heap, to.heap);
  }

  #heapMatches(a: string | number, b: string | number): boolean {
    if (a === b) return true;
    if (typeof a === 'number') return this.#concreteMatches(this.#definitions[a], b);
    const top = bottoms[a];
    if (top !== undefined) {
      const kind = typeof b === 'number' ? this.#definitions[b]?.composite.kind : b;
      return kind !== undefined && this.#heapMatches(kind, top);
    }
    const next = above[a];
    return next !== undefined && next !== '' && this.#heapMatches(next, b);
  }

  #concreteMatches(a: CoreTypeDefinition | undefined, b: string | number): boolean {
    if (a === undefined) return false;
    if (a.id === b) return true;
    return typeof b === 'number' ? this.#concreteMatches(a.supertype, b) : this.#heapMatches(a.composite.kind, b);
  }

  /**
   * Returns true if no type has a number. Each component assigns its numbers separately, so numbers of different
   * components cannot be compared.
   */
  get isEmpty(): boolean {
    return this.#definitions.length === 0;
  }

  /** Returns whether a function of type `a` is also of type `b`. */
  funcMatches(a: CoreFuncType, b: CoreFuncType): boolean {
    if (!this.isEmpty && a.id !== undefined && b.id !== undefined) return this.#heapMatches(a.id, b.id);
    return sameTypes(a.params, b.params) && sameTypes(a.results, b.results);
  }

  /** Returns a plain function type, which is final and alone in its recursion group. */
  plainFunc(params: readonly CoreValueType[], results: readonly CoreValueType[]): CoreFuncType {
    return this.#plain(params, results).composite;
  }

  #plain(params: readonly CoreValueType[], results: readonly CoreValueType[]): PlainFunc {
    const key = `${params.join()}>${results.join()}`;
    let found = this.#plainFuncs.get(key);
    if (found === undefined) {
      const id = this.#definitions.length;
      found = { kind: 'definition', id, depth: 0, final: true, composite: { kind: 'func', params, results, id } };
      this.#definitions.push(found);
      this.#plainFuncs.set(key, found);
    }
    return found;
  }
}

/** Returns whether two lists of core value types are the same. */
export function sameTypes(a: readonly CoreValueType[], b: readonly CoreValueType[]): boolean {
  return a.length === b.length && a.every((type, index) => type === b[index]);
}

function fieldsOf(composite: Exclude<CoreCompositeType, { kind: 'func' }>): readonly CoreFieldType[] {
  return composite.kind === 'struct' ? composite.fields : [composite.element];
}

function resolve(
  composite: CoreCompositeType,
  id: number,
  value: (type: CoreValType | 'i8' | 'i16') => CoreValueType,
): CoreTypeDefinition['composite'] {
  if (composite.kind === 'func') {
    return { kind: 'func', params: composite.params.map(value), results: composite.results.map(value), id };
  }
  const fields = fieldsOf(composite).map((field) => ({ type: value(field.type), mutable: field.mutable }));
  return { kind: composite.kind, fields };
}
