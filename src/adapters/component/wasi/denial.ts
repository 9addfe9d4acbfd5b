/** What stands in place of an interface that was not granted: everything is there to be linked, and every call traps. */
import { Trap } from '../errors.ts';

/** `getRandomBytes` → `get-random-bytes`. */
function toKebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`).replace(/^-/, '');
}

function denied(what: string, way: string): () => never {
  return () => {
    throw new Trap(`the guest called ${what}, which it was not granted: ${way}`);
  };
}

/** An interface of functions, all of them denied. */
export function deniedFunctions(name: string, functions: object): Record<string, () => never> {
  const way = `grant it with virtualWasi({ grant: ['${name}'] })`;
  return Object.fromEntries(Object.keys(functions).map((each) => [each, denied(`${name}#${toKebabCase(each)}`, way)]));
}

const NO_NETWORK = 'the virtual WASI has no network; give an import object of your own for this interface';

/** An interface of a table of `network.ts`, all of it denied. */
export function deniedInterface(name: string, members: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    Object.entries(members).map(([member, methods]) => [
      member,
      methods === '()'
        ? denied(`${name}#${toKebabCase(member)}`, NO_NETWORK)
        : deniedClass(
            name,
            member,
            methods.split(' ').filter((method) => method !== ''),
          ),
    ]),
  );
}

function deniedClass(name: string, resource: string, methods: readonly string[]): unknown {
  const prefix = `${name}#${toKebabCase(resource)}`;
  const construct = denied(`the constructor of ${prefix}`, NO_NETWORK);
  class Denied {
    constructor() {
      construct();
    }
  }
  for (const method of methods) {
    if (method === '+') continue;
    const isStatic = method.startsWith('.');
    const member = isStatic ? method.slice(1) : method;
    const value = denied(`${prefix}.${toKebabCase(member)}`, NO_NETWORK);
    Object.defineProperty(isStatic ? Denied : Denied.prototype, member, { value, configurable: true, writable: true });
  }
  return Denied;
}
