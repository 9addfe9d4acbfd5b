/** Interface test:clock/timers@1.1.0 */
export namespace TestClockTimers {
  export interface Timer {
    ring(): Promise<number> | number;
    [Symbol.dispose]?(): void;
  }
  export const Timer: {
    readonly prototype: Timer;
  };
  export function wait(ms: number): Promise<void> | void;
  export function now(): bigint;
}
export interface ImportObject {
  'test:clock/timers@1.1.0': typeof TestClockTimers,
}
export interface Waiting {
  ask(): Promise<bigint>,
}
