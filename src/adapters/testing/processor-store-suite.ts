/** Tests of the contract of processor stores (src/core/processors/processor-store.ts), for any test runner. */
import type { ProcessorStore } from '../../core/processors/processor-store.ts';
import { commits } from './processor-store/commits.ts';
import { deadlines } from './processor-store/deadlines.ts';
import { documents } from './processor-store/documents.ts';
import type { CheckProcessors } from './processor-store/fixtures.ts';
import { parking } from './processor-store/parking.ts';
import { shares } from './processor-store/shares.ts';
import { subscriptions } from './processor-store/subscriptions.ts';
import { storeTests, type TestRunner } from './store-tests.ts';

/** A processor store that can be closed. */
export interface ClosableProcessors {
  readonly processors: ProcessorStore;
  close(): Promise<void>;
}

/** The options of `processorStoreSuite`. */
export interface ProcessorStoreSuiteOptions extends TestRunner {
  /** Opens a new, empty store. The suite closes it. */
  readonly open: () => ClosableProcessors | Promise<ClosableProcessors>;
}

/**
 * Registers the suite's tests under `name`. All stores of the package run the suite, and any other store can run it.
 *
 * @throws DefinitionError if an option is missing or unknown.
 * @example
 * import { describe, test } from 'node:test'; // or from 'vitest', '@jest/globals', 'bun:test'
 *
 * processorStoreSuite('my store', { open: () => openMyStore(), describe, test });
 */
export function processorStoreSuite(name: string, options: ProcessorStoreSuiteOptions): void {
  const { describe } = options;
  const tests = storeTests(options, 'processorStoreSuite');
  const check: CheckProcessors = (name, body) => tests(name, ({ processors }) => body(processors));
  describe(`${name} is a store of processors`, () => {
    describe('subscriptions', () => subscriptions(check));
    describe('shares', () => shares(check));
    describe('commits', () => commits(check));
    describe('documents', () => documents(check));
    describe('parked events', () => parking(check));
    describe('deadlines', () => deadlines(check));
  });
}
