/** Registers the tests of a suite. Each test has a store of its own. */
import { DefinitionError } from '../../core/errors.ts';
import { checkOptionNames } from '../../core/option-names.ts';
import type { OptionNames } from '../../core/unknown-names.ts';

/** The functions that register tests in a test runner: `node:test`, Vitest, Jest, Bun … */
export interface TestRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly test: (name: string, body: () => Promise<void>) => unknown;
}

interface Closable {
  close(): Promise<void>;
}

interface SuiteOptions<Store extends Closable> extends TestRunner {
  readonly open: () => Store | Promise<Store>;
}

const OPTIONS: OptionNames<SuiteOptions<Closable>> = { open: true, describe: true, test: true };

/**
 * Returns a function that registers a test with a new store, which is closed afterwards.
 *
 * @param suite the name of the suite's function, for errors.
 * @throws DefinitionError if an option is missing or unknown.
 */
export function storeTests<Store extends Closable>(
  options: SuiteOptions<Store>,
  suite: string,
): (name: string, body: (store: Store) => Promise<void>) => void {
  checkOptionNames(options, OPTIONS, suite);
  const { open, describe, test } = options;
  for (const [option, value] of Object.entries({ open, describe, test })) {
    if (typeof value === 'function') continue;
    throw new DefinitionError(`${suite}.${option}`, `expected a function, got ${typeof value}`);
  }
  return (name, body) => {
    test(name, async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });
  };
}
