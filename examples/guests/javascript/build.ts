/**
 * Builds the component: `node build.ts [output] [guest]`; by default `build/bank.wasm` from `bank.ts`. esbuild bundles
 * the decider and its libraries. componentize-js puts the bundle into SpiderMonkey and takes a snapshot after
 * initialization.
 *
 * The component is never checked in, because it has 21 MB, and the engine in it contains names of the machines that
 * built it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import './mend-bindings.ts';

const here = new URL('./', import.meta.url);
const pathOf = (name: string) => fileURLToPath(new URL(name, here));
const [output = pathOf('build/bank.wasm'), guest = pathOf('bank.ts')] = process.argv.slice(2);
mkdirSync(pathOf('build/'), { recursive: true });
const bundle = pathOf(`build/${basename(guest, '.ts')}.js`);

await build({
  entryPoints: [guest],
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  mainFields: ['module', 'main'],
  conditions: ['decidable-source'],
  define: { 'process.env.NODE_ENV': '"production"' },
  outfile: bundle,
});

const { componentize } = await import('@bytecodealliance/componentize-js');
const { component } = await componentize({
  sourcePath: bundle,
  witPath: pathOf('../../../wit'),
  worldName: 'command-handler',
  // The engine reads clocks and randomness when it starts, and reports uncaught errors on standard error.
  disableFeatures: ['http', 'fetch-event'],
});
writeFileSync(output, component);
console.log(`${output}: ${component.length} bytes`);
