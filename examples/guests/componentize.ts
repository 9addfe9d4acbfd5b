/**
 * Makes a component from a core module: `node componentize.ts core.wasm bank.wasm`.
 *
 * The exports of the core module have the names of the canonical ABI (`decidable:eventsourcing/decider@0.1.0#evolve`,
 * …). This program adds the world `command-handler` of `wit/` and wraps the module in a component. Only building a
 * guest needs it.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

/** Returns the WIT package as one text, because the tools accept one file with one `package` line. */
export function worldSource(): string {
  const wit = new URL('../../wit/', import.meta.url);
  const files = readdirSync(wit).filter((name) => name.endsWith('.wit'));
  const packageLine = /^package .*;$/m;
  const texts = files.sort().map((name) => readFileSync(new URL(name, wit), 'utf8'));
  return [texts[0]?.match(packageLine)?.[0] ?? '', ...texts.map((text) => text.replace(packageLine, ''))].join('\n');
}

/** Returns the component of a core module that exports the interfaces of `world`. */
export async function componentOf(core: Uint8Array, world = 'command-handler'): Promise<Uint8Array> {
  return await componentNew(await componentEmbed({ witSource: worldSource(), world, binary: core }));
}

if (import.meta.main) {
  const [input, output] = process.argv.slice(2);
  if (input === undefined || output === undefined) throw new Error('usage: node componentize.ts core.wasm bank.wasm');
  const component = await componentOf(readFileSync(input));
  writeFileSync(output, component);
  console.log(`${output}: ${component.length} bytes`);
}
