/** Jest and Vitest run the testing kit without configuration. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { installedProject } from './installed.ts';

const project = installedProject();

/** A domain, and tests of it that need a runner's `describe` and `test`. */
project.write({
  'tickets.js': `
    import { defineDecider, defineEvent, defineEventHandler, defineProjector, reject, withCategory } from 'decidable';
    import { z } from 'zod';

    export const Reserved = defineEvent('Reserved', z.object({ seats: z.int() }));
    export const concert = (decide = () => {}) => defineDecider({
      name: 'concert',
      version: '1',
      state: z.object({ free: z.int() }),
      commands: { Reserve: z.object({ seats: z.int() }) },
      events: { Reserved },
      category: 'concert',
      streamId: () => '1',
      initialState: { free: 2 },
      evolve: { Reserved: (state, { seats }) => void (state.free -= seats) },
      decide: {
        Reserve: (state, { seats }) => {
          decide();
          return seats > state.free ? reject('sold-out') : [Reserved({ seats })];
        },
      },
    });
    export const watcher = defineEventHandler({
      name: 'watcher', version: '1', state: z.int(), events: { Reserved: withCategory(Reserved, 'concert') }, commands: {}, initialState: 0,
      key: () => 'all', evolve: { Reserved: (count) => count + 1 }, handle: {},
    });
    export const seats = defineProjector({
      name: 'seats', version: '1', state: z.int(), events: { Reserved: withCategory(Reserved, 'concert') }, initialState: 0,
      key: () => 'all', project: { Reserved: (count, event) => count + event.seats },
    });`,
  'suite.js': `
    import nodeCrypto, { randomUUID } from 'node:crypto';
    import { createMemoryStore } from 'decidable/memory';
    import { eventStoreSuite, testDecider, testEventHandler, testProjector } from 'decidable/testing';
    import { concert, Reserved, seats, watcher } from './tickets.js';

    /** followsImports: true if a named import of Node's modules reads the replacement of the kit in this runner. */
    export function suite(describe, test, followsImports = true) {
      const { given } = testDecider(concert());
      const reserve = { type: 'Reserve', data: { seats: 2 } };
      describe('the kit', () => {
        test('one line', () => given().when(reserve).then(Reserved({ seats: 2 })));
        test('a rejection', () => given(Reserved({ seats: 1 })).when(reserve).thenRejected('sold-out'));
        test('a process manager', () => testEventHandler(watcher).given().when(Reserved({ seats: 1 })).thenState(1));
        test('a read model', () => testProjector(seats).given(Reserved({ seats: 2 })).then({ all: 2 }));
      });
      describe('the rule', () => {
        const refused = (name, act, kind) => test(name, () => {
          let error;
          try {
            testDecider(concert(act)).given().when(reserve);
          } catch (caught) {
            error = caught;
          }
          if (error?.call?.kind !== kind) throw new Error('not refused: ' + error);
          if (!/suite\\.js:\\d+:\\d+$/.test(error.call.where)) throw new Error('somewhere else: ' + error.call.where);
        });
        refused('the clock', () => new Date(), 'clock');
        refused('randomness', () => Math.random(), 'randomness');
        if (followsImports) refused('an import', () => randomUUID(), 'randomness');
        refused('a default import', () => nodeCrypto.randomUUID(), 'randomness');
        refused('a global', () => crypto.randomUUID(), 'randomness');
        refused('the network', () => new WebSocket('ws://localhost:1'), 'network');
        refused('the process', () => process.pid, 'environment');
        refused('the environment', () => process.env.HOME, 'environment');
      });
      eventStoreSuite('the memory store', { open: () => createMemoryStore(), describe, test });
    }`,
  'jest.test.js': `import { describe, test } from '@jest/globals'; import { suite } from './suite.js'; suite(describe, test, false);`,
  // Jest's globals differ between files, so a second file shows whether the first one has left changes.
  'again.test.js': `import { suite } from './suite.js'; suite(describe, test, false);`,
  'vitest/vitest.test.js': `import { describe, test } from 'vitest'; import { suite } from '../suite.js'; suite(describe, test);`,
});

interface Report {
  readonly numPassedTests: number;
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly message: string;
    readonly assertionResults: readonly { readonly failureMessages: readonly string[] }[];
  }[];
}

/** Checks that every test of the report passed, and that there are as many as the suite has. */
function assertPassed(report: string, files: number): void {
  const { numPassedTests, numTotalTests, testResults }: Report = JSON.parse(report);
  const failures = testResults.flatMap(({ message, assertionResults }) => [
    message,
    ...assertionResults.flatMap(({ failureMessages }) => failureMessages),
  ]);
  assert.deepEqual(
    failures.filter((message) => message !== ''),
    [],
  );
  assert.equal(numPassedTests, numTotalTests);
  assert.ok(numTotalTests > 50 * files, `${numTotalTests} tests ran`);
}

test('Jest runs the kit and the suite of stores', () => {
  const jest = ['--json', '--testPathIgnorePatterns', '/vitest/', '--runInBand'];
  const { stdout, stderr } = project.run('jest', jest, { NODE_OPTIONS: '--experimental-vm-modules' });
  assertPassed(stdout, 2);
  assert.doesNotMatch(stderr, /JEST-01/, 'Jest warns of an object that it had taken apart');
});

test('Vitest runs the kit and the suite of stores', () => {
  const { stdout } = project.run('vitest', ['run', '--dir', 'vitest', '--reporter=json', '--outputFile=report.json']);
  assertPassed(project.read('report.json'), 1);
  assert.doesNotMatch(stdout, /unhandled/i);
});
