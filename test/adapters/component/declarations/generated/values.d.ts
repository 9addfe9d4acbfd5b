/** Interface test:values/given */
export namespace TestValuesGiven {
  export interface Point {
    xPos: number,
    label?: string | undefined,
  }
  export type Shape = ShapeCircle | ShapeVeryLarge | ShapeNothing;
  export interface ShapeCircle {
    tag: 'circle',
    val: Point,
  }
  export interface ShapeVeryLarge {
    tag: 'very-large',
    val: bigint,
  }
  export interface ShapeNothing {
    tag: 'nothing',
  }
  export type Level = 'low' | 'very-high';
  export interface Access {
    read?: boolean | undefined,
    writeAll?: boolean | undefined,
  }
  export type Size = bigint;
  export type Pair = [number, string];
  export type Outcome = Result<Point, string>;
  export function getRecord(): Point;
  export function getVariant(): Shape;
  export function getEnum(): Level;
  export function getFlags(): Access;
  export function getNumber(): bigint;
  export function getTuple(): Pair;
  export function getNumbers(): [boolean, number, number, number, bigint, bigint, number, number];
  export function getLists(): [Uint8Array, BigInt64Array, Float32Array, Array<string>, Uint16Array, Array<string>];
  export function getOptions(): [number | undefined, Option<number | undefined>, Option<number | undefined> | undefined];
  export function getResults(): [Outcome, Result<void, void>, Result<number, void>, Result<void, Level>];
  export function getMap(): Map<string, Array<Point>>;
  export function getOutcome(): Point;
}
/** Interface test:values/passed */
export namespace TestValuesPassed {
  export type Point = TestValuesGiven.Point;
  export type Shape = TestValuesGiven.Shape;
  export type Level = TestValuesGiven.Level;
  export type Access = TestValuesGiven.Access;
  export type Size = bigint;
  export type Pair = TestValuesGiven.Pair;
  export type Outcome = TestValuesGiven.Outcome;
  export function getRecord(): Point;
  export function getVariant(): Shape;
  export function getEnum(): Level;
  export function getFlags(): Access;
  export function getNumber(): bigint;
  export function getTuple(): Pair;
  export function getNumbers(): [boolean, number, number, number, bigint, bigint, number, number];
  export function getLists(): [Uint8Array, BigInt64Array, Float32Array, Array<string>, Uint16Array, Array<string>];
  export function getOptions(): [number | undefined, Option<number | undefined>, Option<number | undefined> | undefined];
  export function getResults(): [Outcome, Result<void, void>, Result<number, void>, Result<void, Level>];
  export function getMap(): Map<string, Array<Point>>;
  export function getOutcome(): Point;
}
export interface ImportObject {
  'test:values/given': typeof TestValuesGiven,
}
export interface Root {
  'test:values/passed': typeof TestValuesPassed,
}
export type Option<T> = { tag: 'none' } | { tag: 'some', val: T };
export type Result<T, E> = { tag: 'ok', val: T } | { tag: 'err', val: E };
