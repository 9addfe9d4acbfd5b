/**
 * Guards `Intl`, which uses the machine's settings for missing arguments (ECMA-402): the locale, the time zone, and the
 * current time if no date is passed.
 */
import { LOCALE_CONSTRUCTORS } from './catalogue.ts';
import { forbid, isCalledByEngine } from './guard.ts';
import { type AnyFunction, objectAt, type Slot } from './slot.ts';

/**
 * Returns whether `locale` determines the locale. An empty list and a list of unsupported locales do not, because both
 * select the machine's locale.
 *
 * @param formatter the constructor of `Intl` that supports the locales. Without a formatter, every locale counts as
 *   supported.
 */
export function namesLocale(locale: unknown, formatter: unknown): boolean {
  if (locale === undefined || (Array.isArray(locale) && locale.length === 0)) return false;
  const supportedLocalesOf: unknown = formatter && Reflect.get(Object(formatter), 'supportedLocalesOf');
  if (typeof supportedLocalesOf !== 'function') return true;
  try {
    return (Reflect.apply(supportedLocalesOf, formatter, [locale]) as readonly string[]).length > 0;
  } catch {
    return true; // It is not a locale, and the original function will throw.
  }
}

/** Returns whether the options of a date format determine the time zone. */
export function namesTimeZone(options: unknown): boolean {
  return Reflect.get(Object(options), 'timeZone') !== undefined;
}

/** Yields slots for the constructors that need a locale, and for the methods that would format the current time. */
export function* intlSlots(): Iterable<Slot> {
  for (const key of LOCALE_CONSTRUCTORS) {
    const made = new WeakMap<AnyFunction, unknown>();
    const replacement: Slot['replacement'] = ({ value }) => {
      if (!made.has(value)) made.set(value, withLocale(key, value));
      return { value: made.get(value) };
    };
    yield { object: Intl, key, replacement };
    const prototype = objectAt(`Intl.${key}.prototype`);
    if (prototype !== undefined) yield { object: prototype, key: 'constructor', replacement };
  }
  const { prototype } = Intl.DateTimeFormat;
  yield { object: prototype, key: 'format', replacement: ({ get }) => ({ get: withDate(get) }) };
  yield { object: prototype, key: 'formatToParts', replacement: ({ value }) => ({ value: partsWithDate(value) }) };
}

/**
 * Makes the replacement of `format`, which is a getter. The replacement returns a bound function, which can be passed
 * to `map`.
 */
function withDate(original: (() => unknown) | undefined): () => unknown {
  return function get(this: unknown): unknown {
    const format = Reflect.apply(original as AnyFunction, this, []) as (date: unknown) => string;
    return function formatDate(date: unknown): string {
      if (date === undefined && !isCalledByEngine(formatDate))
        forbid('Intl.DateTimeFormat.prototype.format()', 'clock', formatDate);
      return format(date);
    };
  };
}

function partsWithDate(original: AnyFunction): AnyFunction {
  return function formatToParts(this: unknown, date: unknown): unknown {
    if (date === undefined && !isCalledByEngine(formatToParts))
      forbid('Intl.DateTimeFormat.prototype.formatToParts()', 'clock', formatToParts);
    return Reflect.apply(original, this, [date]);
  };
}

function withLocale(name: string, original: AnyFunction): unknown {
  const check = ([locale, options]: readonly unknown[], callee: (...args: never) => unknown): void => {
    if (!namesLocale(locale, original) && !isCalledByEngine(callee)) forbid(`Intl.${name}()`, 'locale', callee);
    if (name === 'DateTimeFormat' && !namesTimeZone(options) && !isCalledByEngine(callee))
      forbid(`Intl.${name}()`, 'time zone', callee);
  };
  const apply = (target: AnyFunction, self: unknown, args: unknown[]): unknown => {
    check(args, apply);
    return Reflect.apply(target, self, args);
  };
  const construct = (target: AnyFunction, args: unknown[], newTarget: AnyFunction): object => {
    check(args, construct);
    return Reflect.construct(target, args, newTarget);
  };
  return new Proxy(original, { apply, construct });
}
