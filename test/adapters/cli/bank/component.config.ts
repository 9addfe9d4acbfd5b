/** A bank whose accounts are a component in Rust. */
import { readFile } from 'node:fs/promises';
import { defineSystem } from 'decidable';
import { loadModule } from 'decidable/component/host';

const binary = await readFile(new URL('../../../../examples/guests/rust/bank.wasm', import.meta.url));
export default defineSystem({ name: 'rust-bank', deciders: [await loadModule(binary)] });
