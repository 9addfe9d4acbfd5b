/** Leaks are found by many calls in a memory that a leak would exceed. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { isTrap } from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { virtualWasi } from 'decidable/component/wasi';
import { printingGuest } from './asking-guest.ts';
import { callEveryFunction } from './every-function.ts';

const ROUNDS = 50_000;

describe('the memory of a guest', () => {
  for (const guest of ['c', 'rust', 'assemblyscript']) {
    test(`stays below 1.5 MiB in ${guest} for ${ROUNDS} decisions, folds, rejections, faults and states`, async () => {
      const bytes = readFileSync(new URL(`../../../../examples/guests/${guest}/bank.wasm`, import.meta.url));
      const module = await loadModule(bytes, { maxMemoryBytes: 3 << 19, maxHandles: 10 });
      callEveryFunction(module, ROUNDS);
      assert.deepEqual([module.statistics.handles, module.statistics.instances], [0, 1]);
    });
  }
});

describe('an instance that is discarded', () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;

  test('releases the streams of its WASI, even those that the guest keeps to the end', async () => {
    const printers: WeakRef<(line: string) => void>[] = [];
    const wasi = () => {
      const stdout = (): void => undefined;
      printers.push(new WeakRef(stdout));
      return virtualWasi({ grant: ['wasi:cli/stdout'], stdout });
    };
    const { types, decider } = await loadModule(await printingGuest(), { isolation: 'fresh', wasi });
    const command = types.command.fromEnvelope({ type: 'count', schemaVersion: 1, payload: new Uint8Array(1) });
    const state = decider.initialState();
    for (let round = 0; round < 50; round++) decider.decide(state, command);
    const left = () => printers.filter((printer) => printer.deref() !== undefined).length;
    // The target of a weak reference stays until the turn of the event loop ends if it was created or read in that
    // turn. Code that the engine compiles in the background keeps objects alive too.
    for (let turn = 0; turn < 100 && (turn === 0 || left() > 5); turn++) {
      await setImmediate();
      collectGarbage();
    }
    assert.ok(printers.length > 50 && left() <= 5, `${left()} of ${printers.length} are still there`);
  });
});

describe('a resource of the host that an instance holds', () => {
  /** Imports that count the open output streams. */
  function counting() {
    let open = 0;
    class OutputStream {
      constructor() {
        open++;
      }
      blockingWriteAndFlush(): void {}
      [Symbol.dispose](): void {
        open--;
      }
    }
    const imports = {
      'wasi:io/error': { Error: class {} },
      'wasi:io/streams': { OutputStream },
      'wasi:cli/stdout': { getStdout: () => new OutputStream() },
    };
    return { imports, open: () => open };
  }
  const envelopeOf = (length: number) => ({ type: 'count', schemaVersion: 1, payload: new Uint8Array(length) });

  test('is disposed after the call, in fresh isolation', async () => {
    const { imports, open } = counting();
    const { types, decider } = await loadModule(await printingGuest(), { imports, isolation: 'fresh' });
    decider.decide(decider.initialState(), types.command.fromEnvelope(envelopeOf(1)));
    assert.equal(open(), 0);
  });

  test('is disposed when the instance traps, in pooled isolation', async () => {
    const { imports, open } = counting();
    const { types, decider } = await loadModule(await printingGuest(), { imports });
    decider.decide(decider.initialState(), types.command.fromEnvelope(envelopeOf(1)));
    assert.ok(open() > 0);
    const breaking = types.command.fromEnvelope(envelopeOf(13));
    assert.throws(() => decider.decide(decider.initialState(), breaking), isTrap);
    assert.equal(open(), 0);
  });
});
