/** The options of the example. */
import { parseArgs } from 'node:util';

/** The parts of the system, in the order of a request and of the events that follow. */
export const PARTS = ['gateway', 'sourcer', 'command-handler', 'store', 'event-handler', 'projector'] as const;
export type Part = (typeof PARTS)[number];

/** The languages of `examples/guests` whose components need no imports. */
export const GUESTS = ['rust', 'c', 'assemblyscript'] as const;
export type Guest = (typeof GUESTS)[number];

export interface Options {
  readonly help: boolean;
  /** The parts that are TypeScript. The others are components. */
  readonly typescript: ReadonlySet<Part>;
  /** The language of the command handler, if it is a component. */
  readonly guest: Guest;
}

/** The arguments are invalid. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
}

export const HELP = `Usage: node --conditions=decidable-source examples/system/main.ts [options]

Makes a bank of WebAssembly components, sends commands to it, and prints the responses, the stored events and the
documents.

Options:
  --typescript PART  replace a component by TypeScript: gateway, sourcer, command-handler, store, event-handler or
                     projector; can be given several times
  --guest NAME       the component that decides: rust, c or assemblyscript (examples/guests; default: rust)
  --help             print this text
`;

/** Parses the arguments. @throws UsageError that names the argument. */
export function parseOptions(args: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        typescript: { type: 'string', multiple: true, default: [] },
        guest: { type: 'string', default: 'rust' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const typescript = new Set(values.typescript.map((name) => oneOf(PARTS, name, 'typescript')));
    return { help: values.help, typescript, guest: oneOf(GUESTS, values.guest, 'guest') };
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}. --help lists the options.`);
  }
}

function oneOf<Name extends string>(names: readonly Name[], given: string, option: string): Name {
  const found = names.find((name) => name === given);
  if (found === undefined) throw new Error(`Option '--${option}' is one of ${names.join(', ')}, not '${given}'`);
  return found;
}
