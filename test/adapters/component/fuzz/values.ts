/** JavaScript values of a component's types, and stubs for its imports. */

import { ComponentError, type ExternType, type NamedExtern, type ValueType } from 'decidable/component';
import { toCamelCase } from '../../../../src/adapters/component/camel-case.ts';
import type { Random } from './random.ts';

/** The exception of a stub that has no value to return. The export that was called throws it unchanged. */
export class NoValue extends Error {}

/** The maximum number of nodes of a value. Larger values would not find more faults. */
const MAX_NODES = 2_000;
const MAX_FIXED_LENGTH = 1_000;

const TEXTS = ['', 'a', 'Łódź', '日本語', '😀', '\u{ff}\u{80}', 'x'.repeat(100), '\ud800'];
const NUMBERS = [0, 1, -1, 2 ** 31, 2 ** 32 - 1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, -0];

/** Creates values. Resources are those that the component returned before, or objects of the host's own classes. */
export class Values {
  readonly #pick: Random;
  #nodes = 0;
  /** The resources that the host may pass, by resource type. */
  readonly #resources = new Map<object, unknown[]>();
  readonly #classes = new Map<object, new () => object>();

  constructor(pick: Random) {
    this.#pick = pick;
  }

  /** The host's class for a resource type that the component imports. */
  classOf(resource: object): new () => object {
    let found = this.#classes.get(resource);
    if (found === undefined) this.#classes.set(resource, (found = class {}));
    return found;
  }

  /** @throws NoValue if there is no value that the component would accept. */
  of(type: ValueType): unknown {
    this.#nodes = 0;
    return this.#of(type);
  }

  #of(type: ValueType): unknown {
    if (++this.#nodes > MAX_NODES) throw new NoValue();
    const pick = this.#pick;
    switch (type.kind) {
      case 'bool':
        return pick(2) === 0;
      case 'u64':
      case 's64':
        return BigInt(NUMBERS[pick(5)]!) << BigInt(pick(32));
      case 'string':
        return TEXTS[pick(TEXTS.length)];
      case 'char':
        return ['a', 'ł', '日', '😀', '\0', '\u{10ffff}'][pick(6)];
      case 'record':
        return Object.fromEntries(type.fields.map((field) => [toCamelCase(field.name), this.#of(field.type)]));
      case 'flags':
        return Object.fromEntries(type.labels.map((label) => [toCamelCase(label), pick(2) === 0]));
      case 'enum':
        return type.labels[pick(type.labels.length)];
      case 'tuple':
        return type.elements.map((element) => this.#of(element));
      case 'variant': {
        const one = type.cases[pick(type.cases.length)]!;
        return { tag: one.name, val: one.type && this.#of(one.type) };
      }
      case 'option': {
        const isSome = this.#nodes < MAX_NODES / 2 && pick(2) === 0;
        const value = isSome ? this.#of(type.value) : undefined;
        if (!isTaggedOption(type)) return value;
        return isSome ? { tag: 'some', val: value } : { tag: 'none' };
      }
      case 'result': {
        const [tag, inner] = pick(2) === 0 ? (['ok', type.ok] as const) : (['err', type.error] as const);
        return { tag, val: inner && this.#of(inner) };
      }
      case 'list':
        return Array.from({ length: this.#length(type.length) }, () => this.#of(type.element));
      case 'map':
        return new Map(
          Array.from({ length: this.#length(undefined) }, () => [this.#of(type.key), this.#of(type.value)]),
        );
      case 'own':
        return this.#resource(type.resource, true);
      case 'borrow':
        return this.#resource(type.resource, false);
      case 'stream':
      case 'future':
      case 'error-context':
        throw new NoValue();
      default:
        return NUMBERS[pick(NUMBERS.length)];
    }
  }

  #length(fixed: number | undefined): number {
    if (fixed === undefined) return this.#nodes > MAX_NODES / 4 ? 0 : this.#pick(4);
    if (fixed > MAX_FIXED_LENGTH) throw new NoValue();
    return fixed;
  }

  #resource(resource: object, isOwn: boolean): unknown {
    const known = this.#resources.get(resource);
    if (known !== undefined && known.length > 0) {
      const index = this.#pick(known.length);
      return isOwn ? known.splice(index, 1)[0] : known[index];
    }
    const made = this.#classes.get(resource);
    if (made === undefined) throw new NoValue();
    return new made();
  }

  /** Keeps the resources in the result of a call. */
  keep(type: ValueType | undefined, value: unknown): void {
    if (type === undefined || value === undefined || value === null) return;
    switch (type.kind) {
      case 'own': {
        if (this.#classes.has(type.resource)) return;
        const known = this.#resources.get(type.resource);
        if (known === undefined) this.#resources.set(type.resource, [value]);
        else known.push(value);
        return;
      }
      case 'list':
        if (Array.isArray(value)) for (const each of value.slice(0, 100)) this.keep(type.element, each);
        return;
      case 'option':
        this.keep(type.value, isTaggedOption(type) ? (value as { val?: unknown }).val : value);
        return;
      case 'tuple':
        type.elements.forEach((element, index) => {
          this.keep(element, (value as unknown[])[index]);
        });
        return;
      case 'record':
        for (const field of type.fields)
          this.keep(field.type, (value as Record<string, unknown>)[toCamelCase(field.name)]);
    }
  }

  /** Yields the resources that the host still holds. */
  *held(): Generator<unknown> {
    for (const values of this.#resources.values()) yield* values.splice(0);
  }

  /** Returns an import object in which every function returns values of its type, some of them errors. */
  imports(externs: readonly NamedExtern[]): Record<string, unknown> {
    return Object.fromEntries(externs.map(({ name, type }) => [name, this.#import(type)]));
  }

  #import(type: ExternType): unknown {
    switch (type.kind) {
      case 'func':
        return (...args: unknown[]) => {
          type.params.forEach((param, index) => {
            this.keep(param.type, args[index]);
          });
          const { result } = type;
          if (result?.kind !== 'result') return result && this.of(result);
          if (this.#pick(4) > 0) return result.ok && this.of(result.ok);
          throw new ComponentError(result.error && this.of(result.error));
        };
      case 'instance': {
        // Types come first, because a function may return a resource of a class that is bound there.
        for (const { type: inner } of type.exports) this.#import(inner);
        return this.imports(type.exports);
      }
      case 'type':
        return type.type.kind === 'resource' ? this.classOf(type.type) : undefined;
      default:
        return undefined;
    }
  }
}

/** The innermost of several options in one another is a value or `undefined`. From there, every other one is tagged. */
function isTaggedOption(type: ValueType): boolean {
  return type.kind === 'option' && type.value.kind === 'option' && !isTaggedOption(type.value);
}
