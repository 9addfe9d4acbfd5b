/** Interface test:host/logs@0.2.0 */
export namespace TestHostLogs {
  export interface Log {
    writeDown(text: string): number;
    [Symbol.dispose]?(): void;
  }
  export const Log: {
    readonly prototype: Log;
    new (name: string): Log;
    openAll(): Array<Log>;
  };
  export type Token = object;
  export const Token: {
    readonly prototype: Token;
  };
  export function getToken(): Token;
}
/** Interface test:host/uses */
export namespace TestHostUses {
  export type Log = TestHostLogs.Log;
  export function same(log: Log): Log;
}
export interface SmallThing {
  pokeIt(): number;
  [Symbol.dispose]?(): void;
}
export const SmallThing: {
  readonly prototype: SmallThing;
  new (): SmallThing;
};
/** Interface test:guest/counters@1.0.0 */
export namespace TestGuestCounters {
  export class Counter implements Disposable {
    #private;
    constructor(start: number);
    static create(start: number): Counter;
    static fromZero(delete_: number): Counter;
    getIt(): number;
    [Symbol.dispose](): void;
  }
  export class Empty implements Disposable {
    #private;
    private constructor();
    [Symbol.dispose](): void;
  }
  export function makeEmpty(): Empty;
}
/** Interface test:guest/more */
export namespace TestGuestMore {
  export type Counter = TestGuestCounters.Counter;
  export function make(start: number): Counter;
}
export interface ImportObject {
  'test:host/logs@0.2.0': typeof TestHostLogs,
  'test:host/uses': typeof TestHostUses,
  SmallThing: typeof SmallThing,
}
export interface Root {
  'test:guest/counters@1.0.0': typeof TestGuestCounters,
  'test:guest/more': typeof TestGuestMore,
}
