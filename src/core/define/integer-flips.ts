/**
 * Finds the kind of each integer, number or bigint, for schemas that cannot be inspected (`zod-integers.ts` inspects
 * zod's). Bytes do not show the kind. So the schema receives the decoded value first, and then the value with the other
 * kind of integer at each place that it refused.
 *
 * The result depends only on the schema and the value. If it depended on earlier values, two processes could read one
 * history with different results.
 */
import { isRecord } from '../codec/values.ts';
import { flip, toBigInt } from './zod-integers.ts';

type Path = readonly PropertyKey[];

/** A value whose integers can be changed to the other kind, place by place. */
export class IntegerFlips {
  value: unknown;
  readonly #seen = new Set<string>();

  constructor(value: unknown) {
    this.value = value;
  }

  /**
   * Changes the integers at these places, each at most once. Returns false if it changed nothing, because no place has
   * an integer or all of them were changed before.
   */
  at(paths: readonly Path[]): boolean {
    const before = this.value;
    const fresh = paths.filter((path) => !this.#seen.has(textOf(path)));
    for (const path of fresh) {
      this.#seen.add(textOf(path));
      this.value = flipAt(this.value, path, 0);
    }
    // Without this step, a schema that stops at its first problem would run once for each element of a list.
    if (paths.length === 1 && fresh.length === 1) this.#flipFollowing(fresh[0]!);
    return this.value !== before;
  }

  /** Changes the integers at the same place in the elements that follow in the same list. */
  #flipFollowing(path: Path): void {
    const flipped = typeof valueAt(this.value, path);
    if (flipped !== 'number' && flipped !== 'bigint') return;
    for (let step = path.length - 1; step >= 0; step--) {
      const list = valueAt(this.value, path.slice(0, step));
      if (!Array.isArray(list)) continue;
      for (let index = Number(path[step]) + 1; index < list.length; index++) {
        const place = path.with(step, index);
        if (typeof valueAt(this.value, place) !== flipped) this.value = flipAt(this.value, place, 0);
      }
      return;
    }
  }
}

function textOf(path: Path): string {
  return JSON.stringify(path.map(String));
}

function valueAt(value: unknown, path: Path): unknown {
  let held = value;
  for (const step of path) {
    if (typeof held !== 'object' || held === null || !Object.hasOwn(held, step)) return undefined;
    held = Reflect.get(held, step);
  }
  return held;
}

function flipAt(value: unknown, path: Path, depth: number): unknown {
  const step = path[depth];
  if (step === undefined) return flip(value);
  if (typeof value !== 'object' || value === null || typeof step === 'symbol' || !Object.hasOwn(value, step))
    return value;
  const before: unknown = Reflect.get(value, step);
  const after = flipAt(before, path, depth + 1);
  if (after === before) return value;
  if (Array.isArray(value)) return value.with(Number(step), after);
  return isRecord(value) ? { ...value, [step]: after } : value;
}

/**
 * Returns the value with all its integers as bigints, or the same object if all of its integers are bigints already.
 */
export function allBigInts(value: unknown): unknown {
  if (typeof value === 'number') return toBigInt(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return changed(value, value.map(allBigInts));
  if (value instanceof Set) return new Set([...value].map(allBigInts));
  if (value instanceof Map) return new Map([...value].map(([key, held]) => [allBigInts(key), allBigInts(held)]));
  if (!isRecord(value)) return value;
  const fields = Object.entries(value).map(([key, held]): [string, unknown] => [key, allBigInts(held)]);
  return fields.every(([key, held]) => value[key] === held) ? value : Object.fromEntries(fields);
}

function changed(before: readonly unknown[], after: readonly unknown[]): readonly unknown[] {
  return after.every((item, index) => item === before[index]) ? before : after;
}
