/** A guest that is too large for browsers to compile and instantiate synchronously on the main thread of a page. */

import { compile, compileSync, instantiate, instantiateSync } from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { report } from '../outcome.ts';
import { thrownBy } from '../thrown.ts';

const BREAKS_DOWN = { type: 'count', schemaVersion: 1, payload: new Uint8Array(13) };

/** Lets the engine do its asynchronous work. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

async function pooled(bytes: ArrayBuffer) {
  const { types, decider, statistics } = await loadModule(bytes);
  const state = decider.initialState();
  const command = types.command.fromEnvelope(BREAKS_DOWN);
  const trapped = await thrownBy(() => decider.decide(state, command));
  const next = await thrownBy(() => decider.initialState());
  while ((await thrownBy(() => decider.initialState())) !== undefined) await turn();
  const stale = await thrownBy(() => types.state.toBytes(state));
  return { trapped, next, stale, instances: statistics.instances };
}

void report(async () => {
  const bytes = await (await fetch('/large.wasm')).arrayBuffer();
  const component = await compile(bytes);
  return {
    instantiate: await thrownBy(() => instantiate(component)),
    instantiateSync: await thrownBy(() => instantiateSync(component)),
    compileSync: await thrownBy(() => compileSync(bytes)),
    fresh: await thrownBy(() => loadModule(bytes, { isolation: 'fresh' })),
    ...(await pooled(bytes)),
  };
});
