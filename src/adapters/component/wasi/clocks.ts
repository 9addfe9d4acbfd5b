/** Implements `wasi:clocks` with virtual time. */
import type { InterfacesOf } from './grantable.ts';
import { Pollable } from './io.ts';
import type { VirtualTime } from './time.ts';

/** The resolution in nanoseconds. It is a millisecond, because the time of a command is in milliseconds. */
const RESOLUTION = 1_000_000;

export function clockInterfaces(time: VirtualTime): InterfacesOf<'clocks'> {
  return {
    'wasi:clocks/monotonic-clock': {
      now: (): bigint => time.instant,
      resolution: (): bigint => BigInt(RESOLUTION),
      subscribeInstant: (when: bigint): Pollable => new Pollable(time, when),
      subscribeDuration: (duration: bigint): Pollable => new Pollable(time, time.after(duration)),
    },
    'wasi:clocks/wall-clock': {
      now: (): { seconds: bigint; nanoseconds: number } => time.datetime,
      resolution: (): { seconds: bigint; nanoseconds: number } => ({ seconds: 0n, nanoseconds: RESOLUTION }),
    },
    'wasi:clocks/timezone': {
      display: (): object => ({ utcOffset: 0, name: 'UTC', inDaylightSavingTime: false }),
      utcOffset: (): number => 0,
    },
  };
}
