/**
 * Makes a component from a core module: `node componentize.ts core.wasm component.wasm`. `wit-bindgen` has put the
 * world into a custom section of the core module. Only building a component needs this program.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

const [input, output] = process.argv.slice(2);
if (input === undefined || output === undefined)
  throw new Error('usage: node componentize.ts core.wasm component.wasm');
const component = await componentNew(readFileSync(input));
writeFileSync(output, component);
console.log(`${output}: ${component.length} bytes`);
