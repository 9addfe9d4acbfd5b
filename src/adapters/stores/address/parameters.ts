/** The query parameters of an address: the options of an adapter as strings. */
import { unknownName } from '../../../core/unknown-names.ts';
import { AddressError, withoutSecrets } from './address-error.ts';

/** Parses one parameter. Returns `undefined` if it is invalid. */
interface Parameter<Value> {
  readonly expected: string;
  read(text: string): Value | undefined;
}

/** The parameters of a scheme, by the type of their values. */
export type Parameters<Values> = { readonly [Name in keyof Values]-?: Parameter<NonNullable<Values[Name]>> };

export function oneOf<const Value extends string>(...values: readonly Value[]): Parameter<Value> {
  return { expected: values.join(' or '), read: (text) => values.find((value) => value === text) };
}

export function oneOfNumbers(...values: readonly number[]): Parameter<number> {
  return { expected: values.join(' or '), read: (text) => values.find((value) => String(value) === text) };
}

export function anyText(): Parameter<string> {
  return { expected: 'a text', read: (text) => (text === '' ? undefined : text) };
}

export function yesOrNo(): Parameter<boolean> {
  return { expected: 'true or false', read: (text) => (text === 'true' ? true : text === 'false' ? false : undefined) };
}

export function wholeFrom(least: number): Parameter<number> {
  return {
    expected: `a whole number from ${least}`,
    read: (text) => (/^\d{1,15}$/.test(text) && Number(text) >= least ? Number(text) : undefined),
  };
}

/** Parses the query parameters of an address. @throws AddressError that names the parameter. */
export function readParameters<Values extends object>(
  address: string,
  query: string,
  known: Parameters<Values>,
): Partial<Values> {
  const parameters: Readonly<Record<string, Parameter<unknown>>> = known;
  const values: Partial<Values> = {};
  for (const [name, text] of new URLSearchParams(query)) {
    const parameter = Object.hasOwn(known, name) ? parameters[name] : undefined;
    if (parameter === undefined) {
      const message = unknownName('parameter', name, Object.keys(known));
      throw new AddressError('parameter', `${withoutSecrets(address)}: ${message}`, name);
    }
    if (Object.hasOwn(values, name)) {
      throw new AddressError(
        'parameter',
        `${withoutSecrets(address)}: the parameter "${name}" occurs twice; omit one`,
        name,
      );
    }
    const value = parameter.read(text);
    if (value === undefined) {
      const problem = `the parameter "${name}" must be ${parameter.expected}, not ${JSON.stringify(text)}`;
      throw new AddressError('parameter', `${withoutSecrets(address)}: ${problem}`, name);
    }
    Object.assign(values, { [name]: value });
  }
  return values;
}
