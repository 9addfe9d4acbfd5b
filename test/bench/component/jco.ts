/** The peer: jco transpiles a component to a JavaScript module, which is then imported and instantiated. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { engine } from '../../../src/adapters/component/engine.ts';

interface Jco {
  transpile(
    bytes: Uint8Array,
    options: { name: string; instantiation: string; noTypescript: boolean; noNodejsCompat: boolean },
  ): Promise<{ files: Record<string, Uint8Array> }>;
}

interface Transpiled {
  instantiate(
    compile: (name: string) => Promise<unknown>,
    imports: object,
    instantiateCore?: unknown,
  ): Promise<Record<string, unknown>>;
}

let serial = 0;

/** `entry` is the module of the jco to use: this repository's, or another release's. */
export async function loadWithJco(entry: string, bytes: Uint8Array, imports: object): Promise<Record<string, unknown>> {
  const { transpile } = (await import(entry)) as Jco;
  const options = { name: 'guest', instantiation: 'async', noTypescript: true, noNodejsCompat: true };
  const { files } = await transpile(bytes, options);
  const folder = mkdtempSync(join(tmpdir(), `decidable-bench-${serial++}-`));
  try {
    for (const [name, content] of Object.entries(files)) {
      const path = join(folder, name.endsWith('.js') ? name.replace(/\.js$/, '.mjs') : name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    const { instantiate } = (await import(pathToFileURL(join(folder, 'guest.mjs')).href)) as Transpiled;
    return await instantiate(async (name) => engine.compile(new Uint8Array(files[name]!)), imports);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
