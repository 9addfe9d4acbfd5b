/**
 * Makes a component of a core module: `node componentize.ts core.wasm component.wasm`. `wit-bindgen` has put the world into
 * the core module, in a custom section. Only building needs this, never running.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

const [input, output] = process.argv.slice(2);
if (input === undefined || output === undefined)
  throw new Error('usage: node componentize.ts core.wasm component.wasm');
const component = await componentNew(readFileSync(input));
writeFileSync(output, component);
console.log(`${output}: ${component.length} bytes`);
