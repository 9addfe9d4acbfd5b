/**
 * Builds the component: `node build.ts [output] [guest]`, or `build/bank.wasm` of `bank.ts`. esbuild makes one file of the
 * decider and its libraries, componentize-js puts it into SpiderMonkey and takes a snapshot of it after its start.
 *
 * 21 MB, and the engine holds names of machines that it was built on: it is built where it is needed, never checked in.
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
  // The engine asks for clocks and randomness at its start, and reports what nobody caught on standard error.
  disableFeatures: ['http', 'fetch-event'],
});
writeFileSync(output, component);
console.log(`${output}: ${component.length} bytes`);
