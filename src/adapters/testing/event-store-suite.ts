/**
 * The contract of an event store (wit/event-store.wit; docs/architecture.md, "Rules"), as tests for node:test. Both stores of the
 * package pass it, and any other store can run it:
 *
 * ```ts
 * eventStoreSuite('my store', { open: () => openMyStore() });
 * ```
 */
import { describe, test } from 'node:test';
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

/** How the suite comes by the store that it tests. */
export interface EventStoreSuiteOptions {
  /** Opens a store that is empty, and that nobody else uses. The suite closes it. */
  readonly open: () => ClosableStore | Promise<ClosableStore>;
}

/** Registers the suite's tests, under `name`. */
export function eventStoreSuite(name: string, options: EventStoreSuiteOptions): void {
  /** A test with a store of its own. */
  const check: Check = (what, body) => {
    test(what, async () => {
      const store = await options.open();
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
    describe('what it is given', () => contents(check));
    describe('bad arguments', () => badArguments(check));
    describe('the chain', () => chain(check));
    describe('closing', () => closing(check));
  });
}
