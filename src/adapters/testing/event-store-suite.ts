/** Tests of the contract of event stores (wit/event-store.wit), for any test runner. */
import { DefinitionError } from '../../core/errors.ts';
import { checkOptionNames } from '../../core/option-names.ts';
import type { OptionNames } from '../../core/unknown-names.ts';
import { badArguments } from './event-store/bad-arguments.ts';
import { chain } from './event-store/chain.ts';
import { closing } from './event-store/closing.ts';
import { decisions } from './event-store/decisions.ts';
import type { Check, ClosableStore } from './event-store/fixtures.ts';
import { guards } from './event-store/guards.ts';
import { reading } from './event-store/reading.ts';
import { snapshots } from './event-store/snapshots.ts';
import { contents } from './event-store/values.ts';
import { waiting } from './event-store/waiting.ts';

export type { ClosableStore } from './event-store/fixtures.ts';

/** The functions that register tests in a test runner: `node:test`, Vitest, Jest, Bun … */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly test: (name: string, body: () => Promise<void>) => unknown;
}

/** The options of `eventStoreSuite`. */
export interface EventStoreSuiteOptions extends TestRunner {
  /** Opens a new, empty store. The suite closes it. */
  readonly open: () => ClosableStore | Promise<ClosableStore>;
}

const OPTIONS: OptionNames<EventStoreSuiteOptions> = { open: true, describe: true, test: true };

/**
 * Registers the suite's tests under `name`. All stores of the package run the suite, and any other store can run it.
 *
 * @throws DefinitionError if an option is missing or unknown.
 * @example
 * import { describe, test } from 'node:test'; // or from 'vitest', '@jest/globals', 'bun:test'
 *
 * eventStoreSuite('my store', { open: () => openMyStore(), describe, test });
 */
export function eventStoreSuite(name: string, options: EventStoreSuiteOptions): void {
  checkOptionNames(options, OPTIONS, 'eventStoreSuite');
  for (const option of ['open', 'describe', 'test'] as const) {
    if (typeof options[option] === 'function') continue;
    throw new DefinitionError(`eventStoreSuite.${option}`, `expected a function, got ${typeof options[option]}`);
  }
  const { open, describe, test } = options;
  /** Registers a test with a new store. */
  const check: Check = (what, body) => {
    test(what, async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });
  };
  describe(`${name} is an event store`, () => {
    describe('guards', () => guards(check));
    describe('decisions', () => decisions(check));
    describe('reading', () => reading(check));
    describe('waiting', () => waiting(check));
    describe('snapshots', () => snapshots(check));
    describe('contents', () => contents(check));
    describe('bad arguments', () => badArguments(check));
    describe('the chain', () => chain(check));
    describe('closing', () => closing(check));
  });
}
