/** The suites for stores refuse invalid options before they register a test. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMemoryStore } from 'decidable/memory';
import { type ProcessorStoreSuiteOptions, processorStoreSuite } from 'decidable/testing';

/** Calls the suite with options that replace valid ones. Returns the number of tests that it registered. */
function registered(changes: object): number {
  let tests = 0;
  const options: ProcessorStoreSuiteOptions = {
    open: () => createMemoryStore(),
    describe: (_, body) => body(),
    test: () => tests++,
  };
  processorStoreSuite('a store', { ...options, ...changes });
  return tests;
}

describe('processorStoreSuite', () => {
  test('refuses a missing, unknown or invalid option', () => {
    for (const changes of [{ open: undefined }, { lack: [] }, { lacks: ['documents'] }, { lacks: 'tables' }]) {
      assert.throws(() => registered(changes), { code: 'invalid-definition' }, JSON.stringify(changes));
    }
  });

  test('registers fewer tests for a store that lacks a capability', () => {
    const all = registered({});
    const withoutInline = registered({ lacks: ['inline'] });
    assert.ok(registered({ lacks: ['inline', 'tables'] }) < withoutInline && withoutInline < all);
  });
});
