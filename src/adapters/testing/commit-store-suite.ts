/** The contract of stores whose commits are read and imported (`decidable/storage`), as tests for any test runner. */
import { checkOptionNames } from '../../core/option-names.ts';
import type { OptionNames } from '../../core/unknown-names.ts';
import type { CheckCommits, ClosableCommitStore } from './event-store/commit-store.ts';
import { importing } from './event-store/importing.ts';
import { log } from './event-store/log.ts';
import type { TestRunner } from './event-store-suite.ts';

export type { ClosableCommitStore } from './event-store/commit-store.ts';

/** A store, and a test runner. */
export interface CommitStoreSuiteOptions extends TestRunner {
  /** Opens an empty store that no other code uses. The suite closes it. */
  readonly open: () => ClosableCommitStore | Promise<ClosableCommitStore>;
}

const OPTIONS: OptionNames<CommitStoreSuiteOptions> = { open: true, describe: true, test: true };

/**
 * Registers the suite's tests under `name`. They test `readLog` and `importCommits`, with which stores are copied. All
 * stores of the package run the suite.
 *
 * @throws DefinitionError if an option is unknown.
 * @example
 * import { describe, test } from 'node:test'; // or from 'vitest', '@jest/globals', 'bun:test'
 *
 * commitStoreSuite('my store', { open: () => openMyStore(), describe, test });
 */
export function commitStoreSuite(name: string, options: CommitStoreSuiteOptions): void {
  checkOptionNames(options, OPTIONS, 'commitStoreSuite');
  const { open, describe, test } = options;
  const check: CheckCommits = (what, body) => {
    test(what, async () => {
      const store = await open();
      try {
        await body(store, async () => open());
      } finally {
        await store.close();
      }
    });
  };
  describe(`${name} is a store of commits`, () => {
    describe('the log', () => log(check));
    describe('imports', () => importing(check));
  });
}
