/**
 * Makes a component from a core module: `node componentize.ts core.wasm bank.wasm [adapter.wat]`.
 *
 * The exports of the core module have the names of the canonical ABI (`decidable:eventsourcing/decider@0.1.0#evolve`,
 * …). This program adds the world `command-handler` of `wit/` and wraps the module in a component. The adapter, a core
 * module in text, implements the functions of WASI preview 1 that the module imports. Only building a guest needs this
 * program.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

/** Returns the WIT package as one text, because the tools accept one file with one `package` line. */
export function worldSource(): string {
  const wit = new URL('../../wit/', import.meta.url);
  const files = readdirSync(wit).filter((name) => name.endsWith('.wit'));
  const packageLine = /^package .*;$/m;
  const texts = files.sort().map((name) => readFileSync(new URL(name, wit), 'utf8'));
  return [texts[0]?.match(packageLine)?.[0] ?? '', ...texts.map((text) => text.replace(packageLine, ''))].join('\n');
}

/**
 * Returns the component of a core module that exports the interfaces of `world`.
 * @param preview1 a core module that implements WASI preview 1, if the module imports it
 */
export async function componentOf(
  core: Uint8Array,
  world = 'command-handler',
  preview1?: Uint8Array,
): Promise<Uint8Array> {
  const embedded = await componentEmbed({ witSource: worldSource(), world, binary: core });
  return await componentNew(embedded, preview1 && [['wasi_snapshot_preview1', preview1]]);
}

if (import.meta.main) {
  const [input, output, adapter] = process.argv.slice(2);
  if (input === undefined || output === undefined)
    throw new Error('usage: node componentize.ts core.wasm bank.wasm [adapter.wat]');
  const preview1 = adapter === undefined ? undefined : await parse(readFileSync(adapter, 'utf8'));
  const component = await componentOf(readFileSync(input), 'command-handler', preview1);
  writeFileSync(output, component);
  console.log(`${output}: ${component.length} bytes`);
}
