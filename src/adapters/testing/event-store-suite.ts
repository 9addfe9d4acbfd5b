/** Tests of the contract of event stores (wit/event-store.wit), for any test runner. */
import { badArguments } from './event-store/bad-arguments.ts';
import { chain } from './event-store/chain.ts';
import { closing } from './event-store/closing.ts';
import { decisions } from './event-store/decisions.ts';
import type { ClosableStore } from './event-store/fixtures.ts';
import { guards } from './event-store/guards.ts';
import { reading } from './event-store/reading.ts';
import { snapshots } from './event-store/snapshots.ts';
import { contents } from './event-store/values.ts';
import { waiting } from './event-store/waiting.ts';
import { storeTests, type TestRunner } from './store-tests.ts';

export type { ClosableStore } from './event-store/fixtures.ts';

/** The options of `eventStoreSuite`. */
export interface EventStoreSuiteOptions extends TestRunner {
  /** Opens a new, empty store. The suite closes it. */
  readonly open: () => ClosableStore | Promise<ClosableStore>;
}

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
  const check = storeTests(options, 'eventStoreSuite');
  options.describe(`${name} is an event store`, () => {
    options.describe('guards', () => guards(check));
    options.describe('decisions', () => decisions(check));
    options.describe('reading', () => reading(check));
    options.describe('waiting', () => waiting(check));
    options.describe('snapshots', () => snapshots(check));
    options.describe('contents', () => contents(check));
    options.describe('bad arguments', () => badArguments(check));
    options.describe('the chain', () => chain(check));
    options.describe('closing', () => closing(check));
  });
}
