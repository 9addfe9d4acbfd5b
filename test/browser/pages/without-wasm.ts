/** A page whose policy forbids it to compile WebAssembly. */
import { compile, compileSync } from 'decidable/component';
import { report } from '../outcome.ts';
import { thrownBy } from '../thrown.ts';

void report(async () => {
  const bytes = await (await fetch('/bank.wasm')).arrayBuffer();
  return {
    ofBytes: await thrownBy(() => compile(bytes)),
    ofAResponse: await thrownBy(() => compile(fetch('/bank.wasm'))),
    atOnce: await thrownBy(() => compileSync(bytes)),
  };
});
