/** What stands in place of an interface that was not granted: everything is there to be linked, and every call traps. */
import { Trap } from '../errors.ts';

/** A function, or a resource type with its methods (`+`: it has a constructor; `.` before a name: a static function). */
export type Member = 'function' | readonly string[];

/** `getRandomBytes` → `get-random-bytes`. */
function toKebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/^-/, '');
}

/** What an interface has, of what implements it: functions, and classes with their methods. */
export function membersOf(given: object): Readonly<Record<string, Member>> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]: [string, { readonly prototype?: object }]) => {
      // Of what is in an interface here, only classes have a prototype.
      const { prototype } = value;
      return [
        name,
        prototype === undefined
          ? 'function'
          : Object.getOwnPropertyNames(prototype).filter((method) => method !== 'constructor'),
      ];
    }),
  );
}

/** An interface with these members, all of it denied. `way`: what to do where it is needed. */
export function deniedInterface(name: string, members: Readonly<Record<string, Member>>, way: string): object {
  const denied = (what: string) => (): never => {
    throw new Trap(`the guest called ${what}, which it was not granted: ${way}`);
  };
  const interface_ = Object.fromEntries(
    Object.entries(members).map(([member, methods]) => {
      const subject = `${name}#${toKebabCase(member)}`;
      return [member, methods === 'function' ? denied(subject) : deniedClass(subject, methods, denied)];
    }),
  );
  // All instances share it.
  return Object.freeze(interface_);
}

/** What to do where an interface is needed that can be granted. */
export function grantOf(name: string): string {
  return `grant it with virtualWasi({ grant: ['${name}'] })`;
}

function deniedClass(subject: string, methods: readonly string[], denied: (what: string) => () => never): object {
  const construct = denied(`the constructor of ${subject}`);
  class Denied {
    constructor() {
      construct();
    }
  }
  for (const method of methods) {
    if (method === '+') continue;
    const isStatic = method.startsWith('.');
    const member = isStatic ? method.slice(1) : method;
    const value = denied(`${subject}.${toKebabCase(member)}`);
    Object.defineProperty(isStatic ? Denied : Denied.prototype, member, { value, configurable: true, writable: true });
  }
  return Denied;
}
