/** Creates components of programs that were built for WASI preview 1 (`wasi_snapshot_preview1`). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

/** Returns the component of a core module that is a command. It uses the adapter that comes with jco. */
export async function commandOf(core: Uint8Array): Promise<Uint8Array> {
  const jco = fileURLToPath(import.meta.resolve('@bytecodealliance/jco')).replace(/(\/jco)\/(?!.*\/jco\/).*$/, '$1');
  const adapter = readFileSync(join(jco, 'lib/wasi_snapshot_preview1.command.wasm'));
  return componentNew(core, [['wasi_snapshot_preview1', adapter]]);
}
