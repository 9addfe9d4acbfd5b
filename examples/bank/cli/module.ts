/** Chooses the module that decides about accounts. The rest of the bank does not depend on the choice. */
import { readFile } from 'node:fs/promises';
import type { AnyModule } from 'decidable';
import { account } from '../account.ts';
import { type Guest, UsageError } from './options.ts';

/** The folder of the components, with one folder for each language. */
const GUESTS = new URL('../../guests/', import.meta.url);

/**
 * Returns the module of the accounts: the functions of `account.ts` in this process, or a component of
 * `examples/guests`.
 *
 * @throws UsageError if the component has not been built.
 */
export async function accountModule(guest?: Guest, folder: URL = GUESTS): Promise<AnyModule> {
  const module = guest === undefined ? account : await componentOf(guest, folder);
  return module as AnyModule;
}

async function componentOf(guest: Guest, folder: URL) {
  const { loadModule } = await import('decidable/component/host');
  const binary = isCheckedIn(guest) ? `${guest}/bank.wasm` : `${guest}/build/bank.wasm`;
  return loadModule(await read(folder, binary, `examples/guests/${guest}/build.sh`));
}

/** Returns whether the binary is checked in. Only small binaries that are the same on every machine are. */
function isCheckedIn(guest: Guest): boolean {
  return guest === 'rust' || guest === 'c' || guest === 'assemblyscript';
}

async function read(folder: URL, binary: string, build: string): Promise<Uint8Array> {
  try {
    return await readFile(new URL(binary, folder));
  } catch {
    throw new UsageError(
      `examples/guests/${binary} does not exist. To build it: npm ci --prefix examples/guests && ${build}`,
    );
  }
}
