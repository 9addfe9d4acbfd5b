/** Guests with a few changed bytes. Each is refused, or runs within its budget to a result or a typed error. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { isInvalidError, isLinkError, isMalformedError, isTrap, isUnsupportedError } from 'decidable/component';
import { type ComponentCommandHandler, loadModule } from 'decidable/component/host';
import fc from 'fast-check';
import { isFault, isRejection } from '../../../../src/core/index.ts';
import { envelope } from './bank-arbitraries.ts';

const COMMANDS = [
  envelope('OpenAccount', { accountId: 'a', owner: 'Łucja' }),
  envelope('Deposit', { accountId: 'a', amount: 70_000, transferId: 't' }),
  envelope('Withdraw', { accountId: 'a', amount: 1_000_000 }),
  envelope('CloseAccount', { accountId: 'a' }),
];

const isTyped = (error: unknown): boolean =>
  [isMalformedError, isInvalidError, isLinkError, isUnsupportedError, isTrap, isFault, isRejection].some((is) =>
    is(error),
  );

/** The host ends every guest at its budget, so that no test can hang. */
const LIMITS = { budget: { fuel: 200_000, callDepth: 500 }, maxMemoryBytes: 4 << 20, maxHandles: 100 };

function use({ types, decider, routing }: ComponentCommandHandler): void {
  for (const command of COMMANDS) {
    try {
      const asked = types.command.fromEnvelope(command);
      routing.streamId(asked);
      types.command.toEnvelope(asked);
      let state = decider.initialState();
      for (const event of decider.decide(state, asked)) {
        types.event.toEnvelope(event);
        state = decider.evolve(state, event);
      }
      types.state.fromBytes(types.state.toBytes(state));
    } catch (error) {
      assert.ok(isTyped(error), String(error instanceof Error ? error.stack : error));
    }
  }
}

describe('a guest with changed bytes', () => {
  for (const guest of ['c', 'rust', 'assemblyscript']) {
    test(`in ${guest} ends with a result or a typed error`, async () => {
      const original = new Uint8Array(
        readFileSync(new URL(`../../../../examples/guests/${guest}/bank.wasm`, import.meta.url)),
      );
      const change = fc.tuple(fc.nat({ max: original.length - 1 }), fc.integer({ min: 0, max: 255 }));
      let ran = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 3 }), async (changes) => {
          const bytes = original.slice();
          for (const [at, byte] of changes) bytes[at] = byte;
          let module: ComponentCommandHandler;
          try {
            module = await loadModule(bytes, LIMITS);
          } catch (error) {
            assert.ok(isTyped(error), String(error instanceof Error ? error.stack : error));
            return;
          }
          ran++;
          use(module);
        }),
        { numRuns: 300 },
      );
      // About one in eleven guests runs, with and without a budget. Fewer than six of 300 cannot be chance.
      assert.ok(ran > 5, `most are refused, but some have to run: ${ran}`);
    });
  }
});
