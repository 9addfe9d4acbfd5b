/** Denied interfaces. A guest can link against all of their functions, but each call fails. */
import { Trap } from '../errors.ts';

/**
 * A function, or a resource type with its methods. `+` is a constructor, and `.` before a name marks a static function.
 */
export type Member = 'function' | readonly string[];

/**
 * Returns the function that a guest calls instead of a denied one.
 *
 * @param subject its whole name: `wasi:sockets/tcp#tcp-socket.start-bind`.
 * @param name its name in JavaScript: `startBind`; `+` for a constructor.
 */
export type Denial = (subject: string, name: string) => () => unknown;

/** `getRandomBytes` → `get-random-bytes`. */
function toKebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/^-/, '');
}

/** The members of an interface, found in its implementation: functions, and classes with their methods. */
export function membersOf(given: object): Readonly<Record<string, Member>> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]: [string, { readonly prototype?: object }]) => [
      name,
      // Only the classes of an interface have a prototype here.
      value.prototype === undefined ? 'function' : methodsOf(value.prototype),
    ]),
  );
}

/** Inherited ones too. */
function methodsOf(prototype: object): string[] {
  const names: string[] = [];
  for (let each = prototype; each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    names.push(...Object.getOwnPropertyNames(each).filter((name) => name !== 'constructor'));
  }
  return names;
}

/** Each call traps. The sentence `way` says what to do if the function is needed. */
export function trapping(way: string): Denial {
  return (subject, name) => () => {
    const called = name === '+' ? `the constructor of ${subject}` : subject;
    throw new Trap(`the guest called ${called}, which it was not granted: ${way}`);
  };
}

/** An interface with these members, all of it denied. */
export function deniedInterface(name: string, members: Readonly<Record<string, Member>>, denial: Denial): object {
  const interface_ = Object.fromEntries(
    Object.entries(members).map(([member, methods]) => {
      const subject = `${name}#${toKebabCase(member)}`;
      return [member, methods === 'function' ? denial(subject, member) : deniedClass(subject, methods, denial)];
    }),
  );
  // All instances share it.
  return Object.freeze(interface_);
}

/** Returns the sentence that says how an interface is granted. */
export function grantOf(name: string): string {
  return `grant it with virtualWasi({ grant: ['${name}'] })`;
}

function deniedClass(subject: string, methods: readonly string[], denial: Denial): object {
  const construct = denial(subject, '+');
  class Denied {
    constructor() {
      construct();
    }
  }
  for (const method of methods) {
    if (method === '+') continue;
    const isStatic = method.startsWith('.');
    const member = isStatic ? method.slice(1) : method;
    const value = denial(`${subject}.${toKebabCase(member)}`, member);
    Object.defineProperty(isStatic ? Denied : Denied.prototype, member, { value, configurable: true, writable: true });
  }
  return Denied;
}
