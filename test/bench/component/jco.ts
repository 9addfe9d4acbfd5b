/**
 * The peers: two releases of jco, the current one and 1.10.2, which was much faster. They transpile a component to a
 * JavaScript module, which is then imported and instantiated.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { engine } from '../../../src/adapters/component/engine/web-assembly.ts';
import { installed } from '../peers-install.ts';

/** jco 1.35, the current release. Its `transpile` is this package's `transpileBytes`, which returns the same files. */
export const CURRENT_JCO = '@bytecodealliance/jco-transpile';

/** The module of jco 1.10.2, which is installed on the first call. */
export function oldJco(): string {
  const folder = installed('peers-jco', 'jco 1.10.2');
  return pathToFileURL(join(folder, 'node_modules/@bytecodealliance/jco/src/api.js')).href;
}

interface Options {
  readonly name: string;
  readonly instantiation: string;
  readonly noTypescript: boolean;
  readonly noNodejsCompat: boolean;
  readonly noComponentErrorWrapping: boolean;
}

type Transpile = (bytes: Uint8Array, options: Options) => Promise<{ files: Record<string, Uint8Array> }>;

interface Jco {
  readonly transpile: Transpile;
  /** If the module has this function, `transpile` takes the path of a file. */
  readonly transpileBytes?: Transpile;
}

interface Transpiled {
  instantiate(
    compile: (name: string) => Promise<unknown>,
    imports: object,
    instantiateCore?: unknown,
  ): Promise<Record<string, unknown>>;
}

let serial = 0;

/** `entry` is the module of a release. */
export async function loadWithJco(entry: string, bytes: Uint8Array, imports: object): Promise<Record<string, unknown>> {
  const jco = (await import(entry)) as Jco;
  const { files } = await (jco.transpileBytes ?? jco.transpile)(bytes, {
    name: 'guest',
    instantiation: 'async',
    noTypescript: true,
    noNodejsCompat: true,
    // The type of an import in jco.
    noComponentErrorWrapping: false,
  });
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
