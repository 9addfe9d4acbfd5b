/** Denied interfaces. A guest can link against all of their functions, but each call fails. */
import { Trap } from '../errors.ts';
import type { WasiInterface } from './grantable.ts';

/**
 * A function, or a resource type with its methods. `+` is a constructor, and `.` before a name marks a static function.
 */
export type Member = 'function' | readonly string[];

/**
 * Returns the function that a guest calls instead of a denied one.
 *
 * @param subject the full name of the function: `wasi:sockets/tcp#tcp-socket.start-bind`.
 * @param name its JavaScript name, such as `startBind`, or `+` for a constructor.
 */
export type Denial = (subject: string, name: string) => () => unknown;

/** Returns the WIT name of a JavaScript name: `get-random-bytes` for `getRandomBytes`. */
function toKebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/^-/, '');
}

/** Returns the members of an interface: its functions, and its classes with their methods. */
export function membersOf(given: object): Readonly<Record<string, Member>> {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]: [string, { readonly prototype?: object }]) => [
      name,
      // Only the classes of an interface have a prototype here.
      value.prototype === undefined ? 'function' : methodsOf(value.prototype),
    ]),
  );
}

/** Returns the names of the methods of a class and of the classes that it extends. */
function methodsOf(prototype: object): string[] {
  const names: string[] = [];
  for (let each = prototype; each !== Object.prototype; each = Object.getPrototypeOf(each)) {
    names.push(...Object.getOwnPropertyNames(each).filter((name) => name !== 'constructor'));
  }
  return names;
}

/** The guest called a function of an interface that it was not granted. */
export class NotGranted extends Trap {
  override readonly name: string = 'NotGranted';
  declare readonly code: 'not-granted';
  /** The function, such as `wasi:random/random#get-random-u64`. For a constructor, it is the name of the resource. */
  readonly function: string;
  /** The interface to grant. It is undefined for the network, which cannot be granted. */
  readonly grant: WasiInterface | undefined;

  constructor(called: string, grant: WasiInterface | undefined, message: string) {
    super(message, { code: 'not-granted' });
    this.function = called;
    this.grant = grant;
  }
}

/** Returns a denial whose functions trap. `grant` is the interface to grant, if it can be granted. */
export function trapping(grant: WasiInterface | undefined): Denial {
  const way = grant === undefined ? NO_NETWORK : `grant it with virtualWasi({ grant: ['${grant}'] })`;
  return (subject, name) => () => {
    const called = name === '+' ? `the constructor of ${subject}` : subject;
    throw new NotGranted(subject, grant, `the guest called ${called}, which it was not granted; ${way}`);
  };
}

/** The reason why a function of the network is denied, and the alternative. */
export const NO_NETWORK = 'the virtual WASI has no network; pass your own import object for this interface';

/** Returns an interface with these members, all of which are denied. */
export function deniedInterface(name: string, members: Readonly<Record<string, Member>>, denial: Denial): object {
  const interface_ = Object.fromEntries(
    Object.entries(members).map(([member, methods]) => {
      const subject = `${name}#${toKebabCase(member)}`;
      return [member, methods === 'function' ? denial(subject, member) : deniedClass(subject, methods, denial)];
    }),
  );
  // The object is frozen because all instances share it.
  return Object.freeze(interface_);
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
