/** Compiles components from responses. */

import { type Component, compile } from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { watchingTheEngine } from '../compiling.ts';
import { report } from '../outcome.ts';

const namesOf = ({ exports }: Component): string[] => exports.map(({ name }) => name);

void report(async () => {
  let pieces = 1;
  const goOn = () => {
    pieces++;
    return fetch('/go-on');
  };
  const inPieces = await watchingTheEngine(goOn, () => compile(fetch('/in-pieces.wasm')));
  const module = await loadModule(inPieces);
  return {
    ofAPromise: namesOf(await compile(fetch('/bank.wasm'))),
    ofAResponse: namesOf(await compile(await fetch('/bank.wasm'))),
    compressed: namesOf(await compile(fetch('/compressed.wasm'))),
    asText: namesOf(await compile(fetch('/text.wasm'))),
    inPieces: namesOf(inPieces),
    pieces,
    name: module.routing.describe().name,
  };
});
