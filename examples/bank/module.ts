/** Which code decides. The event sourcer cannot tell one module from another, and neither can the rest of the bank. */
import { readFile } from 'node:fs/promises';
import type { CommandHandler } from 'decidable';
import { account } from './account.ts';
import { type Guest, UsageError } from './options.ts';

/** The module that runs the bank: the functions of `account.ts` in this process, or a component of `examples/guests`. */
export async function bankModule(guest?: Guest): Promise<CommandHandler<unknown, unknown, unknown>> {
  const module = guest === undefined ? account : await componentOf(guest);
  return module as CommandHandler<unknown, unknown, unknown>;
}

async function componentOf(guest: Guest) {
  const { componentModule } = await import('decidable/component/host');
  if (guest !== 'javascript')
    return componentModule(await read(`${guest}/bank.wasm`, `examples/guests/${guest}/build.sh`));
  // The engine inside this one asks for clocks and randomness at its start.
  const { LANGUAGE_RUNTIME, virtualWasi } = await import('decidable/component/wasi');
  return componentModule(await read('javascript/build/bank.wasm', 'npx node examples/guests/javascript/build.ts'), {
    wasi: () => virtualWasi({ grant: LANGUAGE_RUNTIME, stderr: (line) => process.stderr.write(`guest: ${line}\n`) }),
  });
}

/** @throws UsageError where the binary has not been built. */
async function read(binary: string, build: string): Promise<Uint8Array> {
  try {
    return await readFile(new URL(`../guests/${binary}`, import.meta.url));
  } catch {
    throw new UsageError(
      `There is no examples/guests/${binary}. To build it: npm ci --prefix examples/guests && ${build}`,
    );
  }
}
