/** Tests of the contract of processor stores (src/core/processors/processor-store.ts), for any test runner. */
import assert from 'node:assert/strict';
import { DefinitionError } from '../../core/errors.ts';
import { checkOptionNames } from '../../core/option-names.ts';
import { type Capability, STORES_WITH } from '../../core/processors/capabilities.ts';
import type { OptionNames } from '../../core/unknown-names.ts';
import { commits } from './processor-store/commits.ts';
import { deadlines } from './processor-store/deadlines.ts';
import { documents } from './processor-store/documents.ts';
import type { CheckProcessors, ClosableProcessors } from './processor-store/fixtures.ts';
import { inline } from './processor-store/inline.ts';
import { missingInline, missingTables } from './processor-store/missing-capabilities.ts';
import { parking } from './processor-store/parking.ts';
import { shares } from './processor-store/shares.ts';
import { subscriptions } from './processor-store/subscriptions.ts';
import { tables } from './processor-store/tables.ts';
import { storeTests, type TestRunner } from './store-tests.ts';

export type { ClosableProcessors } from './processor-store/fixtures.ts';

/** The options of `processorStoreSuite`. */
export interface ProcessorStoreSuiteOptions extends TestRunner {
  /** Opens a new, empty store. The suite closes it. */
  readonly open: () => ClosableProcessors | Promise<ClosableProcessors>;
  /**
   * The capabilities that the store does not have. The suite then tests that their use is refused. It also compares the
   * list with the capabilities that the store declares.
   * @default [], so the store has all capabilities
   */
  readonly lacks?: readonly Capability[];
}

/**
 * Registers the suite's tests under `name`. All stores of the package run the suite, and any other store can run it.
 *
 * @throws DefinitionError if an option is missing, unknown or invalid.
 * @example
 * import { describe, test } from 'node:test'; // or from 'vitest', '@jest/globals', 'bun:test'
 *
 * processorStoreSuite('my store', { open: () => openMyStore(), lacks: ['inline'], describe, test });
 */
export function processorStoreSuite(name: string, options: ProcessorStoreSuiteOptions): void {
  checkOptionNames(options, NAMES, 'processorStoreSuite');
  const { describe, lacks = [], ...rest } = options;
  const check: CheckProcessors = storeTests({ ...rest, describe }, 'processorStoreSuite');
  const lacking = checkLacks(lacks);
  describe(`${name} is a store of processors`, () => {
    describe('capabilities', () => {
      check('the declared capabilities are those that the suite tests', async ({ processors: { capabilities } }) => {
        assert.deepEqual(
          { ...capabilities },
          { documents: true, tables: !lacking.has('tables'), inline: !lacking.has('inline') },
        );
      });
    });
    describe('subscriptions', () => subscriptions(check));
    describe('shares', () => shares(check));
    describe('commits', () => commits(check));
    describe('documents', () => documents(check));
    describe('parked events', () => parking(check));
    describe('deadlines', () => deadlines(check));
    describe('tables', () => (lacking.has('tables') ? missingTables(check) : tables(check)));
    describe('inline read models', () => (lacking.has('inline') ? missingInline(check) : inline(check)));
  });
}

const NAMES: OptionNames<ProcessorStoreSuiteOptions> = { open: true, lacks: true, describe: true, test: true };

function checkLacks(lacks: readonly Capability[]): ReadonlySet<Capability> {
  const known = Object.keys(STORES_WITH);
  if (!Array.isArray(lacks) || !lacks.every((capability) => known.includes(capability))) {
    throw new DefinitionError(
      'processorStoreSuite.lacks',
      `expected an array of ${known.map((capability) => `"${capability}"`).join(' and ')}, got ${JSON.stringify(lacks)}`,
    );
  }
  return new Set(lacks);
}
