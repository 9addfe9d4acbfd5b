/** The options of `npm start`. */
import { parseArgs } from 'node:util';
import { RECEIPTS_FOLDER } from '../system.ts';

export interface Options {
  readonly help: boolean;
  /** The file of commands. `-` is standard input. */
  readonly file: string;
  /** The address of the store. */
  readonly store: string;
  /** The folder of the receipts. */
  readonly receipts: string;
  /** The language of the component that decides, or undefined if the module in this process decides. */
  readonly guest: Guest | undefined;
}

/** The languages of `examples/guests`. */
export const GUESTS = ['rust', 'c', 'assemblyscript', 'go', 'python', 'javascript'] as const;
export type Guest = (typeof GUESTS)[number];

/** The arguments are invalid. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'usage';
}

export const COMMANDS_FILE = 'examples/bank/commands.ndjson';

export const HELP = `Usage: npm start -- [options]

Reads commands for bank accounts, one JSON object a line, decides each and stores the events.
A command whose id is in the database is not decided again, so the same file can be run twice, or again after
an interruption.

Options:
  --file FILE   the commands; - reads standard input (default: ${COMMANDS_FILE})
  --store ADDRESS
                the store, made if it does not exist: bank.db (the default), postgres://host/bank …
  --receipts FOLDER
                a file for each transfer that has moved money (default: ${RECEIPTS_FOLDER})
  --guest NAME  let a WebAssembly component decide: rust, c, assemblyscript, go, python or javascript
                (examples/guests; default: the functions of examples/bank/account.ts, in this process)
  --help        print this text

A line:  {"id":"c00001","type":"Deposit","data":{"accountId":"0001","amount":1250}}
Types:   OpenAccount { accountId, owner }       Deposit { accountId, amount, transferId? }
         CloseAccount { accountId }             Withdraw { accountId, amount, transferId? }
         RequestTransfer { transferId, from, to, amount }
Amounts are integers in minor units: 1250 is 12.50.
`;

/** Parses the arguments. @throws UsageError that names the argument. */
export function parseOptions(args: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...args],
      strict: true,
      allowPositionals: false,
      options: {
        file: { type: 'string', default: COMMANDS_FILE },
        store: { type: 'string', default: 'bank.db' },
        receipts: { type: 'string', default: RECEIPTS_FOLDER },
        guest: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    for (const name of ['file', 'store', 'receipts'] as const) {
      if (values[name] === '') throw new Error(`Option '--${name}' needs a name`);
    }
    const guest = GUESTS.find((name) => name === values.guest);
    if (values.guest !== undefined && guest === undefined) {
      throw new Error(`Option '--guest' is one of ${GUESTS.join(', ')}, not '${values.guest}'`);
    }
    const { help, file, store, receipts } = values;
    return { help, file, store, receipts, guest };
  } catch (error) {
    throw new UsageError(
      `${error instanceof Error ? error.message : String(error)}. npm start -- --help lists the options.`,
    );
  }
}
