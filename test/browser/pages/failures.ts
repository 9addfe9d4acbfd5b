/** The failures of a guest, and of bytes that are not a guest. Programs distinguish failures by their `code`. */

import { createEventSourcer, msgpack } from 'decidable';
import { compile, instantiate } from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import { report } from '../outcome.ts';

const bytesOf = async (name: string): Promise<ArrayBuffer> => (await fetch(`/${name}.wasm`)).arrayBuffer();

/**
 * A message of the counting guest. A command of 13 bytes makes it trap, and a command of 14 bytes makes it run forever.
 */
const count = (length: number) => ({ type: 'count', schemaVersion: 1, payload: new Uint8Array(length) });
const [FINE, BREAKS_DOWN, ENDLESS] = [count(1), count(13), count(14)];

const CLOSE = { kind: 'command', type: 'CloseAccount', schemaVersion: 1 } as const;

/** Returns the code of the error that a call throws, and the code of its payload. */
async function failureOf(call: () => unknown): Promise<string> {
  try {
    await call();
    return 'none';
  } catch (error) {
    const { code, payload } = error as { readonly code?: string; readonly payload?: { val?: { code?: string } } };
    return payload?.val?.code === undefined ? (code ?? String(error)) : `${code}: ${payload.val.code}`;
  }
}

async function ofATrap() {
  const { types, decider, statistics } = await loadModule(await bytesOf('counting'));
  const decide = (envelope: typeof FINE) => () =>
    decider.decide(decider.initialState(), types.command.fromEnvelope(envelope));
  const state = decider.initialState();
  return {
    trap: await failureOf(decide(BREAKS_DOWN)),
    next: await failureOf(decide(FINE)),
    stale: await failureOf(() => types.state.toBytes(state)),
    endless: await failureOf(decide(ENDLESS)),
    nextAgain: await failureOf(decide(FINE)),
    instances: statistics.instances,
  };
}

async function ofATrapInTheEventSourcer() {
  const module = await loadModule(await bytesOf('counting'));
  const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [module] });
  await sourcer.handleCommand(FINE);
  const trapped = await failureOf(() => sourcer.handleCommand(BREAKS_DOWN));
  const { outcome, revision } = await sourcer.handleCommand(FINE);
  await sourcer.close();
  return { trapped, next: `${outcome.tag} ${revision}` };
}

async function ofBudgets() {
  const counting = await bytesOf('counting');
  const running = async (fuel: number, callDepth: number) => {
    const { types, decider } = await loadModule(counting, { budget: { fuel, callDepth } });
    const decide = (envelope: typeof FINE) => () =>
      decider.decide(decider.initialState(), types.command.fromEnvelope(envelope));
    return [await failureOf(decide(ENDLESS)), await failureOf(decide(FINE))];
  };
  const { types } = await loadModule(await bytesOf('bank'), { maxMemoryBytes: 1 << 20 });
  return {
    fuel: await running(1_000, 1_000_000),
    callDepth: await running(1_000_000, 1_000),
    memory: await failureOf(() => types.command.fromEnvelope(count(2 << 20))),
  };
}

async function ofAnswers() {
  const { types, decider } = await loadModule(await bytesOf('bank'));
  // An empty map of msgpack.
  const envelope = (type: string) => ({ type, schemaVersion: 1, payload: Uint8Array.of(0x80) });
  const close = { ...envelope('CloseAccount'), payload: msgpack.encode({ accountId: '1' }, CLOSE) };
  return {
    fault: await failureOf(() => types.command.fromEnvelope(envelope('BurnMoney'))),
    shape: await failureOf(() => types.command.fromEnvelope(envelope('CloseAccount'))),
    rejection: await failureOf(() => decider.decide(decider.initialState(), types.command.fromEnvelope(close))),
  };
}

async function ofComponents() {
  const asking = await bytesOf('asking');
  const asynchronous = {
    'wasi:clocks/wall-clock': { now: async () => ({ seconds: 0n, nanoseconds: 0 }) },
    'wasi:random/random': { getRandomU64: () => 0n },
  };
  return {
    malformed: await failureOf(() => compile(new Uint8Array(100))),
    invalid: await failureOf(async () => compile(await bytesOf('invalid'))),
    coreInvalid: await failureOf(async () => compile(await bytesOf('core-invalid'))),
    importMissing: await failureOf(async () => instantiate(await compile(asking))),
    importWaits: await failureOf(() => loadModule(asking, { imports: asynchronous })),
    otherWorld: await failureOf(() => loadModule(asking, { world: 'read-model' })),
  };
}

void report(async () => ({
  trap: await ofATrap(),
  trapInTheEventSourcer: await ofATrapInTheEventSourcer(),
  budgets: await ofBudgets(),
  answers: await ofAnswers(),
  components: await ofComponents(),
}));
