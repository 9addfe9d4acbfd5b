/** The contract of stores whose commits are read and imported (`decidable/storage`), as tests for any test runner. */
import type { CheckCommits, ClosableCommitStore } from './event-store/commit-store.ts';
import { importing } from './event-store/importing.ts';
import { log } from './event-store/log.ts';
import { storeTests, type TestRunner } from './store-tests.ts';

export type { ClosableCommitStore } from './event-store/commit-store.ts';

/** A store, and a test runner. */
export interface CommitStoreSuiteOptions extends TestRunner {
  /** Opens an empty store that no other code uses. The suite closes it. */
  readonly open: () => ClosableCommitStore | Promise<ClosableCommitStore>;
}

/**
 * Registers the suite's tests under `name`. They test `readLog` and `importCommits`, with which stores are copied. All
 * stores of the package run the suite.
 *
 * @throws DefinitionError if an option is missing or unknown.
 * @example
 * import { describe, test } from 'node:test'; // or from 'vitest', '@jest/globals', 'bun:test'
 *
 * commitStoreSuite('my store', { open: () => openMyStore(), describe, test });
 */
export function commitStoreSuite(name: string, options: CommitStoreSuiteOptions): void {
  const { open, describe } = options;
  const tests = storeTests(options, 'commitStoreSuite');
  const check: CheckCommits = (name, body) => tests(name, (store) => body(store, async () => open()));
  describe(`${name} is a store of commits`, () => {
    describe('the log', () => log(check));
    describe('imports', () => importing(check));
  });
}
