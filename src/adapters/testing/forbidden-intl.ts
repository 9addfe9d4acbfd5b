/**
 * What `Intl` takes from the machine where it is not told (ECMA-402): the locale, the time zone, and the time itself where
 * a date is formatted that nobody gave.
 */
import type { Forbid, Replacement } from './forbidden.ts';

/** The constructors whose first argument is the locale. */
const LOCALE_FIRST = ['Collator', 'DateTimeFormat', 'ListFormat', 'NumberFormat', 'PluralRules', 'RelativeTimeFormat'];

/** What {@link replacements} of forbidden.ts has to put in place for `Intl`. */
export function* intlReplacements(forbid: Forbid): Iterable<Replacement> {
  const { DateTimeFormat } = Intl;
  for (const key of LOCALE_FIRST) {
    const original: unknown = Reflect.get(Intl, key);
    if (typeof original === 'function') yield { object: Intl, key, value: withLocale(key, original, forbid) };
  }
  const call = (method: string): string => `Intl.DateTimeFormat.prototype.${method}()`;
  const { prototype } = DateTimeFormat;
  // `format` is a getter of a function that is bound, to be handed to `map`.
  const bound = Object.getOwnPropertyDescriptor(prototype, 'format')?.get;
  if (bound !== undefined) {
    const get = function (this: Intl.DateTimeFormat): unknown {
      const format: unknown = Reflect.apply(bound, this, []);
      if (typeof format !== 'function') return format;
      return (date: unknown) =>
        date === undefined ? forbid(call('format'), 'clock') : Reflect.apply(format, undefined, [date]);
    };
    yield { object: prototype, key: 'format', get };
  }
  const parts = prototype.formatToParts;
  const formatToParts = function (this: Intl.DateTimeFormat, date: unknown): unknown {
    return date === undefined ? forbid(call('formatToParts'), 'clock') : Reflect.apply(parts, this, [date]);
  };
  yield { object: prototype, key: 'formatToParts', value: formatToParts };
}

function withLocale(name: string, original: object, forbid: Forbid): unknown {
  const check = ([locale, options]: readonly unknown[]): void => {
    if (locale === undefined) forbid(`Intl.${name}()`, 'locale');
    if (name === 'DateTimeFormat' && Reflect.get(Object(options), 'timeZone') === undefined)
      forbid(`Intl.${name}()`, 'time zone');
  };
  return new Proxy(original, {
    apply(target, self, args) {
      check(args);
      return typeof target === 'function' ? Reflect.apply(target, self, args) : undefined;
    },
    construct(target, args, newTarget) {
      check(args);
      return typeof target === 'function' ? Reflect.construct(target, args, newTarget) : {};
    },
  });
}
