/** Responses without a component, or with only a part of one. */
import { compile } from 'decidable/component';
import { watchingTheEngine } from '../compiling.ts';
import { report } from '../outcome.ts';
import { thrownBy } from '../thrown.ts';

void report(async () => {
  const aborting = new AbortController();
  const readBefore = await fetch('/bank.wasm');
  await readBefore.arrayBuffer();
  return {
    missing: await thrownBy(() => compile(fetch('/nowhere.wasm'))),
    anotherPage: await thrownBy(() => compile(fetch('/bank'))),
    empty: await thrownBy(() => compile(fetch('/empty.wasm'))),
    cutOff: await thrownBy(() => compile(fetch('/cut-off.wasm'))),
    tornOff: await thrownBy(() => compile(fetch('/torn-off.wasm'))),
    readBefore: await thrownBy(() => compile(readBefore)),
    aborted: await watchingTheEngine(
      () => aborting.abort(),
      () => thrownBy(() => compile(fetch('/endless.wasm', { signal: aborting.signal }))),
    ),
  };
});
