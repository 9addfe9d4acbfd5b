/** Tests of the contract of processor stores (src/core/processors/processor-store.ts), for any test runner. */
import { checkOptionNames } from '../../core/option-names.ts';
import type { ProcessorStore } from '../../core/processors/processor-store.ts';
import type { OptionNames } from '../../core/unknown-names.ts';
import type { TestRunner } from './event-store-suite.ts';
import { commits } from './processor-store/commits.ts';
import { deadlines } from './processor-store/deadlines.ts';
import { documents } from './processor-store/documents.ts';
import type { CheckProcessors } from './processor-store/fixtures.ts';
import { parking } from './processor-store/parking.ts';
import { shares } from './processor-store/shares.ts';
import { subscriptions } from './processor-store/subscriptions.ts';

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

const OPTIONS: OptionNames<ProcessorStoreSuiteOptions> = { open: true, describe: true, test: true };

/**
 * Registers the suite's tests under `name`. All stores of the package run the suite, and any other store can run it.
 *
 * @throws DefinitionError if an option is unknown.
 * @example
 * import { describe, test } from 'node:test'; // or from 'vitest', '@jest/globals', 'bun:test'
 *
 * processorStoreSuite('my store', { open: () => openMyStore(), describe, test });
 */
export function processorStoreSuite(name: string, options: ProcessorStoreSuiteOptions): void {
  checkOptionNames(options, OPTIONS, 'processorStoreSuite');
  const { open, describe, test } = options;
  const check: CheckProcessors = (what, body) => {
    test(what, async () => {
      const store = await open();
      try {
        await body(store.processors);
      } finally {
        await store.close();
      }
    });
  };
  describe(`${name} is a store of processors`, () => {
    describe('subscriptions', () => subscriptions(check));
    describe('shares', () => shares(check));
    describe('commits', () => commits(check));
    describe('documents', () => documents(check));
    describe('parked events', () => parking(check));
    describe('deadlines', () => deadlines(check));
  });
}
