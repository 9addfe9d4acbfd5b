/** Replaces `Date` by one that refuses the clock and the time zone of the machine. */
import { forbid, isCalledByEngine } from './guard.ts';
import type { Slot } from './slot.ts';

/** Matches a string with a zone, or a date without a time, which is UTC (ECMA-262, date time string format). */
const ZONED_TIME = /^[+-]?\d{4,6}(-\d\d(-\d\d)?)?$|(Z|[+-]\d\d:?\d\d|GMT|UTC)$/;

/** Returns whether the value is a string whose time is in the zone of the machine. */
function isLocal(text: unknown): boolean {
  return typeof text === 'string' && !ZONED_TIME.test(text.trim());
}

/** Yields slots for `Date`, its static functions, and the constructor of dates. */
export function* dateSlots(): Iterable<Slot> {
  const object = Date;
  const guarded = new WeakMap<DateConstructor, DateConstructor>();
  const replacement: Slot['replacement'] = ({ value, get }) => {
    const original: DateConstructor = get === undefined ? value : get();
    const made = guarded.get(original) ?? guardedDate(original);
    guarded.set(original, made);
    return { value: made };
  };
  // The functions of the original are replaced too, for code that kept it: `const { Date } = globalThis`.
  yield { object, key: 'now', replacement: ({ value }) => ({ value: guardedNow(object, value) }) };
  yield { object, key: 'parse', replacement: ({ value }) => ({ value: guardedParse(object, value) }) };
  yield { object: object.prototype, key: 'constructor', replacement };
  yield { object: globalThis, key: 'Date', replacement };
}

function guardedDate(original: DateConstructor): DateConstructor {
  const apply = (target: DateConstructor): string =>
    isCalledByEngine(apply) ? target() : forbid('Date()', 'clock', apply);
  const construct = (target: DateConstructor, args: unknown[], newTarget: NewableFunction): object => {
    const broken = brokenBy(args);
    if (broken !== undefined && !isCalledByEngine(construct)) forbid(broken[0], broken[1], construct);
    return Reflect.construct(target, args, newTarget);
  };
  return new Proxy(original, { apply, construct });
}

function brokenBy(args: readonly unknown[]): readonly [call: string, kind: 'clock' | 'time zone'] | undefined {
  if (args.length === 0) return ['new Date()', 'clock'];
  if (args.length > 1) return ['new Date(year, month, …)', 'time zone'];
  return isLocal(args[0]) ? ['new Date(text without a zone)', 'time zone'] : undefined;
}

function guardedNow(object: DateConstructor, original: () => number): () => number {
  return function now() {
    return isCalledByEngine(now) ? Reflect.apply(original, object, []) : forbid('Date.now()', 'clock', now);
  };
}

function guardedParse(object: DateConstructor, original: (text: string) => number): (text: string) => number {
  return function parse(text) {
    if (isLocal(text) && !isCalledByEngine(parse)) forbid('Date.parse(text without a zone)', 'time zone', parse);
    return Reflect.apply(original, object, [text]);
  };
}
