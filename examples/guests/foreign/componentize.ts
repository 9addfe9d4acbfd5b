/**
 * Makes a component from a core module and a world: `node componentize.ts core.wasm world.wit world component.wasm`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';

const [input, wit, world, output] = process.argv.slice(2);
if (input === undefined || wit === undefined || world === undefined || output === undefined) {
  throw new Error('usage: node componentize.ts core.wasm world.wit world component.wasm');
}
const witSource = readFileSync(wit, 'utf8');
const component = await componentNew(await componentEmbed({ witSource, world, binary: readFileSync(input) }));
writeFileSync(output, component);
console.log(`${output}: ${component.length} bytes`);
