/**
 * Guests in TypeScript that do not end, take too much, or use what a decision must not use. Each ends with the right
 * error, stores nothing, and leaves an instance that handles the next command.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { CommandFailure, commandUuid, createEventSourcer } from 'decidable';
import { type ComponentCommandHandler, loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import { built } from './built.ts';
import { type Mischief, probe } from './modules.ts';

const MODULES = new URL('modules.ts', import.meta.url);

const BOUNDS = {
  maxMemoryBytes: 24 << 20,
  maxLiftedBytes: 1 << 20,
  budget: { fuel: 30_000_000, callDepth: 1_000 },
} as const;

/** The codes of the failures. The first five are those of a guest in any language. */
const RUNAWAYS: readonly (readonly [title: string, what: Mischief, code: string])[] = [
  ['loops without an end', 'loop', 'fuel-exhausted'],
  ['calls itself without an end', 'recursion', 'call-depth-exhausted'],
  ['allocates without an end', 'memory', 'memory-exhausted'],
  ['returns a huge list', 'list', 'lifting-exhausted'],
  ['matches a pattern that takes exponential time', 'pattern', 'fuel-exhausted'],
  ['throws an error', 'error', 'trap'],
  ['reads the clock', 'clock', 'trap'],
  ['reads the clock and hides the error', 'hidden clock', 'trap'],
  ['uses a schema that needs a class of the platform', 'url', 'trap'],
];

const BROKEN = probe.types.command.toEnvelope({ type: 'Do', data: { what: 'error' } });
/** The last details of its failure. */
const PLACE = [
  ['module', 'probe'],
  ['stream', 'probe-1'],
  ['commandType', 'Do'],
];
const KEEP = probe.types.command.toEnvelope({ type: 'Keep', data: { value: 1 } });

describe('a decision of a guest in TypeScript', () => {
  let module: ComponentCommandHandler;
  before(async () => {
    module = await loadModule((await built(MODULES, 'probe')).component, BOUNDS);
  });

  for (const [title, what, code] of RUNAWAYS) {
    test(`that ${title} fails with ${code}, and the next command is decided`, async () => {
      const store = createMemoryStore();
      await using sourcer = createEventSourcer({ store, modules: [module] });
      const send = (what: Mischief) =>
        sourcer.handleCommand(probe.types.command.toEnvelope({ type: 'Do', data: { what } }), { commandId: what });
      await send('nothing');
      const { instances } = module.statistics;
      await assert.rejects(send(what), (error) => {
        assert.ok(error instanceof CommandFailure && error.payload.tag === 'trap');
        assert.equal(error.payload.val.code, code);
        return true;
      });
      assert.equal(await store.findDecision(commandUuid(what)), undefined);
      assert.equal((await send('nothing')).duplicate, true);
      const { events, revision } = await sourcer.handleCommand(KEEP);
      assert.deepEqual([events.length, revision], [1, 1n]);
      assert.ok(module.statistics.instances > instances);
    });
  }

  test('that throws an error names the module, the stream and the command', async () => {
    await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [module] });
    await assert.rejects(sourcer.handleCommand(BROKEN), (error) => {
      assert.ok(error instanceof CommandFailure && error.payload.tag === 'trap');
      assert.deepEqual(error.payload.val.details, PLACE);
      return true;
    });
  });

  test('that throws an error is a fault in the process, which has the text of the error', async () => {
    await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [probe] });
    await assert.rejects(sourcer.handleCommand(BROKEN), (error) => {
      assert.ok(error instanceof CommandFailure && error.payload.tag === 'fault');
      const { code, details } = error.payload.val;
      assert.deepEqual([code, details], ['decide-failed', [['type', 'Do'], ['cause', 'broken'], ...PLACE]]);
      return true;
    });
  });
});
